// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include "engine/apply/deadline.h"
#include "engine/apply/lease_queue.h"
#include "engine/apply/limiter.h"
#include "engine/apply/retry.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Action Step(const std::string& title, std::vector<ActionId> after = {}) {
  return {.title = title, .operation = WaitUntil{}, .after = std::move(after), .reason = ""};
}

class ExecutorTest : public ::testing::Test {
 protected:
  ApplyReport Run(const Plan& plan, int threads, Perform perform,
                  const std::stop_token& stop = {}) {
    const auto runner = MakeThreadRunner(threads, std::move(perform));
    return Execute(plan, *runner, journal_, progress_, clock_, stop);
  }

  FakeClock clock_;
  SilentProgress progress_;
  Journal journal_{"", "local", "orders", clock_};
};

TEST_F(ExecutorTest, ActionsRunAfterWhatTheyWaitFor) {
  const Plan plan{{Step("a"), Step("b", {0}), Step("c", {1}), Step("d", {0, 2})}};
  std::mutex mutex;
  std::vector<std::string> order;
  const ApplyReport report = Run(plan, 4, [&](const Action& action) -> Result<void> {
    const std::lock_guard lock(mutex);
    order.push_back(action.title);
    return Ok();
  });
  EXPECT_FALSE(report.error.has_value());
  EXPECT_THAT(order, ElementsAre("a", "b", "c", "d"));
}

TEST_F(ExecutorTest, IndependentActionsAreInFlightTogether) {
  const Plan plan{{Step("a"), Step("b"), Step("c")}};
  std::atomic<int> in_flight = 0;
  // Each waits for all three to have begun: with fewer in flight this would never end.
  const ApplyReport report = Run(plan, 3, [&](const Action&) -> Result<void> {
    ++in_flight;
    while (in_flight < 3) std::this_thread::yield();
    return Ok();
  });
  EXPECT_FALSE(report.error.has_value());
  EXPECT_EQ(in_flight, 3);
}

TEST_F(ExecutorTest, AfterAFailureDependentsAreSkippedAndTheFirstErrorIsTold) {
  const Plan plan{{Step("a"), Step("b", {0}), Step("c", {1})}};
  const ApplyReport report = Run(plan, 2, [](const Action& action) -> Result<void> {
    if (action.title == "b") return Denied("no space left");
    return Ok();
  });
  EXPECT_THAT(report.outcomes,
              ElementsAre(Outcome::kSucceeded, Outcome::kFailed, Outcome::kSkipped));
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->ToLine(), "b: no space left");
}

TEST_F(ExecutorTest, AStopLetsTheRunningActionEndAndStartsNoOther) {
  const Plan plan{{Step("a"), Step("b", {0})}};
  std::stop_source stop;
  const ApplyReport report = Run(
      plan, 2,
      [&](const Action&) -> Result<void> {
        stop.request_stop();
        return Ok();
      },
      stop.get_token());
  EXPECT_THAT(report.outcomes, ElementsAre(Outcome::kSucceeded, Outcome::kSkipped));
  ASSERT_TRUE(report.error.has_value());
  EXPECT_EQ(report.error->kind, ErrorKind::kCancelled);
}

TEST_F(ExecutorTest, JournalHasWhatBeganAndHowItEnded) {
  const std::string folder = ::testing::TempDir() + "/journal";
  std::remove((folder + "/local/orders.jsonl").c_str());
  {
    Journal journal(folder, "local", "orders", clock_);
    journal.Apply(7, "alice", "node_count 1 → 2");
    const Plan plan{{Step("a")}};
    const auto runner =
        MakeThreadRunner(1, [](const Action&) -> Result<void> { return Denied("no"); });
    EXPECT_TRUE(Execute(plan, *runner, journal, progress_, clock_, {}).error.has_value());
  }
  std::ifstream file(folder + "/local/orders.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], HasSubstr(R"("event":"apply","generation":7)"));
  EXPECT_THAT(lines[1], HasSubstr(R"("action":"a")"));
  EXPECT_THAT(lines[1], HasSubstr(R"("event":"began")"));
  EXPECT_THAT(lines[2], HasSubstr(R"("error":"no")"));
  EXPECT_THAT(lines[2], HasSubstr(R"("outcome":"failed")"));
}

/// A wait that is over at once tells whether there was a slot.
bool HasRoom(Limiter& limiter, const std::string& host) {
  std::stop_source stop;
  stop.request_stop();
  return limiter.Take(host, stop.get_token()).has_value();
}

TEST(LimiterTest, CountsPerHostAndInTotal) {
  Limiter limiter(/*per_host=*/2, /*total=*/3);
  const auto first = limiter.Take("a", {});
  {
    const auto second = limiter.Take("a", {});
    EXPECT_FALSE(HasRoom(limiter, "a"));
    EXPECT_TRUE(HasRoom(limiter, "b"));
    const auto third = limiter.Take("b", {});
    EXPECT_FALSE(HasRoom(limiter, "b")) << "three in total";
  }
  EXPECT_TRUE(HasRoom(limiter, "a")) << "given back";
}

TEST(LimiterTest, WhoWaitsIsWokenByWhoGivesBack) {
  Limiter limiter(1, 1);
  auto held = std::make_optional(*limiter.Take("a", {}));
  std::atomic<bool> taken = false;
  std::jthread waiter([&] { taken = limiter.Take("a", {}).has_value(); });
  held.reset();
  waiter.join();
  EXPECT_TRUE(taken);
}

TEST(LeaseQueueTest, TurnsComeInOrderAndEachLeaseHasItsOwn) {
  FakeClock clock;
  LeaseQueue queue;
  auto first = std::make_optional(*queue.Wait("local/a", clock, {}));
  std::atomic<int> turns = 0;
  std::jthread second([&] {
    const auto turn = queue.Wait("local/a", clock, {});
    ++turns;
  });
  EXPECT_TRUE(queue.Wait("local/b", clock, {}).has_value()) << "another lease";
  EXPECT_EQ(turns, 0);
  first.reset();
  second.join();
  EXPECT_EQ(turns, 1);
  EXPECT_TRUE(queue.Wait("local/a", clock, {}).has_value()) << "whoever was there has left";
}

TEST(LeaseQueueTest, WhoIsStoppedOrOutOfTimeLeavesTheLine) {
  FakeClock clock;
  LeaseQueue queue;
  auto held = std::make_optional(*queue.Wait("local/a", clock, {}));
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = queue.Wait("local/a", clock, stop.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
  DeadlineClock late(clock, Milliseconds(1000));
  clock.Tick(Milliseconds(2000));
  EXPECT_FALSE(queue.Wait("local/a", late, {}).has_value());
  held.reset();
  EXPECT_TRUE(queue.Wait("local/a", clock, {}).has_value());
}

TEST(RetryTest, OnlyWhatMayAnswerLaterIsTriedAgain) {
  FakeClock clock;
  SeededRandom random(1);
  int calls = 0;
  auto unavailable = Retry(kBrief, clock, random, {}, [&]() -> Result<void> {
    ++calls;
    return Unavailable("restarting");
  });
  EXPECT_FALSE(unavailable.has_value());
  EXPECT_EQ(calls, 3);
  calls = 0;
  auto denied = Retry(kBrief, clock, random, {}, [&]() -> Result<void> {
    ++calls;
    return Denied("no");
  });
  EXPECT_FALSE(denied.has_value());
  EXPECT_EQ(calls, 1);
}

TEST(RetryTest, DelaysGrowAndStayBounded) {
  SeededRandom random(1);
  for (int attempt = 0; attempt < 40; ++attempt) {
    const auto delay = RetryDelay(kPatient, attempt, random);
    EXPECT_GE(delay.count(), std::min<long>(2000, 100L << std::min(attempt, 10)) / 2);
    EXPECT_LE(delay, kPatient.longest_delay);
  }
}

}  // namespace
}  // namespace dbaas

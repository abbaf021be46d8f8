// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OutboxTest : public testing::Test {
 protected:
  static WatchReport Of(const std::string& cluster) {
    return {.kind = WatchReport::Kind::kFailover, .cluster = cluster};
  }
  /// What came to be tried in one go.
  std::vector<std::string> Work() {
    tried_.clear();
    outbox_.Work();
    return tried_;
  }

  FakeClock clock_;
  SeededRandom random_;
  Error answer_ = Conflict("an apply holds the lease");
  std::set<std::string> taken_;  ///< The clusters whose reports are taken.
  std::vector<std::string> tried_;
  Outbox outbox_{"the history",
                 [this](const WatchReport& report) -> Result<void> {
                   tried_.push_back(report.cluster);
                   if (taken_.contains(report.cluster)) return Ok();
                   return answer_;
                 },
                 clock_, random_};
};

TEST_F(OutboxTest, OneThatIsBusyHoldsUpNobodyElse) {
  taken_ = {"bills"};
  outbox_.Put(Of("orders"));
  outbox_.Put(Of("bills"));
  EXPECT_THAT(Work(), ElementsAre("orders", "bills"));
  EXPECT_THAT(Work(), IsEmpty());
  clock_.Tick(std::chrono::seconds(1));
  taken_ = {"orders"};
  EXPECT_THAT(Work(), ElementsAre("orders"));
  clock_.Tick(std::chrono::hours(1));
  EXPECT_THAT(Work(), IsEmpty());
}

TEST_F(OutboxTest, AClockThatGoesBackIsNotWaitedFor) {
  outbox_.Put(Of("orders"));
  EXPECT_THAT(Work(), ElementsAre("orders"));
  clock_.Tick(-std::chrono::hours(24));
  EXPECT_THAT(Work(), ElementsAre("orders"));
  EXPECT_THAT(Work(), IsEmpty());
}

TEST_F(OutboxTest, ARefusalIsFinal) {
  answer_ = NotFound("there is no cluster");
  outbox_.Put(Of("orders"));
  EXPECT_THAT(Work(), ElementsAre("orders"));
  clock_.Tick(std::chrono::seconds(60));
  EXPECT_THAT(Work(), IsEmpty());
}

TEST_F(OutboxTest, PatienceEnds) {
  outbox_.Put(Of("orders"));
  std::size_t tries = 0;
  for (int minute = 0; minute < 30; ++minute) {
    tries += Work().size();
    clock_.Tick(std::chrono::seconds(60));
  }
  EXPECT_EQ(tries, 16U);
}

TEST_F(OutboxTest, BeforeTheEndEverythingIsTriedOnceMore) {
  outbox_.Put(Of("orders"));
  EXPECT_THAT(Work(), ElementsAre("orders"));
  outbox_.Flush();
  EXPECT_THAT(tried_, ElementsAre("orders", "orders"));
  clock_.Tick(std::chrono::seconds(60));
  EXPECT_THAT(Work(), IsEmpty());
}

}  // namespace
}  // namespace dbaas

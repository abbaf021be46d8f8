// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/chronicle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"

namespace dbaas {
namespace {

using testing::SizeIs;

/// The cluster orders, once applied, and somebody who saw a failover.
class ChronicleTest : public testing::Test {
 protected:
  ChronicleTest() : host_(clock_) {
    record_.cluster = "orders";
    record_.uid = "x";
    record_.generation = 4;
    record_.settled = 4;
    record_.parts["cluster"] = ClusterSpec{.name = "orders", .engine = "postgresql"};
    Append(record_.history, {.generation = 4, .at = "t", .who = "alice", .outcome = "ok"});
    Store();
  }

  void Store() {
    (void)host_.RemoveRecord("orders");
    ASSERT_TRUE(host_.WriteRecord(record_, 0).has_value());
  }
  Result<void> Tell() {
    return WriteDown(host_, clock_, {.name = "watch@db1 pid 7 (dbaas watch)", .token = "w"},
                     {.kind = WatchReport::Kind::kFailover,
                      .at = TimePoint(Milliseconds(1000)),
                      .cluster = "orders",
                      .member = "orders-2",
                      .text = "orders-2, the primary, ended: exited (137); the others elect",
                      .took = Milliseconds(321)});
  }
  ErrorKind Refusal() {
    const auto told = Tell();
    EXPECT_FALSE(told.has_value());
    return told ? ErrorKind::kInternal : told.error().kind;
  }

  FakeClock clock_;
  FakeDriver host_;
  ClusterRecord record_;
};

TEST_F(ChronicleTest, AFailoverIsAnEntryOfItsOwnAndTheClusterStaysSettled) {
  ASSERT_TRUE(Tell().has_value());
  const auto stored = host_.StoredRecord("orders");
  EXPECT_EQ(stored->generation, 5);
  EXPECT_EQ(stored->settled, 5);
  ASSERT_THAT(stored->history, SizeIs(2));
  const HistoryEntry& entry = stored->history.back();
  EXPECT_EQ(entry.generation, 5);
  EXPECT_EQ(entry.at, "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(entry.who, "watch@db1 pid 7 (dbaas watch)");
  EXPECT_EQ(entry.what, "failover: orders-2, the primary, ended: exited (137); the others elect");
  EXPECT_EQ(entry.outcome, "ok");
  ASSERT_THAT(entry.actions, SizeIs(1));
  EXPECT_EQ(entry.actions[0].action, "take away the claim of orders-2");
  EXPECT_EQ(entry.actions[0].milliseconds, 321);
  EXPECT_TRUE(Verify(stored->history).has_value());
  EXPECT_FALSE(host_.LeaseHolder("orders").has_value());
}

TEST_F(ChronicleTest, AnApplyIsNotDisturbed) {
  const auto lease =
      host_.AcquireLease("orders", {.name = "bob", .token = "b"}, Milliseconds(30'000));
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(Refusal(), ErrorKind::kConflict);
  EXPECT_EQ(host_.StoredRecord("orders")->generation, 4);
}

TEST_F(ChronicleTest, NorOneThatHasLetGoOfItsLeaseAndNotSettledYet) {
  record_.generation = 5;
  Append(record_.history, {.generation = 5, .at = "t", .who = "bob"});
  Store();
  EXPECT_EQ(Refusal(), ErrorKind::kConflict);
}

TEST_F(ChronicleTest, AFailedApplyStaysUnfinished) {
  record_.generation = 5;
  Append(record_.history, {.generation = 5, .at = "t", .who = "bob", .outcome = "no space"});
  Store();
  ASSERT_TRUE(Tell().has_value());
  EXPECT_EQ(host_.StoredRecord("orders")->generation, 6);
  EXPECT_EQ(host_.StoredRecord("orders")->settled, 4);
}

TEST_F(ChronicleTest, AClusterThatGoesHasNoUseForIt) {
  record_.deleting = true;
  Store();
  EXPECT_EQ(Refusal(), ErrorKind::kNotFound);
  ASSERT_TRUE(host_.RemoveRecord("orders").has_value());
  EXPECT_EQ(Refusal(), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// When a watcher repairs, and what it says of it.
#include "engine/watch/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ReconcilerTest : public testing::Test {
 protected:
  ReconcilerTest() { Apply(true); }

  void Apply(bool repair) {
    ClusterSpec spec = Spec(2);
    spec.repair = repair;
    const auto verb = is_there_ ? Verb::kUpdate : Verb::kCreate;
    ASSERT_TRUE(world_.Apply(Change(verb, spec)).has_value());
    is_there_ = true;
  }
  void Remove(const std::string& instance) {
    world_.host.RemoveByHand({ObjectKind::kInstance, instance});
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const auto& report : reports_) {
      texts.push_back(std::string(ToString(report.kind)) + " " + report.cluster + ": " +
                      report.text);
    }
    return texts;
  }

  World world_;
  bool is_there_ = false;
  std::vector<WatchReport> reports_;
  Reconciler reconciler_{{.converge = world_.Context(),
                          .clusters = {},
                          .report = [this](const auto& report) { reports_.push_back(report); }}};
};

TEST_F(ReconcilerTest, RepairsWhatIsWrongTwice) {
  reconciler_.Look();
  Remove("orders-2");
  reconciler_.Look();
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance orders-2"))) << "it may be a restart";
  reconciler_.Look();
  EXPECT_THAT(world_.host.Names(), Contains("instance orders-2"));
  EXPECT_THAT(Texts(), ElementsAre("repaired orders: + instance orders-2 is missing"));
  reconciler_.Look();
  EXPECT_EQ(reports_.size(), 1U);
}

TEST_F(ReconcilerTest, WhatIsWrongNowAndThenIsNot) {
  Remove("orders-2");
  reconciler_.Look();
  Apply(true);
  reconciler_.Look();
  Remove("orders-2");
  reconciler_.Look();
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance orders-2")));
}

TEST_F(ReconcilerTest, LeavesAloneWhoDidNotAsk) {
  Apply(false);
  Remove("orders-2");
  for (int i = 0; i < 3; ++i) reconciler_.Look();
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance orders-2")));
  EXPECT_THAT(Texts(), IsEmpty());
}

TEST_F(ReconcilerTest, SaysOnceWhyItCannot) {
  Remove("orders-2");
  world_.host.RemoveByHand({ObjectKind::kVolume, "orders-2-data"});
  for (int i = 0; i < 4; ++i) reconciler_.Look();
  EXPECT_THAT(Texts(), ElementsAre("left alone orders: not repaired: volume orders-2-data is gone, "
                                   "and an empty one in its place is nothing to do unasked"));
}

TEST_F(ReconcilerTest, SomebodyAtWorkIsNoNews) {
  Remove("orders-2");
  const Holder alice{.name = "alice", .token = "t", .machine = "elsewhere"};
  const auto lease = world_.host.AcquireLease("orders", alice, std::chrono::hours(1));
  for (int i = 0; i < 3; ++i) reconciler_.Look();
  EXPECT_THAT(Texts(), IsEmpty());
}

TEST_F(ReconcilerTest, RepairThatFailsIsTriedEverMoreSeldom) {
  Remove("orders-2");
  world_.host.SetMissingImages({"dbaas/postgresql:17"});
  const auto entries = [&] { return world_.host.StoredRecord("orders")->history.size(); };
  const auto before = entries();
  for (int i = 0; i < 120; ++i) {
    reconciler_.Look();
    world_.clock.SleepFor(std::chrono::seconds(30), {});
  }
  EXPECT_GE(entries() - before, 3U);
  EXPECT_LE(entries() - before, 8U) << "an hour of one entry each minute would be 60";
  EXPECT_EQ(reports_.size(), 1U);
}

}  // namespace
}  // namespace dbaas

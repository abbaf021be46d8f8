// SPDX-License-Identifier: MPL-2.0
//
// What is repaired without anybody asking, and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const ClusterId kOrders{"local", "orders"};

ObjectId Instance(const std::string& name) { return {ObjectKind::kInstance, name}; }

class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    spec_.repair = true;
    Apply();
  }

  void Apply() {
    const auto verb = is_there_ ? Verb::kUpdate : Verb::kCreate;
    const auto applied = world_.Apply(Change(verb, spec_));
    ASSERT_TRUE(applied.has_value()) << applied.error().ToLine();
    is_there_ = true;
    world_.host.ForgetCalls();
  }

  Result<std::vector<std::string>> Repaired() {
    return Repair(world_.Context(), kOrders, "dbaas watch");
  }
  /// Nothing was written and nothing made.
  void ExpectUntouched() {
    EXPECT_THAT(world_.host.CallsOf("WriteRecord"), IsEmpty());
    EXPECT_THAT(world_.host.CallsOf("Ensure"), IsEmpty());
  }
  const ClusterRecord& Record() { return *world_.host.StoredRecord("orders"); }

  World world_;
  ClusterSpec spec_ = Spec(3);
  bool is_there_ = false;
};

TEST_F(RepairTest, ClusterThatIsAsItShouldBeIsLeftInPeace) {
  EXPECT_THAT(Repaired().value(), IsEmpty());
  ExpectUntouched();
}

TEST_F(RepairTest, MemberThatSomebodyRemovedComesBackAndTheHistorySaysSo) {
  world_.host.RemoveByHand(Instance("orders-3"));
  EXPECT_THAT(LookForRepair(world_.Context(), kOrders).value(),
              ElementsAre("+ instance orders-3 is missing"));
  ExpectUntouched();
  const std::int64_t before = Record().generation;
  EXPECT_THAT(Repaired().value(), ElementsAre("+ instance orders-3 is missing"));
  EXPECT_EQ(Record().generation, before + 1);
  EXPECT_EQ(Record().settled, Record().generation);
  EXPECT_EQ(Record().history.back().what, "repair: + instance orders-3 is missing");
  EXPECT_THAT(Record().history.back().who, HasSubstr("dbaas watch"));
  EXPECT_EQ(Record().history.back().outcome, "ok");
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, spec_)), "");
  EXPECT_THAT(Repaired().value(), IsEmpty());
}

TEST_F(RepairTest, SharedServiceComesBackToo) {
  world_.host.RemoveByHand(Instance("dbaas-management-etcd"));
  EXPECT_THAT(Repaired().value(), ElementsAre("+ instance dbaas-management-etcd is missing"));
  EXPECT_THAT(world_.host.Names(), Contains("instance dbaas-management-etcd"));
}

TEST_F(RepairTest, LostVolumeIsForAPersonToDecide) {
  world_.host.RemoveByHand(Instance("orders-3"));
  world_.host.RemoveByHand({ObjectKind::kVolume, "orders-3-data"});
  const auto refused = Repaired();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(refused.error().summary,
            "volume orders-3-data is gone, and an empty one in its place is nothing to do unasked");
  ExpectUntouched();
}

TEST_F(RepairTest, NothingWorseIsDoneThanMaxDisruptionAllows) {
  spec_.max_disruption = DisruptionLevel::kNone;
  Apply();
  world_.host.Tamper(Instance("orders-2"), "other");
  const auto refused = Repaired();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "max_disruption");
  ExpectUntouched();
}

TEST_F(RepairTest, AnotherVersionsClusterIsLeftAlone) {
  ClusterRecord record = Record();
  record.expansion = "of another version";
  ASSERT_TRUE(world_.host.WriteRecord(record, record.generation).has_value());
  world_.host.ForgetCalls();
  world_.host.RemoveByHand(Instance("orders-3"));
  EXPECT_EQ(Repaired().error().ToLine(), "it was last applied by another version of dbaas");
  ExpectUntouched();
}

TEST_F(RepairTest, WhoeverHoldsTheLeaseIsNotWaitedFor) {
  const Holder alice{.name = "alice", .token = "t", .machine = "elsewhere"};
  const auto lease = world_.host.AcquireLease("orders", alice, Milliseconds(60'000));
  world_.host.RemoveByHand(Instance("orders-3"));
  EXPECT_EQ(Repaired().error().kind, ErrorKind::kConflict);
  ExpectUntouched();
}

TEST_F(RepairTest, UnfinishedApplyGoesFirst) {
  ClusterRecord record = Record();
  ++record.generation;
  ASSERT_TRUE(world_.host.WriteRecord(record, record.generation - 1).has_value());
  world_.host.ForgetCalls();
  EXPECT_EQ(Repaired().error().kind, ErrorKind::kConflict);
  ExpectUntouched();
}

TEST_F(RepairTest, ThatFailsAsksNothingOfTheNextApply) {
  world_.host.RemoveByHand(Instance("orders-3"));
  world_.host.SetMissingImages({"dbaas/postgresql:17"});
  ASSERT_FALSE(Repaired().has_value());
  EXPECT_EQ(Record().settled, Record().generation);
  EXPECT_THAT(Record().history.back().outcome, Not("ok"));
  world_.host.SetMissingImages({});
  EXPECT_FALSE(Repaired().value().empty());
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, spec_)), "");
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// What plans cost. Steps and summary are compared as the text that people read.
#include "engine/plan/assess.h"

#include <gtest/gtest.h>

#include "tests/plan/fixture.h"

namespace dbaas {
namespace {

constexpr BlockedTimes kTimes{.switchover = 5, .restart = 10, .recreate = 20, .proxy = 3};

Disruption Of(const DesiredState& desired, const Observation& observed, const ClusterFacts* facts,
              const Diff& diff) {
  return BuildPlan(diff,
                   {.desired = desired, .observed = observed, .facts = facts, .blocked = kTimes})
      .disruption;
}

std::set<ObjectId> IdsOf(const DesiredState& desired) {
  std::set<ObjectId> ids;
  for (const auto& object : desired.objects) ids.insert(object.id);
  return ids;
}

TEST(DisruptionTest, NewClusterDisturbsNobody) {
  const DesiredState desired = Cluster(2);
  const auto found = Of(desired, {}, nullptr, ComputeDiff(desired.objects, {}, {.text = "new"}));
  EXPECT_EQ(found.level, DisruptionLevel::kNone);
  EXPECT_EQ(found.Summary(), "2 joins; writes go on; data at risk: none");
}

TEST(DisruptionTest, ReloadIsSaidOfEveryMember) {
  const DesiredState desired = Cluster(2);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{"parameters.work_mem", Impact::kReload, "work_mem 4MB → 8MB"}};
  const auto found = Of(desired, Converged(desired), &facts, diff);
  EXPECT_EQ(found.level, DisruptionLevel::kReload);
  EXPECT_EQ(found.ToText(),
            "1. orders-1  reload      work_mem 4MB → 8MB\n"
            "2. orders-2  reload      work_mem 4MB → 8MB\n");
  EXPECT_EQ(found.Summary(), "2 reloads; writes go on; data at risk: none");
}

TEST(DisruptionTest, PasswordsAndDatabasesDisturbNobody) {
  const DesiredState desired = Cluster(1);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{"role.admin", Impact::kNone, "admin (sensitive) → (sensitive)"}};
  EXPECT_EQ(Of(desired, Converged(desired), &facts, diff).Summary(),
            "no disruption; writes go on; data at risk: none");
}

TEST(DisruptionTest, RollingRestartEndsWithASwitchover) {
  const DesiredState desired = Cluster(3);
  const ClusterFacts facts = Healthy(desired, "orders-2");
  Diff diff;
  diff.settings = {{"parameters.shared_buffers", Impact::kRestart, "shared_buffers 1 → 2"}};
  const auto found = Of(desired, Converged(desired), &facts, diff);
  EXPECT_EQ(found.level, DisruptionLevel::kFailover);
  EXPECT_EQ(found.ToText(),
            "1. orders-1  restart     shared_buffers 1 → 2\n"
            "2. orders-3  restart     shared_buffers 1 → 2\n"
            "3. orders-2  switchover  orders-2 is primary\n"
            "4. orders-2  restart     shared_buffers 1 → 2\n");
  EXPECT_EQ(found.Summary(),
            "3 restarts, 1 switchover; writes blocked for up to 5 s; data at risk: none");
}

TEST(DisruptionTest, LonelyPrimaryRestartsInPlace) {
  const DesiredState desired = Cluster(1);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{"parameters.shared_buffers", Impact::kRestart, "shared_buffers 1 → 2"}};
  const auto found = Of(desired, Converged(desired), &facts, diff);
  EXPECT_EQ(found.level, DisruptionLevel::kRestart);
  EXPECT_EQ(found.blocked_seconds, 10);
}

TEST(DisruptionTest, SmallerLimitRestartsThePrimaryInPlaceFirst) {
  const DesiredState desired = Cluster(2);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{.key = "parameters.max_connections",
                    .impact = Impact::kRestart,
                    .reason = "max_connections 200 → 100",
                    .primary_first = true}};
  const auto found = Of(desired, Converged(desired), &facts, diff);
  EXPECT_EQ(found.steps.front(), (DisruptionStep{DisruptionStep::Kind::kRestart, "orders-1",
                                                 "max_connections 200 → 100"}));
  EXPECT_EQ(found.blocked_seconds, 15);  // In place, and the switchover before it restarts again.
}

TEST(DisruptionTest, NewProxyBreaksConnections) {
  DesiredState desired = Cluster(1);
  const Observation observed = Converged(desired);
  desired.objects.back().instance.resources.cpu = 2;
  Seal(desired.objects.back(), "salt");
  const ClusterFacts facts = Healthy(desired, "orders-1");
  const auto found =
      Of(desired, observed, &facts, ComputeDiff(desired.objects, observed, {.text = "port 1 → 2"}));
  EXPECT_EQ(found.level, DisruptionLevel::kRestart);
  EXPECT_EQ(found.ToText(), "1. orders-proxy  restart     port 1 → 2\n");
  EXPECT_EQ(found.blocked_seconds, 3);
}

TEST(DisruptionTest, LostInstanceStartsAndLostDataAreRebuilt) {
  const DesiredState desired = Cluster(3);
  Observation observed = Converged(desired);
  Forget(observed, {ObjectKind::kInstance, "orders-2"});
  Forget(observed, {ObjectKind::kInstance, "orders-3"});
  Forget(observed, {ObjectKind::kVolume, "orders-3-data"});
  const ClusterFacts facts = Healthy(desired, "orders-1");
  const auto found = Of(
      desired, observed, &facts,
      ComputeDiff(desired.objects, observed, {.text = "", .previously_desired = IdsOf(desired)}));
  EXPECT_EQ(found.ToText(),
            "1. orders-2  start       is missing\n"
            "2. orders-3  rebuild     is missing\n");
  EXPECT_EQ(found.level, DisruptionLevel::kNone);
}

TEST(DisruptionTest, LeavingStandbyIsACopyAndLeavingClusterIsTheData) {
  const DesiredState before = Cluster(2);
  const Observation observed = Converged(before);
  const ClusterFacts facts = Healthy(before, "orders-1");
  const DesiredState after = Cluster(1);
  const Cause cause{.text = "node_count 2 → 1", .previously_desired = IdsOf(before)};
  const auto shrunk = Of(after, observed, &facts, ComputeDiff(after.objects, observed, cause));
  EXPECT_EQ(shrunk.Summary(), "1 removal; writes go on; data at risk: none");
  const auto unknown = Of(after, observed, nullptr, ComputeDiff(after.objects, observed, cause));
  EXPECT_EQ(unknown.data_at_risk, DataAtRisk::kVolume);
  const auto destroyed = Of({}, observed, &facts, ComputeDiff({}, observed, cause));
  EXPECT_EQ(destroyed.Summary(), "2 removals; the cluster ends; data at risk: volume");
  EXPECT_EQ(destroyed.level, DisruptionLevel::kFailover);
  EXPECT_EQ(Of({}, observed, nullptr, ComputeDiff({}, observed, cause)).Summary(),
            destroyed.Summary());
}

TEST(DisruptionTest, PrimaryThatLeavesHandsOverSoItsCopyIsNotTheLast) {
  const DesiredState before = Cluster(2);
  ClusterFacts facts = Healthy(before, "orders-2");
  facts.members[0].streaming = false;  // It restarts just now; the switchover waits for it.
  const DesiredState after = Cluster(1);
  const Cause cause{.text = "node_count 2 → 1", .previously_desired = IdsOf(before)};
  const auto found =
      Of(after, Converged(before), &facts, ComputeDiff(after.objects, Converged(before), cause));
  EXPECT_EQ(found.Summary(),
            "1 switchover, 1 removal; writes blocked for up to 5 s; data at risk: none");
}

TEST(DisruptionTest, ReplacingMembersOfUnknownRolesRisksTheTail) {
  DesiredState desired = Cluster(2);
  const Observation observed = Converged(desired);
  for (auto& object : desired.objects) {
    object.instance.resources.cpu = 2;
    Seal(object, "salt");
  }
  const auto found =
      Of(desired, observed, nullptr, ComputeDiff(desired.objects, observed, {.text = "cpu"}));
  EXPECT_EQ(found.data_at_risk, DataAtRisk::kUnsyncedTail);
}

TEST(DisruptionTest, LevelsHaveTheNamesOfMaxDisruption) {
  for (const char* name : {"none", "reload", "restart", "failover"}) {
    EXPECT_STREQ(ToString(*DisruptionLevelFrom(name)), name);
  }
  EXPECT_FALSE(DisruptionLevelFrom("switchover"));
}

}  // namespace
}  // namespace dbaas

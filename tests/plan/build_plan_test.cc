// SPDX-License-Identifier: MPL-2.0
//
// Plans compared as text: what stands here is what `explain` prints.
#include "engine/plan/build_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/plan/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const DesiredState& desired, const Observation& observed,
                   const ClusterFacts* facts, const Diff& diff) {
  return BuildPlan(diff, {.desired = desired, .observed = observed, .facts = facts}).ToText();
}

TEST(DiffTest, ConvergedClusterHasNoDifference) {
  const DesiredState desired = Cluster(3);
  EXPECT_TRUE(ComputeDiff(desired.objects, Converged(desired), {}).empty());
}

TEST(DiffTest, ObjectThatWasThereIsMissingAndNewOneHasTheCause) {
  const DesiredState desired = Cluster(2);
  Observation observed = Converged(desired);
  Forget(observed, {ObjectKind::kInstance, "orders-1"});
  Forget(observed, {ObjectKind::kInstance, "orders-2"});
  const Diff diff = ComputeDiff(
      desired.objects, observed,
      {.text = "node_count 1 → 2", .previously_desired = {{ObjectKind::kInstance, "orders-1"}}});
  ASSERT_EQ(diff.changes.size(), 2U);
  EXPECT_EQ(diff.changes[0].reason, "is missing");
  EXPECT_EQ(diff.changes[1].reason, "node_count 1 → 2");
}

TEST(DiffTest, ShallowListingDoesNotAccuseTheFiles) {
  const DesiredState desired = Cluster(1);
  Observation observed = Converged(desired);
  for (auto& object : observed.objects) object.files_fingerprint.clear();
  EXPECT_TRUE(ComputeDiff(desired.objects, observed, {}).empty());
}

TEST(BuildPlanTest, NewClusterStartsTogetherAndSettingsFollowThePrimary) {
  const DesiredState desired = Cluster(2);
  const Observation nothing;
  const Diff diff = ComputeDiff(desired.objects, nothing, {.text = "new cluster"});
  EXPECT_EQ(TextOf(desired, nothing, nullptr, diff),
            R"(+ network orders  new cluster
+ volume orders-1-data  new cluster
+ volume orders-2-data  new cluster
+ instance orders-1  after network orders, volume orders-1-data  new cluster
+ instance orders-2  after network orders, volume orders-2-data  new cluster
+ instance orders-proxy  after network orders  new cluster
wait until a primary accepts connections  after instance orders-1, instance orders-2
wait until orders-1 is primary or streams from it  after instance orders-1
wait until orders-2 is primary or streams from it  after instance orders-2
~ settings  after wait until a primary accepts connections  not known yet
)");
}

TEST(BuildPlanTest, MissingMemberIsTheOnlyThingMade) {
  const DesiredState desired = Cluster(2);
  Observation observed = Converged(desired);
  Forget(observed, {ObjectKind::kInstance, "orders-2"});
  const ClusterFacts facts = Healthy(desired, "orders-1");
  const Diff diff = ComputeDiff(desired.objects, observed, {});
  EXPECT_EQ(TextOf(desired, observed, &facts, diff),
            R"(+ instance orders-2  is missing
wait until a primary accepts connections  after instance orders-2
wait until orders-2 is primary or streams from it  after instance orders-2
)");
}

TEST(BuildPlanTest, RestartGoesFollowersFirstThenSwitchoverThenOldPrimary) {
  const DesiredState desired = Cluster(3);
  const Observation observed = Converged(desired);
  const ClusterFacts facts = Healthy(desired, "orders-2");
  Diff diff;
  diff.settings = {{"parameters.shared_buffers", Impact::kRestart, "shared_buffers 1GB → 2GB"}};
  const std::string text = TextOf(desired, observed, &facts, diff);
  const auto third = text.find("restart orders-3");
  const auto handover = text.find("switchover from orders-2");
  const auto second = text.find("restart orders-2");
  EXPECT_LT(text.find("restart orders-1"), third);
  EXPECT_LT(third, handover);
  EXPECT_LT(handover, second);
  EXPECT_NE(second, std::string::npos);
}

TEST(BuildPlanTest, ReloadTouchesNoMember) {
  const DesiredState desired = Cluster(3);
  const Observation observed = Converged(desired);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{"parameters.work_mem", Impact::kReload, "work_mem 4MB → 8MB"}};
  EXPECT_EQ(TextOf(desired, observed, &facts, diff), "~ settings  work_mem 4MB → 8MB\n");
}

TEST(BuildPlanTest, LonelyPrimaryIsRestartedWithoutHandover) {
  const DesiredState desired = Cluster(1);
  const Observation observed = Converged(desired);
  const ClusterFacts facts = Healthy(desired, "orders-1");
  Diff diff;
  diff.settings = {{"parameters.shared_buffers", Impact::kRestart, "shared_buffers 1GB → 2GB"}};
  const std::string text = TextOf(desired, observed, &facts, diff);
  EXPECT_THAT(text, HasSubstr("restart orders-1"));
  EXPECT_THAT(text, Not(HasSubstr("switchover")));
}

TEST(BuildPlanTest, LeavingPrimaryHandsOverBeforeItGoes) {
  const DesiredState before = Cluster(3);
  const DesiredState desired = Cluster(2);
  const Observation observed = Converged(before);
  const ClusterFacts facts = Healthy(before, "orders-3");
  std::set<ObjectId> previously;
  for (const auto& object : before.objects) previously.insert(object.id);
  const Diff diff = ComputeDiff(desired.objects, observed,
                                {.text = "node_count 3 → 2", .previously_desired = previously});
  EXPECT_EQ(TextOf(desired, observed, &facts, diff),
            R"(switchover from orders-3  orders-3 is primary
- instance orders-3  after switchover from orders-3  node_count 3 → 2
- volume orders-3-data  after instance orders-3  node_count 3 → 2, with the data in it
)");
}

TEST(BuildPlanTest, ReplacedMembersGoOneByOneAndKeepTheirVolumes) {
  DesiredState desired = Cluster(2);
  const Observation observed = Converged(desired);
  for (auto& object : desired.objects) {
    if (object.member.empty() || object.id.kind != ObjectKind::kInstance) continue;
    object.instance.resources.cpu = 2;
    Seal(object, "salt");
  }
  const ClusterFacts facts = Healthy(desired, "orders-1");
  const Diff diff = ComputeDiff(desired.objects, observed, {.text = "resources.cpu 1 → 2"});
  const std::string text = TextOf(desired, observed, &facts, diff);
  EXPECT_EQ(text,
            R"(- instance orders-2  resources.cpu 1 → 2
± instance orders-2  after instance orders-2  resources.cpu 1 → 2
wait until orders-2 is primary or streams from it  after instance orders-2
switchover from orders-1  after wait until orders-2 is primary or streams from it  orders-1 is primary
- instance orders-1  after switchover from orders-1  resources.cpu 1 → 2
± instance orders-1  after instance orders-1  resources.cpu 1 → 2
wait until orders-1 is primary or streams from it  after instance orders-1
)");
}

// It may be the only one that can lead: whoever waits for a primary first waits for ever.
TEST(BuildPlanTest, StoppedMemberThatDiffersIsReplacedAtOnce) {
  const DesiredState desired = Cluster(1);
  Observation observed = Converged(desired);
  for (auto& object : observed.objects) {
    if (object.id != ObjectId{ObjectKind::kInstance, "orders-1"}) continue;
    object.fingerprint = "older";
    object.state = RunState::kStopped;
  }
  const Diff diff = ComputeDiff(desired.objects, observed, {.text = "cpu 1 → 2"});
  EXPECT_EQ(TextOf(desired, observed, nullptr, diff),
            R"(- instance orders-1  cpu 1 → 2
± instance orders-1  after instance orders-1  cpu 1 → 2
wait until a primary accepts connections  after instance orders-1
wait until orders-1 is primary or streams from it  after instance orders-1
~ settings  after wait until a primary accepts connections  not known yet
)");
}

TEST(BuildPlanTest, VolumeOfALeavingMemberStaysUntilAnotherOneLeads) {
  const DesiredState two = Cluster(2);
  const DesiredState one = Cluster(1);
  const Observation observed = Converged(two);
  Diff diff = ComputeDiff(one.objects, observed, {.text = "node_count 2 → 1"});
  EXPECT_THAT(TextOf(one, observed, nullptr, diff),
              HasSubstr("- volume orders-2-data  after instance orders-2"));
  EXPECT_THAT(TextOf(one, observed, nullptr, diff),
              HasSubstr("until another one leads, only it may have the data"));
  const ClusterFacts facts = Healthy(two, "orders-1");
  EXPECT_THAT(TextOf(one, observed, &facts, diff), Not(HasSubstr("wait until")));
}

TEST(BuildPlanTest, SynchronousClusterHasNotArrivedBeforeCommitsWait) {
  DesiredState desired = Cluster(2);
  const Observation observed = Converged(desired);
  ClusterFacts facts = Healthy(desired, "orders-1");
  EXPECT_EQ(TextOf(desired, observed, &facts, {}), "");
  desired.synchronous = true;
  EXPECT_EQ(TextOf(desired, observed, &facts, {}), "wait until commits wait for a standby\n");
  facts.members[1].synchronous = true;
  EXPECT_EQ(TextOf(desired, observed, &facts, {}), "");
}

TEST(BuildPlanTest, NothingIsWaitedForWhereNoStandbyCouldBecomeSynchronous) {
  DesiredState desired = Cluster(2);
  desired.synchronous = true;
  ClusterFacts facts = Healthy(desired, "orders-1");
  facts.members[1].streaming = false;
  EXPECT_EQ(TextOf(desired, Converged(desired), &facts, {}), "");
}

TEST(BuildPlanTest, DestroyingNeedsNobodyToTakeOver) {
  const DesiredState before = Cluster(1);
  const Observation observed = Converged(before);
  std::set<ObjectId> previously;
  for (const auto& object : before.objects) previously.insert(object.id);
  const Diff diff =
      ComputeDiff({}, observed, {.text = "destroy", .previously_desired = previously});
  EXPECT_EQ(TextOf({}, observed, nullptr, diff),
            R"(- instance orders-1  destroy
- instance orders-proxy  destroy
- network orders  after instance orders-1, instance orders-proxy  destroy
- volume orders-1-data  after instance orders-1, instance orders-proxy  destroy, with the data in it
)");
}

TEST(BuildPlanTest, WhatIsInADirectoryOfTheUsersStays) {
  const DesiredState before = Cluster(1);
  Observation observed = Converged(before);
  std::set<ObjectId> previously;
  for (const auto& object : before.objects) previously.insert(object.id);
  for (auto& object : observed.objects) {
    if (object.id.kind == ObjectKind::kVolume) object.directory = "/srv/backups";
  }
  const Diff diff =
      ComputeDiff({}, observed, {.text = "destroy", .previously_desired = previously});
  EXPECT_THAT(TextOf({}, observed, nullptr, diff),
              HasSubstr("destroy, and what is in /srv/backups stays\n"));
}

}  // namespace
}  // namespace dbaas

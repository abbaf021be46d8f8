// SPDX-License-Identifier: MPL-2.0
//
// The watcher that a host's clusters share: placed for those that need it, gone with the last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/apply/desired.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::Not;

constexpr char kWatcher[] = "instance dbaas-management-watch";

PartChange Of(PartChange change, const std::string& cluster) {
  change.id.cluster = cluster;
  if (change.spec) std::get<ClusterSpec>(*change.spec).name = cluster;
  return change;
}

ClusterSpec Watched(int node_count, std::optional<bool> watch) {
  ClusterSpec spec = Spec(node_count);
  spec.watch = watch;
  return spec;
}

class WatcherObjectTest : public testing::Test {
 protected:
  WatcherObjectTest() { world_.host.SetControlSocket(true); }

  void Apply(const PartChange& change) {
    const auto applied = world_.Apply(change);
    ASSERT_TRUE(applied.has_value()) << applied.error().ToLine();
  }

  World world_;
};

TEST_F(WatcherObjectTest, IsThereByDefaultOnceThereIsSomebodyToTakeOver) {
  Apply(Change(Verb::kCreate, Spec(1)));
  EXPECT_THAT(world_.host.Names(), Not(Contains(kWatcher)));
  Apply(Change(Verb::kUpdate, Spec(2)));
  EXPECT_THAT(world_.host.Names(), Contains(kWatcher));
  const auto watcher = world_.host.Find(WatcherId());
  EXPECT_TRUE(watcher->object.instance.control_socket);
  EXPECT_EQ(watcher->object.cluster, kManagementCluster);
}

TEST_F(WatcherObjectTest, IsThereForRepairsToo) {
  ClusterSpec spec = Watched(1, false);
  spec.repair = true;
  Apply(Change(Verb::kCreate, spec));
  EXPECT_THAT(world_.host.Names(), Contains(kWatcher));
}

TEST_F(WatcherObjectTest, GoesWhenTheLastClusterNeedsItNoMore) {
  Apply(Change(Verb::kCreate, Spec(2)));
  Apply(Of(Change(Verb::kCreate, Spec(2)), "billing"));
  Apply(Change(Verb::kUpdate, Watched(2, false)));
  EXPECT_THAT(world_.host.Names(), Contains(kWatcher)) << "billing needs it";
  Apply(Of(Change(Verb::kUpdate, Watched(2, false)), "billing"));
  EXPECT_THAT(world_.host.Names(), Not(Contains(kWatcher)));
  EXPECT_THAT(world_.host.Names(), Contains("instance dbaas-management-etcd"));
}

TEST_F(WatcherObjectTest, GoesWithTheLastClusterThatNeedsIt) {
  Apply(Of(Change(Verb::kCreate, Spec(1)), "billing"));
  Apply(Change(Verb::kCreate, Spec(2)));
  Apply(Change(Verb::kDelete, std::nullopt));
  EXPECT_THAT(world_.host.Names(), Not(Contains(kWatcher)));
  EXPECT_THAT(world_.host.Names(), Contains("instance dbaas-management-etcd"));
}

TEST_F(WatcherObjectTest, ThatIsMissingIsDriftAndIsMended) {
  Apply(Change(Verb::kCreate, Spec(2)));
  world_.host.RemoveByHand(WatcherId());
  Apply(Change(Verb::kUpdate, Spec(2)));
  EXPECT_THAT(world_.host.Names(), Contains(kWatcher));
}

TEST(WatcherObjectElsewhereTest, IsLeftOutByDefaultAndRefusedWhenAskedFor) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(2))).has_value());
  EXPECT_THAT(world.host.Names(), Not(Contains(kWatcher)));
  EXPECT_EQ(world.PlanOf(Change(Verb::kUpdate, Watched(2, true))),
            "error: host local has no engine that a watcher could be given: Leave failover.watch "
            "out, and run `dbaas watch` as a service there (docs/watch.md).");
  EXPECT_EQ(world.Apply(Change(Verb::kUpdate, Watched(2, true))).error().field, "failover.watch");
}

}  // namespace
}  // namespace dbaas

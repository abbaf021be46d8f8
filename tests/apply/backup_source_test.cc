// SPDX-License-Identifier: MPL-2.0
//
// Whose files a backup copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class BackupSourceTest : public testing::Test {
 protected:
  /// Whoever is made first leads: orders-1.
  void Have(int node_count) {
    if (node_count > 1 && !world_.host.StoredRecord("orders")) Have(1);
    const Verb verb = world_.host.StoredRecord("orders") ? Verb::kUpdate : Verb::kCreate;
    ASSERT_TRUE(world_.Apply(Change(verb, Spec(node_count))).has_value());
    ASSERT_TRUE(
        world_.Apply(Change(verb, BackupPolicySpec{.keep_full = 1}, std::string(kBackupPolicyPart)))
            .has_value());
  }
  void HaveReplica() {
    ReplicaSpec replica{.name = "a"};
    ASSERT_TRUE(
        world_.Apply(Change(Verb::kCreate, replica, PartKey(PartSpec(replica)))).has_value());
  }
  /// The member that a backup is of; "error: ..." where there is none.
  std::string BackUp() {
    const auto done = world_.BackUp();
    return done ? world_.patroni.BackupSource() : "error: " + done.error().ToLine();
  }

  World world_;
};

TEST_F(BackupSourceTest, AStandbyWhereThereIsOne) {
  Have(1);
  EXPECT_EQ(BackUp(), "orders-1");
  Have(3);
  EXPECT_EQ(BackUp(), "orders-2");
  EXPECT_THAT(world_.notes.All(), Contains("backup from orders-2"));
  ASSERT_TRUE(world_.host.Kill("orders-2").has_value());
  EXPECT_EQ(BackUp(), "orders-3");
  ASSERT_TRUE(world_.host.Kill("orders-3").has_value());
  EXPECT_EQ(BackUp(), "orders-1");
}

TEST_F(BackupSourceTest, AReplicaOnlyWhereThereIsNoStandby) {
  Have(1);
  HaveReplica();
  EXPECT_EQ(BackUp(), "orders-a");
  Have(2);
  EXPECT_EQ(BackUp(), "orders-2");
}

TEST_F(BackupSourceTest, ThePrimaryOnAHostWhereAFollowerCannot) {
  Have(2);
  world_.patroni.ServeFollowers(false);
  EXPECT_EQ(BackUp(), "orders-1");
}

TEST_F(BackupSourceTest, AFailureSaysWhereItWas) {
  Have(2);
  world_.patroni.FailNextBackup("no room");
  EXPECT_THAT(BackUp(), HasSubstr("in orders-2: no room"));
  EXPECT_EQ(BackUp(), "orders-2");
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The last backup, before a bucket is let go of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FinalBackupTest : public testing::Test {
 protected:
  FinalBackupTest() { EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value()); }

  void HavePolicy(bool skip_final_backup, bool in_bucket = true) {
    BackupPolicySpec policy{.keep_full = 1, .skip_final_backup = skip_final_backup};
    if (in_bucket) policy.s3 = S3Storage{.endpoint = "https://s3", .bucket = "kept"};
    ASSERT_TRUE(
        world_.Apply(Change(Verb::kCreate, policy, std::string(kBackupPolicyPart))).has_value());
  }
  static PartChange NoPolicy() {
    return Change(Verb::kDelete, std::nullopt, std::string(kBackupPolicyPart));
  }
  ClusterRecord Record() { return *world_.host.ReadRecord("orders").value(); }
  /// The last two entries of the cluster's history.
  std::vector<std::string> Latest() {
    const auto history = Record().history;
    std::vector<std::string> texts;
    for (auto entry = history.end() - 2; entry != history.end(); ++entry) {
      texts.push_back(entry->what + ": " + entry->outcome);
    }
    return texts;
  }

  World world_;
};

TEST_F(FinalBackupTest, TheBucketHasAllBeforeThePolicyGoes) {
  HavePolicy(false);
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(Latest(), ElementsAre("incremental backup: ok", "destroy backup_policy: ok"));
}

TEST_F(FinalBackupTest, AVolumeGoesWithTheClusterAndWhoWantsNoneGetsNone) {
  HavePolicy(false, false);
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(Latest(), ElementsAre("create backup_policy: ok", "destroy backup_policy: ok"));
  HavePolicy(true);
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(Latest(), ElementsAre("create backup_policy: ok", "destroy backup_policy: ok"));
}

TEST_F(FinalBackupTest, OneThatFailsLeavesEverythingInPlace) {
  HavePolicy(false);
  for (const PartChange& change : {NoPolicy(), Change(Verb::kDelete, {})}) {
    world_.patroni.FailNextBackup("the bucket is away");
    const auto removed = world_.Apply(change);
    ASSERT_FALSE(removed.has_value());
    EXPECT_THAT(removed.error().ToLine(), HasSubstr("the bucket is away"));
    EXPECT_THAT(removed.error().detail, HasSubstr("skip_final_backup = true"));
    EXPECT_NE(Record().backup_policy(), nullptr);
    EXPECT_FALSE(Record().deleting);
  }
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {})).has_value());
  EXPECT_FALSE(world_.host.ReadRecord("orders").value().has_value());
}

TEST_F(FinalBackupTest, WhatMayNotBeDestroyedCostsNoBackup) {
  HavePolicy(false);
  ClusterSpec spec = Spec(1);
  spec.deletion_protection = true;
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, spec)).has_value());
  world_.patroni.FailNextBackup("nobody asked for one");
  const auto removed = world_.Apply(Change(Verb::kDelete, {}));
  ASSERT_FALSE(removed.has_value());
  EXPECT_THAT(removed.error().ToLine(), HasSubstr("is protected from deletion"));
}

}  // namespace
}  // namespace dbaas

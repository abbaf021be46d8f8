// SPDX-License-Identifier: MPL-2.0
//
// The last backup, before a bucket is let go of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/apply/backups.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FinalBackupTest : public testing::Test {
 protected:
  FinalBackupTest() { EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value()); }

  static PartChange Policy(Verb verb, BackupPolicySpec policy) {
    policy.keep_full = 1;
    policy.s3 = S3Storage{.endpoint = "https://s3", .bucket = "kept"};
    return Change(verb, policy, std::string(kBackupPolicyPart));
  }
  void HavePolicy(bool skip_final_backup, bool in_bucket = true) {
    PartChange change = Policy(Verb::kCreate, {.skip_final_backup = skip_final_backup});
    if (!in_bucket) std::get<BackupPolicySpec>(*change.spec).s3.reset();
    ASSERT_TRUE(world_.Apply(change).has_value());
  }
  void HaveNamedPolicy(const std::string& name) {
    ASSERT_TRUE(world_.Apply(Policy(Verb::kCreate, {.final_backup_identifier = name})).has_value());
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

  /// What the repository has, oldest first, by the names of last backups; "-": one without.
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto catalogue = ListBackups(world_.host, world_.clock, Record());
    for (const Backup& backup : catalogue->backups) {
      names.push_back(backup.final_name().empty() ? "-" : backup.final_name());
    }
    return names;
  }
  /// A last backup has ended, and what was to follow it was cut before it was put down.
  void CutBehindTheBackup() {
    world_.patroni.FailBehindNextBackup("cut");
    ASSERT_FALSE(world_.Apply(NoPolicy()).has_value());
    ASSERT_NE(Record().backup_policy(), nullptr);
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

TEST_F(FinalBackupTest, ItBearsItsNameInTheBucketAndInTheHistory) {
  HaveNamedPolicy("orders-last");
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(Latest(),
              ElementsAre("incremental backup orders-last: ok", "destroy backup_policy: ok"));
  EXPECT_THAT(world_.notes.All(), Contains("taking a last backup of local/orders, orders-last"));
  HaveNamedPolicy("orders-last");
  EXPECT_THAT(Names(), ElementsAre("orders-last"));
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("another");
  EXPECT_THAT(Names(), ElementsAre("orders-last", "orders-last")) << "a name is never taken";
}

TEST_F(FinalBackupTest, ItsNameMayBeChangedForNothing) {
  HaveNamedPolicy("orders-last");
  const PartChange renamed = Policy(Verb::kUpdate, {.final_backup_identifier = "orders-end"});
  EXPECT_EQ(world_.PlanOf(renamed), "");
  ASSERT_TRUE(world_.Apply(renamed).has_value());
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("");
  EXPECT_THAT(Names(), ElementsAre("orders-end"));
}

TEST_F(FinalBackupTest, OneThatHasEndedIsNotTakenAgain) {
  HaveNamedPolicy("orders-last");
  world_.patroni.SetServerClock(world_.clock.Now());
  CutBehindTheBackup();
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(world_.notes.All(), Contains("there is a last backup of local/orders, orders-last"));
  HaveNamedPolicy("orders-last");
  EXPECT_THAT(Names(), ElementsAre("orders-last"));
  world_.patroni.SetServerClock(world_.clock.Now());
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("");
  EXPECT_THAT(Names(), ElementsAre("orders-last", "orders-last"))
      << "between two policies nothing is archived";
}

TEST_F(FinalBackupTest, OneThatIsNotTheEndAnyMoreIsTakenAgain) {
  HaveNamedPolicy("orders-last");
  world_.patroni.SetServerClock(world_.clock.Now());
  CutBehindTheBackup();
  world_.clock.Tick(std::chrono::minutes(11));
  world_.patroni.SetServerClock(world_.clock.Now());
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("");
  EXPECT_THAT(Names(), ElementsAre("orders-last", "orders-last"));
}

TEST_F(FinalBackupTest, ItsNameIsOneToRestoreBy) {
  HaveNamedPolicy("orders-last");
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("orders-last");
  const auto restored_to = [&](const std::string& name) {
    return Maintain(world_.Context(), {.kind = Maintenance::Kind::kRestore,
                                       .id = {"local", "orders"},
                                       .restore = {.backup_id = name},
                                       .who = "test"});
  };
  EXPECT_EQ(restored_to("orders-first").error().field, "backup_id");
  const auto restored = restored_to("orders-last");
  EXPECT_TRUE(restored.has_value()) << restored.error().ToLine();
}

TEST_F(FinalBackupTest, OneThatFailedLeavesNoName) {
  HaveNamedPolicy("orders-last");
  world_.patroni.FailNextBackup("the bucket is away");
  ASSERT_FALSE(world_.Apply(NoPolicy()).has_value());
  EXPECT_THAT(Names(), ElementsAre());
  ASSERT_TRUE(world_.BackUp().has_value());
  EXPECT_THAT(Names(), ElementsAre("-"));
  ASSERT_TRUE(world_.Apply(NoPolicy()).has_value());
  HaveNamedPolicy("");
  EXPECT_THAT(Names(), ElementsAre("-", "orders-last"));
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Backups that somebody has kept: taken once, found again, and left alone by the policy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/apply/backups.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kPolicyKey(kBackupPolicyPart);

class KeptBackupTest : public testing::Test {
 protected:
  KeptBackupTest() {
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    EXPECT_TRUE(HavePolicy(Verb::kCreate, {.keep_full = 1}).has_value());
  }
  Result<std::optional<ClusterRecord>> HavePolicy(Verb verb, const BackupPolicySpec& policy) {
    return world_.Apply(Change(verb, policy, kPolicyKey));
  }
  static PartChange Keep(const std::string& name, Verb verb = Verb::kCreate) {
    return Change(verb, BackupSpec{.name = name}, BackupPartKey(name));
  }
  static PartChange LetGo(const std::string& name) {
    return Change(Verb::kDelete, std::nullopt, BackupPartKey(name));
  }
  void TakeBackup() { ASSERT_TRUE(world_.BackUp().has_value()); }
  ClusterRecord Record() { return *world_.host.ReadRecord("orders").value(); }
  /// "backup-1", "backup-2 as before, only its end".
  std::vector<std::string> Backups() {
    std::vector<std::string> texts;
    const auto catalogue = ListBackups(world_.host, world_.clock, Record());
    for (const Backup& backup : catalogue->backups) {
      texts.push_back(backup.id + (backup.kept_by.empty() ? "" : " as " + backup.kept_by) +
                      (backup.is_alone ? ", only its end" : ""));
    }
    return texts;
  }

  World world_;
};

TEST_F(KeptBackupTest, IsTakenOnceAndStays) {
  const auto kept = world_.Apply(Keep("before"));
  ASSERT_TRUE(kept.has_value()) << kept.error().ToLine();
  EXPECT_EQ((*kept)->kept_backups.at("backup/before").id, "backup-1");
  EXPECT_EQ((*kept)->kept_backups.at("backup/before").place, "volume");
  TakeBackup();
  TakeBackup();
  EXPECT_THAT(Backups(), ElementsAre("backup-1 as before, only its end", "backup-3"));
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  ASSERT_TRUE(world_.Apply(Keep("before", Verb::kUpdate)).has_value());
  EXPECT_THAT(Backups(), ElementsAre("backup-1 as before, only its end", "backup-3"));
}

TEST_F(KeptBackupTest, LetGoItIsTheRetentionsAndItsNameAnothers) {
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  ASSERT_TRUE(world_.Apply(LetGo("before")).has_value());
  EXPECT_THAT(Backups(), ElementsAre("backup-1"));
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  EXPECT_THAT(Backups(), ElementsAre("backup-2 as before")) << "not the one of before";
}

TEST_F(KeptBackupTest, APlanSaysThatItIsTaken) {
  EXPECT_EQ(world_.PlanOf(Keep("before")), "full backup before  asked for\n");
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  EXPECT_EQ(world_.PlanOf(Keep("before", Verb::kUpdate)), "");
}

TEST_F(KeptBackupTest, OneThatFailsLeavesNothingToFinish) {
  world_.patroni.FailNextBackup("the bucket is away");
  const auto kept = world_.Apply(Keep("before"));
  ASSERT_FALSE(kept.has_value());
  EXPECT_THAT(kept.error().ToLine(), HasSubstr("taking backup before: "));
  EXPECT_THAT(kept.error().ToLine(), HasSubstr("the bucket is away"));
  EXPECT_THAT(Record().kept_backups, IsEmpty());
  EXPECT_FALSE(Record().parts.contains("backup/before"));
  EXPECT_EQ(Record().settled, Record().generation);
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  EXPECT_THAT(Backups(), ElementsAre("backup-1 as before"));
}

TEST_F(KeptBackupTest, OneThatIsThereIsFoundWhateverWentWrongBehindIt) {
  world_.patroni.FailBehindNextBackup("the answer was lost");
  const auto kept = world_.Apply(Keep("before"));
  ASSERT_TRUE(kept.has_value()) << kept.error().ToLine();
  EXPECT_EQ((*kept)->kept_backups.at("backup/before").id, "backup-1");
}

/// Whoever comes after a power cut finds the intent in the record, and maybe the backup as well.
TEST_F(KeptBackupTest, CutBehindTheBackupItIsNotTakenAgain) {
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  ClusterRecord cut = Record();
  cut.kept_backups.at("backup/before") = {.mark = cut.kept_backups.at("backup/before").mark};
  --cut.settled;
  ASSERT_TRUE(world_.host.WriteRecord(cut, cut.generation).has_value());
  EXPECT_THAT(world_.PlanOf(Change(Verb::kUpdate, Spec(1))), HasSubstr("full backup before"));
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  EXPECT_THAT(Backups(), ElementsAre("backup-1 as before"));
  EXPECT_EQ(Record().kept_backups.at("backup/before").id, "backup-1");
}

TEST_F(KeptBackupTest, WithoutAPolicyThereIsNowhereToKeepIt) {
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, std::nullopt, kPolicyKey)).has_value());
  EXPECT_EQ(world_.PlanOf(Keep("before")), "full backup before  asked for\n")
      << "it may come first";
  const auto kept = world_.Apply(Keep("before"));
  ASSERT_FALSE(kept.has_value());
  EXPECT_EQ(kept.error().field, "cluster_id");
  EXPECT_THAT(kept.error().ToLine(), HasSubstr("has no backup policy"));
}

TEST_F(KeptBackupTest, ItsPolicyStaysWhereItIs) {
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  const BackupPolicySpec bucket{.s3 = S3Storage{.endpoint = "https://s3", .bucket = "b"}};
  for (const Verb verb : {Verb::kUpdate, Verb::kCreate}) {
    const auto moved = HavePolicy(verb, bucket);
    ASSERT_FALSE(moved.has_value());
    EXPECT_EQ(moved.error().field, "storage");
    EXPECT_THAT(moved.error().ToLine(), HasSubstr("backup/before of orders is in another place"));
    if (verb == Verb::kUpdate) {
      ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, std::nullopt, kPolicyKey)).has_value());
    }
  }
  ASSERT_TRUE(world_.Apply(LetGo("before")).has_value());
  EXPECT_TRUE(HavePolicy(Verb::kCreate, bucket).has_value());
}

TEST_F(KeptBackupTest, AClusterMadeAnewHasNone) {
  ASSERT_TRUE(world_.Apply(Keep("before")).has_value());
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {})).has_value());
  ASSERT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  EXPECT_THAT(Record().kept_backups, IsEmpty());
  EXPECT_FALSE(Record().parts.contains("backup/before"));
}

}  // namespace
}  // namespace dbaas

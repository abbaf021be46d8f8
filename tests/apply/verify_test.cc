// SPDX-License-Identifier: MPL-2.0
//
// What a verification of backups puts down, what it leaves, and whom it keeps out of whose way.
#include "engine/apply/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "engine/apply/backups.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const ObjectId kWorkbench{ObjectKind::kInstance, "orders-verification"};
const ObjectId kVolume{ObjectKind::kVolume, "orders-verification"};

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    EXPECT_TRUE(world_.Apply(PolicyChange(Verb::kCreate)).has_value());
    names_before_ = world_.host.Names();
  }

  static PartChange PolicyChange(Verb verb) {
    return Change(verb, BackupPolicySpec{.keep_full = 1, .verify_query = "SELECT true"},
                  std::string(kBackupPolicyPart));
  }
  void TakeBackup() { ASSERT_TRUE(world_.BackUp().has_value()); }
  Result<Verified> Verify() { return VerifyBackups(world_.Context(), id_, "test"); }
  ClusterRecord Record() { return world_.host.ReadRecord("orders")->value(); }
  /// Calls `happen` once, while the data is being restored.
  void WhileItRuns(std::function<void()> happen) {
    auto has_happened = std::make_shared<bool>(false);
    world_.host.OnCall([happen = std::move(happen), has_happened](const FakeCall& call) {
      if (call.method != "Exec" || !call.subject.starts_with(kWorkbench.name)) return;
      if (!std::exchange(*has_happened, true)) happen();
    });
  }

  const ClusterId id_{"local", "orders"};
  World world_;
  std::vector<std::string> names_before_;
};

TEST_F(VerifyTest, WhatIsSoundIsPutDownAndNothingIsLeft) {
  TakeBackup();
  const auto verified = Verify();
  ASSERT_TRUE(verified.has_value()) << verified.error().ToLine();
  EXPECT_EQ(verified->backup_id, "backup-1");
  EXPECT_THAT(verified->problem, IsEmpty());
  EXPECT_EQ(world_.host.Names(), names_before_);
  const ClusterRecord record = Record();
  EXPECT_EQ(record.settled, record.generation);
  EXPECT_EQ(record.history.back().what, "verify the backups");
  EXPECT_EQ(record.history.back().outcome, "ok");
  EXPECT_THAT(record.verifications.backups, ElementsAre(Pair("backup-1", testing::_)));
  const auto catalogue = ListBackups(world_.host, world_.clock, record);
  ASSERT_TRUE(catalogue.has_value());
  EXPECT_TRUE(catalogue->backups.front().verified.has_value());
  EXPECT_EQ(catalogue->last_verified, record.verifications.sound);
  EXPECT_THAT(world_.notes.All(), Contains("asking the policy's query"));
}

TEST_F(VerifyTest, WhatIsNotIsPutDownWithTheReason) {
  TakeBackup();
  ASSERT_TRUE(Verify().has_value());
  const auto sound = Record().verifications.sound;
  world_.clock.Tick(std::chrono::hours(1));
  world_.patroni.FailNextRestore("checksum mismatch in block 7");
  const auto verified = Verify();
  ASSERT_TRUE(verified.has_value()) << verified.error().ToLine();
  EXPECT_THAT(verified->problem, HasSubstr("restoring the newest backup and all of the log since: "
                                           "checksum mismatch in block 7"));
  EXPECT_EQ(world_.host.Names(), names_before_);
  EXPECT_EQ(Record().verifications.problem, verified->problem);
  EXPECT_EQ(Record().verifications.sound, sound) << "when it last was";
  EXPECT_GT(*Record().verifications.last, *sound);
  EXPECT_THAT(world_.PlanOf(PolicyChange(Verb::kUpdate)), IsEmpty());

  world_.clock.Tick(std::chrono::hours(1));
  world_.patroni.FailNextRestore("checksum mismatch in block 7");
  const auto done =
      Maintain(world_.Context(), {.kind = Maintenance::Kind::kVerify, .id = id_, .who = "test"});
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().ToLine(), HasSubstr("the backups of local/orders are not sound"));
  world_.clock.Tick(std::chrono::hours(1));
  ASSERT_TRUE(Verify().has_value());
  EXPECT_THAT(Record().verifications.problem, IsEmpty());
}

TEST_F(VerifyTest, WhatWasFoundGoesWithTheRepository) {
  TakeBackup();
  const auto verify = [&] {
    ASSERT_TRUE(Verify().has_value());
    ASSERT_TRUE(Record().verifications.sound.has_value());
  };
  verify();
  ASSERT_TRUE(world_.Apply(PolicyChange(Verb::kUpdate)).has_value());
  EXPECT_TRUE(Record().verifications.sound.has_value());
  PartChange bucket = PolicyChange(Verb::kUpdate);
  std::get<BackupPolicySpec>(*bucket.spec).s3 = S3Storage{.endpoint = "https://s3", .bucket = "b"};
  ASSERT_TRUE(world_.Apply(bucket).has_value());
  EXPECT_FALSE(Record().verifications.last.has_value());
  verify();
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, std::nullopt, std::string(kBackupPolicyPart)))
                  .has_value());
  EXPECT_FALSE(Record().verifications.last.has_value());
}

TEST_F(VerifyTest, WithoutABackupOrAPolicyThereIsNothingToVerify) {
  EXPECT_EQ(Verify().error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, std::nullopt, std::string(kBackupPolicyPart)))
                  .has_value());
  EXPECT_EQ(Verify().error().field, "cluster_id");
  EXPECT_FALSE(Record().verifications.last.has_value());
}

TEST_F(VerifyTest, AnApplyMeanwhileIsNotHeldUpAndSeesNoDrift) {
  TakeBackup();
  std::string plan = "never planned";
  bool applied = false;
  WhileItRuns([&] {
    plan = world_.PlanOf(Change(Verb::kUpdate, Spec(1)));
    applied = world_.Apply(Change(Verb::kUpdate, Spec(2))).has_value();
    EXPECT_TRUE(world_.host.Find(kWorkbench).has_value()) << "the apply has removed it";
  });
  const auto verified = Verify();
  ASSERT_TRUE(verified.has_value()) << verified.error().ToLine();
  EXPECT_THAT(plan, IsEmpty());
  EXPECT_TRUE(applied);
  EXPECT_EQ(Record().cluster_spec().node_count, 2);
  EXPECT_TRUE(Record().verifications.sound.has_value());
}

TEST_F(VerifyTest, TwoNeverOverlap) {
  TakeBackup();
  std::optional<Error> error;
  WhileItRuns([&] { error = Verify().error(); });
  ASSERT_TRUE(Verify().has_value());
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind, ErrorKind::kConflict);
  EXPECT_THAT(error->ToLine(), HasSubstr("being verified already"));
}

TEST_F(VerifyTest, WhatWasFoundOfAnotherClusterIsNotPutDown) {
  TakeBackup();
  WhileItRuns([&] {
    ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, std::nullopt)).has_value());
    EXPECT_FALSE(world_.host.Find(kWorkbench).has_value()) << "it outlives its cluster";
    EXPECT_FALSE(world_.host.Find(kVolume).has_value()) << "it outlives its cluster";
    ASSERT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  });
  EXPECT_FALSE(Verify().has_value());
  EXPECT_FALSE(Record().verifications.last.has_value());
}

TEST_F(VerifyTest, AnInstanceThatEndsHasFoundNothing) {
  TakeBackup();
  world_.patroni.FailNextRestore("killed");
  WhileItRuns([&] { world_.host.StopInstance(kWorkbench.name); });
  const auto verified = Verify();
  ASSERT_FALSE(verified.has_value());
  EXPECT_FALSE(Record().verifications.last.has_value());
  EXPECT_EQ(world_.host.Names(), names_before_);
}

TEST_F(VerifyTest, WhatACutOneLeavesGoesWithTheNextOrWithAnApply) {
  TakeBackup();
  const auto leave_behind = [&] {
    WhileItRuns([&] { world_.host.SetReachable(false); });
    EXPECT_FALSE(Verify().has_value());
    world_.host.OnCall({});
    world_.host.SetReachable(true);
    world_.clock.Tick(std::chrono::minutes(5));
    ASSERT_TRUE(world_.host.Find(kWorkbench).has_value());
  };
  leave_behind();
  EXPECT_THAT(world_.PlanOf(Change(Verb::kUpdate, Spec(1))), IsEmpty()) << "it is no drift";
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  EXPECT_EQ(world_.host.Names(), names_before_);
  leave_behind();
  ASSERT_TRUE(Verify().has_value());
  EXPECT_EQ(world_.host.Names(), names_before_);
}

TEST_F(VerifyTest, AStopEndsWhatRuns) {
  TakeBackup();
  std::stop_source stop;
  ConvergeContext context = world_.Context();
  context.stop = stop.get_token();
  WhileItRuns([&] { stop.request_stop(); });
  const auto verified = VerifyBackups(context, id_, "test");
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(world_.host.Names(), names_before_);
}

}  // namespace
}  // namespace dbaas

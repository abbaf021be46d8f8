// SPDX-License-Identifier: MPL-2.0
//
// A cluster that is made from another one's backups: what is refused, in which order things happen,
// and what an attempt that was cut leaves to the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class RestoreTest : public testing::Test {
 protected:
  RestoreTest() {
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    EXPECT_TRUE(world_
                    .Apply(Change(Verb::kCreate, BackupPolicySpec{.keep_full = 1},
                                  std::string(kBackupPolicyPart)))
                    .has_value());
  }

  void TakeBackup() {
    const auto taken = world_.BackUp();
    ASSERT_TRUE(taken.has_value()) << taken.error().ToLine();
  }

  /// "copy", made from "orders".
  static PartChange Copy(std::optional<RestoreSpec> restore, Verb verb = Verb::kCreate) {
    ClusterSpec spec = Spec(2);
    spec.name = "copy";
    spec.restore = std::move(restore);
    return {.id = {"local", "copy"}, .key = "cluster", .verb = verb, .spec = spec, .who = "test"};
  }
  static RestoreSpec From(const std::string& cluster, const std::string& host = "local") {
    return {.source = {host, cluster}};
  }

  Error ErrorOf(const PartChange& change) {
    const auto applied = world_.Apply(change);
    EXPECT_FALSE(applied.has_value());
    EXPECT_EQ(world_.PlanOf(change), "error: " + applied.error().ToLine()) << "the plan says it";
    return applied.error();
  }

  std::vector<std::string> SecretsOf(const std::string& cluster) {
    std::vector<std::string> names;
    const ClusterRecord record = world_.host.ReadRecord(cluster)->value();
    for (const auto& [name, secret] : record.secrets) {
      if (name.starts_with(kRestorePrefix)) names.push_back(name);
    }
    return names;
  }

  World world_;
};

TEST_F(RestoreTest, TheDataIsThereBeforeAnybodyStarts) {
  TakeBackup();
  const PartChange change = Copy(From("orders"));
  EXPECT_THAT(
      world_.PlanOf(change),
      AllOf(HasSubstr("restore the data of copy-1  after network copy, volume copy-1-data  from "
                      "local/orders, as of the end of its log\n"
                      "+ instance copy-1  after network copy, volume copy-1-data, volume "
                      "copy-backups, restore the data of copy-1  new cluster\n"
                      "wait until a primary accepts connections  after instance copy-1\n"
                      "+ instance copy-2  after network copy, volume copy-2-data, volume "
                      "copy-backups, wait until a primary accepts connections  new cluster\n")));
  world_.host.ForgetCalls();
  const auto made = world_.Apply(change);
  ASSERT_TRUE(made.has_value()) << made.error().ToLine();
  const auto ensured = world_.host.CallsOf("Ensure");
  const auto at = [&](const char* name) {
    return std::find(ensured.begin(), ensured.end(), name) - ensured.begin();
  };
  EXPECT_LT(at("instance copy-restore"), at("instance copy-1"));
  EXPECT_LT(at("instance copy-1"), at("instance copy-2"));
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance copy-restore")));
  EXPECT_THAT(SecretsOf("copy"), IsEmpty()) << "the keys of the source are of no more use";
  EXPECT_EQ(world_.PlanOf(Copy(From("orders"), Verb::kUpdate)), "");
}

TEST_F(RestoreTest, AfterItsCreationItCountsNoMore) {
  TakeBackup();
  ASSERT_TRUE(world_.Apply(Copy(From("orders"))).has_value());
  for (const auto& later : {std::optional<RestoreSpec>(), std::optional(From("nobody"))}) {
    EXPECT_EQ(world_.PlanOf(Copy(later, Verb::kUpdate)), "");
    const auto changed = world_.Apply(Copy(later, Verb::kUpdate));
    EXPECT_TRUE(changed.has_value()) << changed.error().ToLine();
  }
}

TEST_F(RestoreTest, WhatCannotBeRestoredIsRefusedWithTheReason) {
  EXPECT_THAT(ErrorOf(Copy(From("orders"))).ToLine(), HasSubstr("has no backup yet"));
  TakeBackup();
  world_.patroni.HideBackups(true);
  EXPECT_THAT(ErrorOf(Copy(From("orders"))).ToLine(),
              HasSubstr("what backups local/orders has cannot be seen: the bucket is away"));
  world_.patroni.HideBackups(false);
  EXPECT_EQ(ErrorOf(Copy(From("nobody"))).field, "restore.source_cluster_id");
  EXPECT_THAT(ErrorOf(Copy(From("orders", "elsewhere"))).ToLine(),
              HasSubstr("is not on host local"));
  RestoreSpec unknown = From("orders");
  unknown.backup_id = "20200101-000000F";
  EXPECT_EQ(ErrorOf(Copy(unknown)).field, "restore.backup_id");
  RestoreSpec early = From("orders");
  early.time = ToTimePoint("1970-01-01T00:00:01.000Z");
  EXPECT_THAT(ErrorOf(Copy(early)).ToLine(), HasSubstr("Any moment from 1970-01-01T00:01:01"));
  RestoreSpec late = From("orders");
  late.time = world_.clock.Now() + std::chrono::hours(1);
  EXPECT_EQ(ErrorOf(Copy(late)).field, "restore.time");
  PartChange older = Copy(From("orders"));
  std::get<ClusterSpec>(*older.spec).engine_version = "15";
  EXPECT_EQ(ErrorOf(older).field, "engine_version");
  EXPECT_THAT(world_.host.Names(), Not(Contains(HasSubstr("copy")))) << "nothing was begun";
}

TEST_F(RestoreTest, WithoutARepositoryItIsCopiedAsItIsNow) {
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {}, std::string(kBackupPolicyPart))).has_value());
  RestoreSpec earlier = From("orders");
  earlier.position = "0/3000060";
  EXPECT_EQ(ErrorOf(Copy(earlier)).field, "restore.source_cluster_id");
  world_.patroni.FailNextRestore("nobody leads the source");
  ASSERT_FALSE(world_.Apply(Copy(From("orders"))).has_value());
  EXPECT_THAT(SecretsOf("copy"), Contains("restore.members"));
  const auto made = world_.Apply(Copy(From("orders")));
  ASSERT_TRUE(made.has_value()) << made.error().ToLine();
  EXPECT_THAT(SecretsOf("copy"), IsEmpty());
}

TEST_F(RestoreTest, AnAttemptThatFailedGoesOn) {
  TakeBackup();
  const PartChange change = Copy(From("orders"));
  world_.patroni.FailNextRestore("the log ends before that");
  const auto failed = world_.Apply(change);
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().ToLine(), HasSubstr("the log ends before that"));
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance copy-restore"))) << "it holds keys";
  EXPECT_THAT(world_.host.Names(), Not(Contains("instance copy-1")));
  // Another moment may be asked for as long as nobody runs on the data.
  RestoreSpec other = From("orders");
  other.time = world_.clock.Now();
  const auto made = world_.Apply(Copy(other));
  ASSERT_TRUE(made.has_value()) << made.error().ToLine();
}

TEST_F(RestoreTest, WhatBeganFromSomethingElseIsNotTakenForIt) {
  TakeBackup();
  // Whichever of the two comes first, one of them is there.
  world_.host.OnFault([](const FakeCall& call) {
    return call.subject.starts_with("instance copy-") ? FakeFault::kAfter : FakeFault::kNone;
  });
  ASSERT_FALSE(world_.Apply(Copy({})).has_value());
  world_.host.OnFault(nullptr);
  ASSERT_THAT(world_.host.Names(), Contains(StartsWith("instance copy-")));
  EXPECT_THAT(ErrorOf(Copy(From("orders"))).ToLine(), HasSubstr("has begun from something else"));
  EXPECT_TRUE(world_.Apply(Copy({})).has_value());
}

TEST_F(RestoreTest, OnceTheDataIsThereTheSourceMayGo) {
  TakeBackup();
  world_.host.OnFault([](const FakeCall& call) {
    return call.subject == "instance copy-2" ? FakeFault::kBefore : FakeFault::kNone;
  });
  ASSERT_FALSE(world_.Apply(Copy(From("orders"))).has_value());
  world_.host.OnFault(nullptr);
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {})).has_value());
  const auto made = world_.Apply(Copy(From("orders")));
  EXPECT_TRUE(made.has_value()) << made.error().ToLine();
}

TEST_F(RestoreTest, ABucketIsEnough) {
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {})).has_value());
  const auto from_bucket = [](const std::string& key) {
    RestoreSpec restore = From("orders", "");
    restore.s3 = S3Storage{.endpoint = "https://s3", .bucket = "kept"};
    restore.access_key = Secret<std::string>("opens-the");
    restore.secret_key = Secret<std::string>("bucket");
    restore.encryption_key = Secret<std::string>(key);
    return Copy(restore);
  };
  PartChange without_key = from_bucket("");
  std::get<ClusterSpec>(*without_key.spec).restore->encryption_key.reset();
  EXPECT_EQ(ErrorOf(without_key).field, "restore.encryption_key_wo");
  EXPECT_THAT(world_.PlanOf(from_bucket("wrong")), HasSubstr("from orders in bucket kept, as of"));
  world_.patroni.FailNextRestore("the key is another one");
  ASSERT_FALSE(world_.Apply(from_bucket("wrong")).has_value());
  const auto configuration = [&] {
    const ClusterRecord record = world_.host.ReadRecord("copy")->value();
    EXPECT_THAT(ToJson(record.parts.at(std::string(kClusterPart))).dump(),
                Not(HasSubstr("opens-the")));
    return record.secrets.at(std::string(kRestorePrefix) + "configuration").Reveal();
  };
  EXPECT_THAT(configuration(),
              AllOf(HasSubstr("repo1-s3-bucket=kept"), HasSubstr("repo1-s3-key=opens-the"),
                    HasSubstr("repo1-cipher-pass=wrong"), HasSubstr("[orders-]")));
  // Corrected keys count for as long as the cluster is not made.
  world_.patroni.FailNextRestore("the log ends before that");
  ASSERT_FALSE(world_.Apply(from_bucket("right")).has_value());
  EXPECT_THAT(configuration(), HasSubstr("repo1-cipher-pass=right"));
  const auto made = world_.Apply(from_bucket("right"));
  ASSERT_TRUE(made.has_value()) << made.error().ToLine();
  EXPECT_THAT(SecretsOf("copy"), IsEmpty());
  PartChange later = from_bucket("another");
  later.verb = Verb::kUpdate;
  ASSERT_TRUE(world_.Apply(later).has_value());
  EXPECT_THAT(SecretsOf("copy"), IsEmpty());
}

TEST_F(RestoreTest, AnEncryptionKeyIsGivenOnceAndForAll) {
  const auto policy = [](const std::string& cluster, const char* key, int version, Verb verb) {
    BackupPolicySpec spec{.keep_full = 1};
    spec.encryption_key = Secret<std::string>(key);
    spec.encryption_key_version = version;
    PartChange change = Change(verb, spec, std::string(kBackupPolicyPart));
    change.id.cluster = cluster;
    return change;
  };
  const auto key = [&](const std::string& cluster) {
    return world_.host.ReadRecord(cluster)->value().secrets.at(kRepositoryPassphrase).Reveal();
  };
  // This one has a generated key by now.
  EXPECT_EQ(ErrorOf(policy("orders", "given", 1, Verb::kUpdate)).field, "encryption_key");
  ASSERT_TRUE(world_.Apply(policy("orders", key("orders").c_str(), 1, Verb::kUpdate)).has_value());

  ASSERT_TRUE(world_.Apply(Copy({})).has_value());
  ASSERT_TRUE(world_.Apply(policy("copy", "given", 1, Verb::kCreate)).has_value());
  EXPECT_EQ(key("copy"), "given");
  ASSERT_TRUE(world_.Apply(policy("copy", "unheard", 1, Verb::kUpdate)).has_value());
  EXPECT_EQ(key("copy"), "given") << "without another version it is not looked at";
  EXPECT_THAT(ErrorOf(policy("copy", "other", 2, Verb::kUpdate)).ToLine(),
              HasSubstr("encrypted with another key"));
  PartChange gone = policy("copy", "", 0, Verb::kDelete);
  gone.spec.reset();
  ASSERT_TRUE(world_.Apply(gone).has_value());
  EXPECT_EQ(ErrorOf(policy("copy", "other", 1, Verb::kCreate)).field, "encryption_key")
      << "what was kept by the last policy is encrypted with its key";
}

class InPlaceTest : public RestoreTest {
 protected:
  static constexpr char kBackup[] = "backup-1";

  InPlaceTest() { TakeBackup(); }

  static Maintenance To(const std::string& backup) {
    Maintenance wanted{.kind = Maintenance::Kind::kRestore, .id = {"local", "orders"}};
    wanted.restore.backup_id = backup;
    wanted.who = "test";
    return wanted;
  }
  static Maintenance Undo() {
    Maintenance wanted = To("");
    wanted.undo = true;
    return wanted;
  }
  ClusterRecord Record() { return world_.host.ReadRecord("orders")->value(); }
  std::string PlanNow() { return world_.PlanOf(Change(Verb::kUpdate, Spec(1))); }
};

TEST_F(InPlaceTest, MembersEndThenDataIsMadeThenTheyComeBack) {
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(2))).has_value());
  const auto plan = PreviewMaintenance(world_.Context(), To(kBackup));
  ASSERT_TRUE(plan.has_value()) << plan.error().ToLine();
  const std::string text = plan->ToText();
  EXPECT_THAT(text, HasSubstr("- instance orders-2  restore as of backup backup-1\n"
                              "- instance orders-1  after instance orders-2  restore as of backup "
                              "backup-1\n"
                              "+ volume orders-1-data-1  after instance orders-2, instance "
                              "orders-1  restore as of backup backup-1\n"))
      << "the primary last: nobody is left to be promoted";
  EXPECT_THAT(text, HasSubstr("restore the data of orders-1  after volume orders-1-data-1  from "
                              "local/orders, as of backup backup-1\n"));
  EXPECT_THAT(plan->disruption.Summary(),
              "2 restores; nobody is served until the data is restored; data at risk: none");
  world_.host.ForgetCalls();
  const auto restored = Maintain(world_.Context(), To(kBackup));
  ASSERT_TRUE(restored.has_value()) << restored.error().ToLine();
  EXPECT_THAT(world_.patroni.TakeHarms(), IsEmpty());
  EXPECT_THAT(world_.host.Names(),
              AllOf(Contains("volume orders-1-data-1"), Contains("volume orders-2-data-1"),
                    Not(Contains("volume orders-1-data")), Not(Contains("volume orders-2-data")),
                    Not(Contains("instance orders-restore"))));
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, Spec(2))), "");
  EXPECT_THAT(SecretsOf("orders"), IsEmpty());
  const ClusterRecord record = Record();
  EXPECT_FALSE(record.in_place.has_value());
  ASSERT_EQ(record.left_branches.size(), 1U);
  EXPECT_EQ(record.left_branches[0].name, "1");
  EXPECT_EQ(record.history.back().what, "restore as of backup backup-1");
  EXPECT_EQ(record.history[record.history.size() - 2].what, "incremental backup")
      << "what was there is kept first";
}

TEST_F(InPlaceTest, WhatCannotBeIsRefusedBeforeABackupIsTaken) {
  const std::size_t lines = Record().history.size();
  Maintenance nothing = To("");
  EXPECT_EQ(Maintain(world_.Context(), nothing).error().field, "time");
  EXPECT_EQ(Maintain(world_.Context(), To("20200101-000000F")).error().field, "backup_id");
  Maintenance late = To("");
  late.restore.time = world_.clock.Now() + std::chrono::hours(1);
  const Error error = Maintain(world_.Context(), late).error();
  EXPECT_EQ(error.field, "time");
  EXPECT_THAT(error.detail, HasSubstr("Any moment from 1970-01-01T00:01:01"));
  EXPECT_THAT(Maintain(world_.Context(), Undo()).error().ToLine(),
              HasSubstr("cluster orders is not being restored"));
  ASSERT_TRUE(world_.Apply(Change(Verb::kDelete, {}, std::string(kBackupPolicyPart))).has_value());
  EXPECT_EQ(Maintain(world_.Context(), To(kBackup)).error().field, "cluster_id");
  EXPECT_EQ(Record().history.size(), lines + 1) << "that of the policy";
}

TEST_F(InPlaceTest, OneThatFailedIsUndoneWithNothingLost) {
  world_.patroni.Write("orders");
  world_.patroni.FailNextRestore("the log ends before that");
  const auto failed = Maintain(world_.Context(), To(kBackup));
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().ToLine(), HasSubstr("the log ends before that"));
  EXPECT_THAT(world_.host.Names(), Contains("volume orders-1-data"));
  const auto undone = Maintain(world_.Context(), Undo());
  ASSERT_TRUE(undone.has_value()) << undone.error().ToLine();
  EXPECT_EQ(world_.patroni.Primary("orders"), "orders-1");
  EXPECT_THAT(world_.patroni.TakeHarms(), IsEmpty());
  EXPECT_THAT(world_.host.Names(), Not(Contains("volume orders-1-data-1")));
  EXPECT_THAT(Record().left_branches, IsEmpty());
  EXPECT_EQ(PlanNow(), "");
}

TEST_F(InPlaceTest, OneThatFailedGoesOnByAnyApplyOrToAnotherMoment) {
  for (const bool by_apply : {true, false}) {
    world_.patroni.FailNextRestore("the repository does not answer");
    ASSERT_FALSE(Maintain(world_.Context(), To(kBackup)).has_value());
    const Maintenance reload{.kind = Maintenance::Kind::kReload, .id = {"local", "orders"}};
    EXPECT_EQ(Maintain(world_.Context(), reload).error().kind, ErrorKind::kConflict);
    if (by_apply) {
      const auto applied = world_.Apply(Change(Verb::kUpdate, Spec(1)));
      EXPECT_TRUE(applied.has_value()) << applied.error().ToLine();
    } else {
      const std::size_t lines = Record().history.size();
      const auto restored = Maintain(world_.Context(), To("backup-2"));
      EXPECT_TRUE(restored.has_value()) << restored.error().ToLine();
      EXPECT_EQ(Record().history.size(), lines + 1) << "another backup would be of nothing";
    }
    EXPECT_EQ(PlanNow(), "");
  }
  EXPECT_EQ(Record().data_set, 3);
  EXPECT_EQ(Record().left_branches.size(), 2U);
}

TEST_F(InPlaceTest, WhatRunsOnRestoredDataIsNeitherUndoneNorLeftWithoutABackup) {
  world_.host.OnFault([](const FakeCall& call) {
    const bool is_old_volume = call.method == "Remove" && call.subject == "volume orders-1-data";
    return is_old_volume ? FakeFault::kBefore : FakeFault::kNone;
  });
  ASSERT_FALSE(Maintain(world_.Context(), To(kBackup)).has_value());
  world_.host.OnFault(nullptr);
  for (const auto& wanted : {Undo(), To(kBackup)}) {
    EXPECT_THAT(Maintain(world_.Context(), wanted).error().ToLine(),
                HasSubstr("what was restored of orders is served, or about to be"));
  }
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  EXPECT_EQ(PlanNow(), "");
}

TEST_F(InPlaceTest, WithoutTheVolumesOfBeforeThereIsNoUndo) {
  world_.patroni.FailNextRestore("the log ends before that");
  ASSERT_FALSE(Maintain(world_.Context(), To(kBackup)).has_value());
  world_.host.RemoveByHand({ObjectKind::kVolume, "orders-1-data"});
  EXPECT_THAT(Maintain(world_.Context(), Undo()).error().ToLine(),
              HasSubstr("volume orders-1-data, which the cluster ran on, is gone"));
  EXPECT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
}

TEST_F(InPlaceTest, UntilWhenABranchWasWrittenIsWhenItsMembersHaveEnded) {
  const std::string first = "instance orders-1";
  world_.host.OnFault([&](const FakeCall& call) {
    return call == FakeCall{.method = "Remove", .subject = first} ? FakeFault::kBefore
                                                                  : FakeFault::kNone;
  });
  ASSERT_FALSE(Maintain(world_.Context(), To(kBackup)).has_value());
  world_.host.OnFault(nullptr);
  world_.clock.Tick(std::chrono::hours(5));
  const TimePoint still_served = world_.clock.Now();
  world_.clock.Tick(std::chrono::seconds(1));
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  EXPECT_EQ(Record().BranchAt(still_served), "1") << "what was committed then is out of reach";
  EXPECT_EQ(Record().BranchAt(world_.clock.Now() + std::chrono::seconds(1)), "");
}

TEST_F(InPlaceTest, WhatADeletionHasLeftIsNotRestored) {
  world_.patroni.FailNextRestore("the repository does not answer");
  ASSERT_FALSE(Maintain(world_.Context(), To(kBackup)).has_value());
  const auto destroy_but_for = [&](const FakeCall& kept) {
    world_.host.OnFault([kept](const FakeCall& call) {
      return call == kept ? FakeFault::kBefore : FakeFault::kNone;
    });
    const bool is_whole = world_.Apply(Change(Verb::kDelete, {})).has_value();
    world_.host.OnFault(nullptr);
    return !is_whole;
  };
  ASSERT_TRUE(destroy_but_for({.method = "Remove", .subject = "volume orders-1-data"}));
  for (const auto& wanted : {To(kBackup), Undo()}) {
    EXPECT_EQ(Maintain(world_.Context(), wanted).error().kind, ErrorKind::kConflict);
  }
  EXPECT_THAT(ErrorOf(Change(Verb::kCreate, Spec(1))).ToLine(),
              HasSubstr("volumes of the cluster that was there before are still there"));
  ASSERT_TRUE(destroy_but_for({.method = "RemoveRecord", .subject = "orders"}));
  ASSERT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  EXPECT_EQ(Record().data_set, 0) << "it is another cluster";
  EXPECT_THAT(world_.host.Names(), Contains("volume orders-1-data"));
}

TEST_F(InPlaceTest, WithoutAPrimaryTheLogCannotBeCompleted) {
  world_.host.StopInstance("orders-1");
  const auto refused = Maintain(world_.Context(), To(kBackup));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("its log has to be complete"));
  Maintenance wanted = To(kBackup);
  wanted.force = true;
  EXPECT_THAT(Maintain(world_.Context(), wanted).error().ToLine(),
              HasSubstr("no member of orders is running"));
}

TEST_F(InPlaceTest, WhoeverMayLoseTheRestOfTheLogDoesWithoutAPrimary) {
  ASSERT_TRUE(world_.Apply(Change(Verb::kUpdate, Spec(2))).has_value());
  world_.patroni.SpoilData("orders");
  EXPECT_EQ(Maintain(world_.Context(), To(kBackup)).error().kind, ErrorKind::kUnavailable);
  Maintenance wanted = To("backup-9");
  wanted.force = true;
  EXPECT_EQ(Maintain(world_.Context(), wanted).error().field, "backup_id");
  wanted.restore.backup_id = kBackup;
  EXPECT_THAT(PreviewMaintenance(world_.Context(), wanted)->ToText(),
              HasSubstr("restore the data of orders-1"));
  const auto restored = Maintain(world_.Context(), wanted);
  ASSERT_TRUE(restored.has_value()) << restored.error().ToLine();
  EXPECT_THAT(world_.notes.All(),
              Contains("nobody leads local/orders, so no backup is taken first"));
  EXPECT_EQ(world_.patroni.Primary("orders"), "orders-1");
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, Spec(2))), "");
  EXPECT_EQ(Record().BranchAt(world_.clock.Now() - std::chrono::hours(1)), "1")
      << "what the branch that was left is called, the repository knows";
}

TEST_F(InPlaceTest, AnApplyThatCannotEndIsInNobodysWayThen) {
  world_.patroni.SpoilData("orders");
  PartChange change = Change(Verb::kUpdate, Spec(2));
  change.timeout = std::chrono::minutes(1);
  ASSERT_FALSE(world_.Apply(change).has_value());
  EXPECT_EQ(Maintain(world_.Context(), To(kBackup)).error().kind, ErrorKind::kConflict);
  Maintenance wanted = To(kBackup);
  wanted.force = true;
  const auto restored = Maintain(world_.Context(), wanted);
  ASSERT_TRUE(restored.has_value()) << restored.error().ToLine();
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, Spec(2))), "") << "and what it asked for is done";
}

}  // namespace
}  // namespace dbaas

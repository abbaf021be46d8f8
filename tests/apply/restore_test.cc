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
    Maintenance backup{.kind = Maintenance::Kind::kBackup, .id = {"local", "orders"}};
    backup.who = "test";
    const auto taken = Maintain(world_.Context(), backup);
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
    RestoreSpec restore;
    restore.source = {host, cluster};
    return restore;
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
  world_.host.OnFault([](const FakeCall& call) {
    return call.subject == "instance copy-2" ? FakeFault::kBefore : FakeFault::kNone;
  });
  ASSERT_FALSE(world_.Apply(Copy({})).has_value());
  world_.host.OnFault(nullptr);
  ASSERT_THAT(world_.host.Names(), Contains("instance copy-1"));
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

}  // namespace
}  // namespace dbaas

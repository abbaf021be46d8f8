// SPDX-License-Identifier: MPL-2.0
//
// pgBackRest's configuration, and how its list of backups is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dbms/fixture.h"

namespace dbaas {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ClusterRecord RecordWith(const BackupPolicySpec& policy) {
  ClusterRecord record = RecordOf(SpecOf("17", 2));
  record.parts.emplace(PartKey(policy), policy);
  for (const auto& request : PostgreSql().Secrets(record, Named({"db.example.com"}))) {
    if (request.kind == SecretRequest::Kind::kPassword) {
      record.secrets.emplace(request.name, Secret("secret-" + request.name));
    }
  }
  return record;
}

const Object& Member(const DesiredState& state) {
  for (const auto& object : state.objects) {
    if (object.id == ObjectId{ObjectKind::kInstance, "pgt-1"}) return object;
  }
  std::abort();
}

std::string FileOf(const ClusterRecord& record, const std::string& path) {
  const DesiredState state = PostgreSql().Expand(record).value();
  for (const auto& file : Member(state).instance.files) {
    if (file.path == path) return ResolveHostWords(file.content.Reveal());
  }
  return "no such file";
}

constexpr char kConfiguration[] = "/etc/dbaas/backup/pgbackrest.conf";

TEST(BackupConfigurationTest, OfAVolume) {
  const ClusterRecord record = RecordWith({.keep_days = 14, .processes = 2});
  EXPECT_EQ(FileOf(record, kConfiguration),
            "[global]\n"
            "repo1-path=/var/lib/pgbackrest\n"
            "repo1-cipher-type=aes-256-cbc\n"
            "repo1-cipher-pass=secret-repository_passphrase\n"
            "repo1-bundle=y\n"
            "compress-type=zst\n"
            "process-max=2\n"
            "start-fast=y\n"
            "lock-path=/tmp/pgbackrest\n"
            "spool-path=/tmp/pgbackrest\n"
            "log-level-file=off\n"
            "\n[pgt-x7kq]\n"
            "pg1-path=/var/lib/postgresql/17/data\n"
            "pg1-socket-path=/run/postgresql\n"
            "pg1-user=postgres\n");
}

TEST(BackupConfigurationTest, OfABucket) {
  ClusterRecord record = RecordWith({.keep_full = 7,
                                     .s3 = S3Storage{.endpoint = "https://minio.example:9000",
                                                     .bucket = "b",
                                                     .region = "r",
                                                     .prefix = "/p",
                                                     .path_style = true,
                                                     .ca_certificate_pem = "PEM"}});
  record.secrets.emplace(kStorageAccessKey, Secret<std::string>("access"));
  record.secrets.emplace(kStorageSecretKey, Secret<std::string>("secret"));
  EXPECT_THAT(FileOf(record, kConfiguration),
              HasSubstr("repo1-type=s3\n"
                        "repo1-path=/p\n"
                        "repo1-s3-bucket=b\n"
                        "repo1-s3-endpoint=minio.example\n"
                        "repo1-storage-port=9000\n"
                        "repo1-s3-region=r\n"
                        "repo1-s3-uri-style=path\n"
                        "repo1-s3-key=access\n"
                        "repo1-s3-key-secret=secret\n"
                        "repo1-storage-ca-file=/etc/dbaas/backup/storage_ca.crt\n"));
  EXPECT_EQ(FileOf(record, "/etc/dbaas/backup/storage_ca.crt"), "PEM");
}

TEST(BackupConfigurationTest, APolicyIsAReload) {
  const ClusterRecord with = RecordWith({.keep_full = 1, .archive_timeout_seconds = 30});
  ClusterRecord without = with;
  without.parts.erase(std::string(kBackupPolicyPart));
  const DesiredState before = PostgreSql().Expand(without).value();
  const DesiredState after = PostgreSql().Expand(with).value();
  EXPECT_EQ(Member(before).fingerprint, Member(after).fingerprint) << "it would be recreated";
  EXPECT_NE(Member(before).files_fingerprint, Member(after).files_fingerprint);
  EXPECT_THAT(FileOf(without, kConfiguration), IsEmpty());
  const char* member = "/etc/dbaas/patroni/member.yml";
  EXPECT_THAT(FileOf(without, member), Not(HasSubstr("archive")));
  EXPECT_THAT(FileOf(with, member), AllOf(HasSubstr("--stanza=pgt-x7kq archive-push"),
                                          HasSubstr("archive_timeout: 30\n")));
}

TEST(TakeBackupTest, WhereTheRepositoryIsAndHowMuchMayBeRead) {
  const auto arguments_of = [](const BackupPolicySpec& policy) {
    return ResolveHostWords(
        PostgreSql()
            .TakeBackup(RecordWith(policy), BackupKind::kFull, "", {"pgt-1", ""}, "pgt-1")
            .input.Reveal());
  };
  EXPECT_THAT(arguments_of({.bandwidth_limit_bytes = 50 << 20}),
              AllOf(HasSubstr(R"("bandwidth_limit":52428800)"),
                    HasSubstr(R"("repository":"/var/lib/pgbackrest")")));
  EXPECT_THAT(arguments_of({.s3 = S3Storage{.endpoint = "https://s3", .bucket = "b"}}),
              AllOf(HasSubstr(R"("bandwidth_limit":0)"), HasSubstr(R"("repository":"")")));
}

TEST(TakeBackupTest, TheRecordKeepsTheLimitAndTheLastOnesName) {
  const PartSpec policy =
      BackupPolicySpec{.bandwidth_limit_bytes = 50 << 20, .final_backup_identifier = "orders-last"};
  EXPECT_EQ(PartFromJson(PartKey(policy), ToJson(policy)).value(), policy);
}

TEST(TakeBackupTest, TheFollowerGoesThroughThePrimary) {
  const ClusterRecord record = RecordWith({.keep_full = 1});
  const Command serve = PostgreSql().ServeBackup(record, "pgt-2", "pgt-1");
  EXPECT_EQ(serve.instance, "pgt-1");
  EXPECT_THAT(ResolveHostWords(serve.input.Reveal()),
              AllOf(HasSubstr(R"("follower":"pgt-2")"), HasSubstr(R"("reach":"pgt-1")")));
  const auto take = [&](const BackupSource& source) {
    return PostgreSql().TakeBackup(record, BackupKind::kFull, "", source, "pgt-1");
  };
  EXPECT_EQ(take({"pgt-2", "8432"}).instance, "pgt-2");
  EXPECT_THAT(take({"pgt-2", "8432"}).input.Reveal(),
              AllOf(HasSubstr(R"("port":"8432","primary":"pgt-1")")));
  EXPECT_EQ(take({"pgt-1", ""}).instance, "pgt-1");
  EXPECT_THAT(take({"pgt-1", ""}).input.Reveal(), Not(HasSubstr(R"("through":)")));
}

RestoreSpec FromSource() { return {.source = {"local", "source"}}; }

ClusterRecord Restoring(const RestoreSpec& restore,
                        const ClusterRecord& source = RecordWith({.keep_full = 1})) {
  ClusterRecord record = RecordOf(SpecOf());
  std::get<ClusterSpec>(record.parts.at(std::string(kClusterPart))).restore = restore;
  const auto secrets = PostgreSql().RestoreSecrets(restore, source, SpecOf());
  EXPECT_TRUE(secrets.has_value()) << secrets.error().ToLine();
  for (const auto& [name, secret] : *secrets) record.secrets[kRestorePrefix + name] = secret;
  record.settled = 0;
  return record;
}

TEST(RestoreTest, TheWorkbenchHasTheDataOfOneAndTheRepositoryOfTheOther) {
  const DesiredState desired = PostgreSql().Expand(Restoring(FromSource())).value();
  ASSERT_TRUE(desired.restoration.has_value());
  const Object& workbench = desired.restoration->workbench;
  EXPECT_EQ(workbench.id.name, "pgt-restore");
  EXPECT_THAT(workbench.member, IsEmpty()) << "nobody follows it";
  EXPECT_EQ(workbench.instance.mounts[0].volume, "pgt-1-data");
  EXPECT_EQ(workbench.instance.mounts[1].volume, "source-backups");
  EXPECT_THAT(workbench.instance.files[0].content.Reveal(), HasSubstr("[pgt-x7kq]"));
  EXPECT_EQ(workbench.instance.files[0].mode, 0600);
}

TEST(RestoreTest, WithoutARepositoryTheWorkbenchReachesTheSource) {
  ClusterSpec spec = SpecOf();
  spec.name = "source";
  spec.node_count = 2;
  ClusterRecord source = RecordOf(spec);
  const ClusterRecord record = Restoring(FromSource(), source);
  const InstanceSpec workbench =
      PostgreSql().Expand(record).value().restoration->workbench.instance;
  EXPECT_THAT(workbench.networks, ElementsAre("pgt", "source"));
  EXPECT_EQ(workbench.mounts.size(), 1u);
  EXPECT_THAT(workbench.files, IsEmpty());
  const Command command = PostgreSql().Restore(record, "pgt-restore");
  EXPECT_THAT(command.input.Reveal(),
              AllOf(HasSubstr("source-1"), HasSubstr("source-2"),
                    HasSubstr(source.secrets.at("replication_password").Reveal())));
  // A repository that there is since then counts, and nothing that was given before.
  const auto later = PostgreSql().RestoreSecrets(FromSource(), RecordWith({.keep_full = 1}), spec);
  EXPECT_THAT(later->at("members").Reveal(), IsEmpty());
  EXPECT_THAT(later->at("password").Reveal(), IsEmpty());
}

TEST(RestoreTest, OnceItIsMadeAClusterIsLikeAnyOther) {
  ClusterRecord record = Restoring(FromSource());
  record.settled = 1;
  EXPECT_FALSE(PostgreSql().Expand(record).value().restoration.has_value());
}

TEST(RestoreTest, TargetsInPgBackRestsWords) {
  const auto target_of = [](const RestoreSpec& restore) {
    const std::string input =
        PostgreSql().Restore(Restoring(restore), "pgt-restore").input.Reveal();
    const auto begin = input.find("\"target\":");
    return input.substr(begin, input.find('}', begin) - begin + 1);
  };
  RestoreSpec restore = FromSource();
  EXPECT_EQ(target_of(restore), R"("target":{})");
  restore.time = ToTimePoint("2026-11-21T10:30:00.500Z");
  EXPECT_EQ(target_of(restore),
            R"("target":{"target":"2026-11-21 10:30:00.500+00","type":"time"})");
  restore = FromSource();
  restore.backup_id = "20261121-020000F";
  EXPECT_EQ(target_of(restore), R"("target":{"set":"20261121-020000F","type":"immediate"})");
  restore = FromSource();
  restore.position = "0/3000060";
  EXPECT_EQ(target_of(restore), R"("target":{"target":"0/3000060","type":"lsn"})");
}

TEST(RestoreTest, AMomentIsOnTheBranchThatWasWrittenThen) {
  ClusterRecord source = RecordWith({.keep_full = 1});
  source.left_branches = {{.name = "1", .until = ToTimePoint("2026-11-21T10:00:00.000Z")},
                          {.name = "4", .until = ToTimePoint("2026-11-21T11:00:00.000Z")}};
  const auto branch_at = [&](const char* time) {
    RestoreSpec restore = FromSource();
    if (time != nullptr) restore.time = ToTimePoint(time);
    return PostgreSql().RestoreSecrets(restore, source, SpecOf()).value().at("branch").Reveal();
  };
  EXPECT_EQ(branch_at("2026-11-21T09:59:59.999Z"), "1");
  EXPECT_EQ(branch_at("2026-11-21T10:00:00.000Z"), "4");
  EXPECT_EQ(branch_at("2026-11-21T11:00:00.000Z"), "");
  EXPECT_EQ(branch_at(nullptr), "");
}

TEST(RestoreTest, EachSetOfDataHasVolumesAndAScopeOfItsOwnAndOneRepository) {
  ClusterRecord record = RecordWith({.keep_full = 1});
  const DesiredState before = PostgreSql().Expand(record).value();
  record.data_set = 2;
  const DesiredState after = PostgreSql().Expand(record).value();
  EXPECT_EQ(Member(after).instance.mounts[0].volume, "pgt-1-data-2");
  EXPECT_EQ(Member(after).instance.mounts[1].volume, Member(before).instance.mounts[1].volume);
  EXPECT_NE(Member(before).fingerprint, Member(after).fingerprint) << "it must be made anew";
  const char* member = "/etc/dbaas/patroni/member.yml";
  EXPECT_THAT(FileOf(record, member), AllOf(HasSubstr("scope: \"pgt-x7kq.2\"\n"),
                                            HasSubstr("--stanza=pgt-x7kq archive-push")));
}

TEST(RestoreTest, AnotherMajorVersionIsRefused) {
  const auto secrets =
      PostgreSql().RestoreSecrets(FromSource(), RecordWith({.keep_full = 1}), SpecOf("15"));
  ASSERT_FALSE(secrets.has_value());
  EXPECT_EQ(secrets.error().field, "engine_version");
}

TEST(ReadBackupsTest, AsPgBackRestListsThem) {
  const auto catalogue = PostgreSql().ReadBackups(R"({
    "archived_at": "2026-11-21T03:04:05.678Z", "archiving_problem": "",
    "info": [{"name": "pgt-x7kq", "status": {"code": 0, "message": "ok"},
      "archive": [{"id": "17-1", "max": "0000000B0000000000000004"}], "backup": [
      {"label": "20261121-020000F", "type": "full", "error": false,
       "info": {"size": 31142912, "repository": {"size": 3774873, "delta": 3774873}},
       "lsn": {"start": "0/2000028", "stop": "0/2000120"},
       "timestamp": {"start": 1795226400, "stop": 1795226402}},
      {"label": "20261121-020000F_20261121-030000I", "type": "incr", "error": true,
       "info": {"size": 31142912, "repository": {"size": 3774873, "delta": 52}},
       "lsn": {"start": "0/4000028", "stop": "0/4000120"},
       "timestamp": {"start": 1795230000, "stop": 1795230001}}]}]})");
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().ToLine();
  ASSERT_EQ(catalogue->backups.size(), 2U);
  const Backup& full = catalogue->backups[0];
  EXPECT_EQ(full.id, "20261121-020000F");
  EXPECT_EQ(full.kind, BackupKind::kFull);
  EXPECT_EQ(ToText(full.began), "2026-11-21T02:00:00.000Z");
  EXPECT_EQ(full.database_bytes, 31142912);
  EXPECT_EQ(full.first_position, "0/2000028");
  EXPECT_FALSE(full.damaged);
  EXPECT_TRUE(catalogue->backups[1].damaged);
  EXPECT_EQ(catalogue->backups[1].repository_bytes, 52);
  EXPECT_EQ(ToText(*catalogue->earliest), "2026-11-21T02:00:02.000Z");
  EXPECT_EQ(ToText(*catalogue->latest), "2026-11-21T03:04:05.678Z");
  EXPECT_EQ(catalogue->branch, "11");
  EXPECT_EQ(catalogue->Last(BackupKind::kIncremental), &catalogue->backups[1]);
  EXPECT_EQ(catalogue->Last(BackupKind::kDifferential), &full);
}

TEST(ReadBackupsTest, WhatSomebodyHasKept) {
  const auto catalogue = PostgreSql().ReadBackups(R"({"info": [{"status": {"code": 0}, "backup": [
      {"label": "20261120-020000F", "type": "full", "timestamp": {"start": 60, "stop": 61},
       "annotation": {"dbaas-mark": "before.7", "dbaas-alone": "y"}},
      {"label": "20261121-020000F", "type": "full", "timestamp": {"start": 120, "stop": 121}},
      {"label": "20261121-020000F_20261121-030000I", "type": "incr",
       "timestamp": {"start": 180, "stop": 181}, "annotation": {"dbaas-mark": "orders-last"}}]}]})");
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().ToLine();
  EXPECT_TRUE(catalogue->backups[0].is_alone);
  EXPECT_EQ(catalogue->FindMarked("before.7"), &catalogue->backups[0]);
  EXPECT_EQ(catalogue->FindMarked("before.8"), nullptr);
  EXPECT_EQ(catalogue->backups[0].final_name(), "") << "a name that it is kept by";
  EXPECT_EQ(catalogue->backups[2].final_name(), "orders-last");
  EXPECT_FALSE(catalogue->backups[1].is_alone);
  EXPECT_EQ(catalogue->backups[2].chain, "20261121-020000F");
  EXPECT_EQ(*catalogue->earliest, TimePoint(std::chrono::seconds(121))) << "its log is gone";
}

TEST(ReadBackupsTest, NothingYetAndNothingRight) {
  const auto none = PostgreSql().ReadBackups(
      R"({"info": [{"status": {"code": 2, "message": "no valid backups"}, "backup": []}]})");
  EXPECT_TRUE(none->repository_problem.empty());
  EXPECT_TRUE(none->is_known);
  EXPECT_EQ(none->earliest, std::nullopt);
  const auto unknown = PostgreSql().ReadBackups(R"({"info": []})");
  EXPECT_EQ(unknown->repository_problem, "the repository does not know this cluster");
  EXPECT_TRUE(unknown->is_known);
  const auto silent = PostgreSql().ReadBackups(
      R"({"info": [{"status": {"code": 99, "message": "timeout"}, "backup": []}]})");
  EXPECT_EQ(silent->repository_problem, "timeout");
  EXPECT_FALSE(silent->is_known) << "not the same as one without backups";
  EXPECT_FALSE(PostgreSql().ReadBackups("pgbackrest: command not found").has_value());
}

}  // namespace
}  // namespace dbaas

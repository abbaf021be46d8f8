// SPDX-License-Identifier: MPL-2.0
//
// The files of golden/ are what a cluster's members and proxy read. When a change to them is meant:
// DBAAS_UPDATE_GOLDEN=1 expand_test, and read the difference.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/dbms/fixture.h"

namespace dbaas {
namespace {

using testing::ElementsAre;

/// As a container sees it.
DesiredState Expand(const ClusterRecord& record) {
  DesiredState state = PostgreSql().Expand(record).value();
  for (auto* list : {&state.objects, &state.shared}) {
    for (auto& object : *list) object.instance = ResolveHostWords(std::move(object.instance));
  }
  return state;
}

const Object& Find(const DesiredState& state, const std::string& name,
                   ObjectKind kind = ObjectKind::kInstance) {
  for (const auto* list : {&state.objects, &state.shared}) {
    for (const auto& object : *list) {
      if (object.id == ObjectId{kind, name}) return object;
    }
  }
  throw std::out_of_range(name);
}

std::string FileOf(const Object& object, const std::string& path) {
  for (const auto& file : object.instance.files) {
    if (file.path == path) return file.content.Reveal();
  }
  return "no such file";
}

void ExpectGolden(const std::string& name, const std::string& text) {
  if (std::getenv("DBAAS_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(std::string(DBAAS_SOURCE_DIR) + "/tests/dbms/golden/" + name) << text;
  }
  EXPECT_EQ(text, ReadTestFile("golden/" + name)) << name;
}

ReplicaSpec Reports() {
  return {.name = "reports", .resources = Resources{.cpu = 4, .memory_bytes = 8192 * kMebibyte}};
}

TEST(PostgreSqlExpandTest, GoldenFilesOfOneNode) {
  const DesiredState state = Expand(RecordOf(SpecOf("15", 1)));
  const Object& member = Find(state, "pgt-1");
  ExpectGolden("one_bootstrap.yml", FileOf(member, "/etc/dbaas/patroni/bootstrap.yml"));
  ExpectGolden("one_member.yml", FileOf(member, "/etc/dbaas/patroni/member.yml"));
  ExpectGolden("one_haproxy.cfg", FileOf(Find(state, "pgt-proxy"), "/etc/dbaas/haproxy.cfg"));
}

TEST(PostgreSqlExpandTest, GoldenFilesOfThreeSynchronousNodesAndAReplica) {
  ClusterSpec spec = SpecOf("17", 3);
  spec.synchronous_replication = true;
  spec.parameters = {{"work_mem", "16384kB"}, {"log_line_prefix", "it's %m \\ "}};
  const DesiredState state = Expand(RecordOf(spec, {Reports()}));
  ExpectGolden("three_bootstrap.yml",
               FileOf(Find(state, "pgt-3"), "/etc/dbaas/patroni/bootstrap.yml"));
  ExpectGolden("three_replica.yml",
               FileOf(Find(state, "pgt-reports"), "/etc/dbaas/patroni/member.yml"));
  ExpectGolden("three_haproxy.cfg", FileOf(Find(state, "pgt-proxy"), "/etc/dbaas/haproxy.cfg"));
}

TEST(PostgreSqlExpandTest, ObjectsInCreationOrder) {
  const DesiredState state = Expand(RecordOf(SpecOf("17", 2), {Reports()}));
  const auto list = [](const std::vector<Object>& objects) {
    std::vector<std::string> texts;
    texts.reserve(objects.size());
    for (const auto& object : objects) {
      texts.push_back(fmt::format("{} of {} for {}{}", object.id.ToText(), object.cluster,
                                  object.part.empty() ? "all" : object.part,
                                  object.holds_data ? ", data" : ""));
    }
    return texts;
  };
  EXPECT_THAT(
      list(state.objects),
      ElementsAre("network pgt of pgt for cluster", "volume pgt-1-data of pgt for cluster, data",
                  "volume pgt-2-data of pgt for cluster, data",
                  "volume pgt-reports-data of pgt for replica/reports, data",
                  "volume pgt-backups of pgt for cluster, data",
                  "instance pgt-1 of pgt for cluster", "instance pgt-2 of pgt for cluster",
                  "instance pgt-reports of pgt for replica/reports",
                  "instance pgt-proxy of pgt for cluster"));
  EXPECT_THAT(list(state.shared),
              ElementsAre("network dbaas-management of dbaas-management for all",
                          "volume dbaas-management-etcd-data of dbaas-management for all",
                          "instance dbaas-management-etcd of dbaas-management for all"));
  EXPECT_THAT(state.members, ElementsAre("pgt-1", "pgt-2", "pgt-reports"));
}

TEST(PostgreSqlExpandTest, Instances) {
  ClusterSpec spec = SpecOf("17", 1);
  spec.publicly_accessible = true;
  const DesiredState state = Expand(RecordOf(spec, {Reports()}));
  const InstanceSpec& member = Find(state, "pgt-1").instance;
  EXPECT_EQ(member.image, "dbaas/postgresql:17");
  EXPECT_THAT(member.command,
              ElementsAre("python3", "-I", "/etc/dbaas/start_patroni.py", "/etc/dbaas/patroni"));
  EXPECT_THAT(member.networks, ElementsAre("pgt", "dbaas-management"));
  EXPECT_EQ(member.mounts.at(0).volume, "pgt-1-data");
  EXPECT_EQ(member.mounts.at(0).path, "/var/lib/postgresql");
  EXPECT_TRUE(member.ports.empty());
  EXPECT_EQ(member.resources, spec.resources);
  EXPECT_EQ(member.shm_bytes, 1024 * kMebibyte);
  EXPECT_EQ(member.reload_signal, "SIGHUP");
  EXPECT_EQ(member.stop_timeout_seconds, 60);

  const InstanceSpec& replica = Find(state, "pgt-reports").instance;
  EXPECT_EQ(replica.resources, *Reports().resources);
  ASSERT_EQ(replica.ports.size(), 1U);
  EXPECT_EQ(replica.ports[0].name, "replica/reports");
  EXPECT_EQ(replica.ports[0].container_port, 5432);
  EXPECT_EQ(replica.ports[0].host_port, 15002);
  EXPECT_TRUE(replica.ports[0].public_address);

  const InstanceSpec& proxy = Find(state, "pgt-proxy").instance;
  EXPECT_THAT(proxy.networks, ElementsAre("pgt"));
  ASSERT_EQ(proxy.ports.size(), 2U);
  EXPECT_EQ(proxy.ports[0].host_port, 15000);
  EXPECT_EQ(proxy.ports[1].host_port, 15001);
  EXPECT_EQ(proxy.reload_signal, "SIGUSR2");

  EXPECT_THAT(Find(state, "dbaas-management-etcd").instance.networks,
              ElementsAre("dbaas-management"));
}

TEST(PostgreSqlExpandTest, SmallMembersGetDockersUsualSharedMemory) {
  ClusterSpec spec = SpecOf();
  spec.resources.memory_bytes = 256 * kMebibyte;
  EXPECT_EQ(Find(Expand(RecordOf(spec)), "pgt-1").instance.shm_bytes, 64 * kMebibyte);
}

// Whatever a user may read of an instance (docker inspect, a process list) is free of secrets.
TEST(PostgreSqlExpandTest, SecretsAreInFilesOnly) {
  const DesiredState state = Expand(RecordOf(SpecOf("17", 2), {Reports()}));
  for (const auto* list : {&state.objects, &state.shared}) {
    for (const auto& object : *list) {
      EXPECT_EQ(CanonicalText(object).find("secret-"), std::string::npos) << object.id.name;
      for (const auto& file : object.instance.files) EXPECT_EQ(file.mode, 0600) << file.path;
    }
  }
  for (const auto& [key, value] : state.settings) {
    EXPECT_EQ(value.Reveal().find("secret-"), std::string::npos) << key;
  }
  EXPECT_NE(FileOf(Find(state, "pgt-1"), "/etc/dbaas/tls/server.key").find("secret-"),
            std::string::npos);
}

/// Names of the instances that a change touches: "~" their files, "±" the instance itself.
std::vector<std::string> Touched(const ClusterRecord& before, const ClusterRecord& after) {
  const DesiredState old_state = Expand(before);
  const DesiredState new_state = Expand(after);
  std::vector<std::string> touched;
  for (const auto* list : {&new_state.objects, &new_state.shared}) {
    for (const auto& object : *list) {
      if (object.id.kind != ObjectKind::kInstance) continue;
      const auto is_same = [&](const Object& other) { return other.id == object.id; };
      const auto& olds = list == &new_state.objects ? old_state.objects : old_state.shared;
      const auto old = std::find_if(olds.begin(), olds.end(), is_same);
      if (old == olds.end()) {
        touched.push_back("+" + object.id.name);
      } else if (old->fingerprint != object.fingerprint) {
        touched.push_back("±" + object.id.name);
      } else if (old->files_fingerprint != object.files_fingerprint) {
        touched.push_back("~" + object.id.name);
      }
    }
  }
  return touched;
}

TEST(PostgreSqlExpandTest, ParametersTouchNoInstance) {
  ClusterSpec spec = SpecOf("17", 2);
  const ClusterRecord before = RecordOf(spec, {{.name = "reports"}});
  spec.parameters = {{"shared_buffers", "512MB"}, {"work_mem", "1MB"}};
  spec.synchronous_replication = true;
  spec.password_version = 2;
  spec.deletion_protection = false;
  EXPECT_THAT(Touched(before, RecordOf(spec, {{.name = "reports"}})), ElementsAre());
}

TEST(PostgreSqlExpandTest, MoreMembersOnlyReloadTheProxy) {
  EXPECT_THAT(Touched(RecordOf(SpecOf("17", 1)), RecordOf(SpecOf("17", 3))),
              ElementsAre("+pgt-2", "+pgt-3", "~pgt-proxy"));
  EXPECT_THAT(Touched(RecordOf(SpecOf("17", 1)), RecordOf(SpecOf("17", 1), {Reports()})),
              ElementsAre("+pgt-reports", "~pgt-proxy"));
}

TEST(PostgreSqlExpandTest, MemoryRecreatesTheMembersOneByOne) {
  ClusterSpec spec = SpecOf("17", 2);
  const ClusterRecord before = RecordOf(spec, {Reports()});
  spec.resources.memory_bytes *= 2;
  // The replica has memory of its own, and it was set for a cluster of another size.
  EXPECT_THAT(Touched(before, RecordOf(spec, {Reports()})), ElementsAre("±pgt-1", "±pgt-2"));
}

TEST(PostgreSqlExpandTest, AnotherIncarnationHasOtherFingerprintsAndAnotherScope) {
  const ClusterRecord before = RecordOf(SpecOf());
  ClusterRecord after = before;
  after.uid = "other";
  EXPECT_THAT(Touched(before, after), ElementsAre("±pgt-1", "±pgt-proxy"));
  EXPECT_NE(FileOf(Find(Expand(after), "pgt-1"), "/etc/dbaas/patroni/member.yml")
                .find("scope: \"pgt-other\""),
            std::string::npos);
}

/// Another one recreates every instance there is, at the first apply after an upgrade of ours.
TEST(PostgreSqlExpandTest, FingerprintsAreThoseOfTheReleaseBefore) {
  const auto state = Expand(RecordOf(SpecOf("17", 2), {Reports()}));
  std::vector<std::string> prints;
  for (const auto& object : state.objects) {
    prints.push_back(object.id.ToText() + " " + object.fingerprint);
  }
  for (const auto& object : state.shared) {
    prints.push_back(object.id.ToText() + " " + object.fingerprint);
  }
  EXPECT_THAT(
      prints,
      ElementsAre("network pgt 34cedf334e95afc6", "volume pgt-1-data 78cf2c7ce4857895",
                  "volume pgt-2-data b46eb50c0d9ca1a6", "volume pgt-reports-data 758a4bb64e617dde",
                  "volume pgt-backups ee9f14309a22c538", "instance pgt-1 16022404cd7f292d",
                  "instance pgt-2 d6a11094f8f872e6", "instance pgt-reports eda81e7c25ed43d7",
                  "instance pgt-proxy b28e21fd517d1ca0",
                  "network dbaas-management c66957dcb385fb81",
                  "volume dbaas-management-etcd-data a8e1c790088ce975",
                  "instance dbaas-management-etcd b7944b2a5fc14f86"));
}

TEST(PostgreSqlExpandTest, TheBackupsVolumeIsTheDirectoryThatWasAskedFor) {
  ClusterSpec spec = SpecOf("17", 2);
  spec.backup_directory = "/srv/backups";
  const DesiredState state = Expand(RecordOf(spec));
  for (const auto& object : state.objects) {
    const bool is_it = object.id.name == "pgt-backups";
    EXPECT_EQ(object.directory, is_it ? "/srv/backups" : "") << object.id.ToText();
    EXPECT_FALSE(is_it && object.fingerprint == "ee9f14309a22c538") << "as without one";
  }
}

TEST(PostgreSqlExpandTest, Settings) {
  ClusterSpec spec = SpecOf("17", 2);
  spec.parameters = {{"Work_Mem", "8192kB"}};
  const Settings settings = Expand(RecordOf(spec)).settings;
  EXPECT_EQ(settings.at("parameters.work_mem").Reveal(), "8MB");
  EXPECT_EQ(settings.at("parameters.shared_buffers").Reveal(), "1GB");
  EXPECT_EQ(settings.at("synchronous_mode").Reveal(), "off");
  EXPECT_EQ(settings.at("patroni.ttl").Reveal(), "20");
  EXPECT_EQ(settings.at("database.app").Reveal(), "admin");
  EXPECT_THAT(settings.at("role.admin").Reveal(),
              testing::StartsWith("login createdb createrole pg_checkpoint pg_monitor "
                                  "pg_signal_backend SCRAM-SHA-256$4096:"));
  EXPECT_THAT(settings.at("role.replicator").Reveal(),
              testing::StartsWith("login replication SCRAM-SHA-256$4096:"));
  spec.synchronous_replication = true;
  EXPECT_EQ(Expand(RecordOf(spec)).settings.at("synchronous_mode").Reveal(), "quorum");
}

TEST(PostgreSqlExpandTest, AnotherPasswordIsAnotherRoleSettingAndNothingElse) {
  ClusterRecord record = RecordOf(SpecOf());
  const Settings before = Expand(record).settings;
  record.secrets["password"] = Secret<std::string>("another password");
  std::vector<std::string> changed;
  for (const auto& [key, value] : Expand(record).settings) {
    if (before.at(key) != value) changed.push_back(key);
  }
  EXPECT_THAT(changed, ElementsAre("role.admin"));
}

TEST(PostgreSqlExpandTest, AnIncompleteRecordIsAnErrorAndNotACrash) {
  ClusterRecord record = RecordOf(SpecOf());
  record.secrets.erase("pgt-1.key");
  EXPECT_EQ(PostgreSql().Expand(record).error().summary, "the cluster record lacks pgt-1.key");
  record = RecordOf(SpecOf());
  record.ports.erase("read");
  EXPECT_EQ(PostgreSql().Expand(record).error().summary, "the cluster record lacks port read");
}

TEST(PostgreSqlExpandTest, ReplicasMayNotTakeAMembersName) {
  for (const char* name : {"1", "007", "proxy"}) {
    const auto state = PostgreSql().Expand(RecordOf(SpecOf(), {{.name = name}}));
    ASSERT_FALSE(state) << name;
    EXPECT_EQ(state.error().kind, ErrorKind::kInvalid);
  }
}

TEST(PostgreSqlSecretsTest, OneAuthorityAndACertificateForEachMember) {
  const ClusterRecord record = RecordOf(SpecOf("17", 1), {Reports()});
  std::vector<std::string> names;
  for (const auto& request : PostgreSql().Secrets(record, Named({"10.0.0.7"})))
    names.push_back(request.name);
  EXPECT_THAT(names, ElementsAre("password", "replication_password", "rewind_password",
                                 "rest_password", "ca", "pgt-1", "pgt-reports"));
  const auto requests = PostgreSql().Secrets(record, Named({"10.0.0.7"}));
  EXPECT_EQ(requests[5].issuer, "ca");
  EXPECT_THAT(requests[5].names,
              ElementsAre("pgt-1", "pgt-proxy", "localhost", "127.0.0.1", "10.0.0.7"));
  EXPECT_THAT(PostgreSql().Secrets(record, Named({"127.0.0.1"}))[5].names,
              ElementsAre("pgt-1", "pgt-proxy", "localhost", "127.0.0.1"));
  EXPECT_THAT(PostgreSql().PublishedPorts(record),
              ElementsAre(PublishedPort{"write", "pgt-proxy", 5432},
                          PublishedPort{"read", "pgt-proxy", 5433},
                          PublishedPort{"replica/reports", "pgt-reports", 5432}));
  EXPECT_EQ(PublisherOf(PostgreSql(), record, "replica/reports"), "pgt-reports");
  EXPECT_EQ(PublisherOf(PostgreSql(), record, "replica/none"), "");
}

TEST(PostgreSqlSecretsTest, CertificatesHaveTheNamesOfTheMemberAndOfTheProxy) {
  const ClusterRecord record = RecordOf(SpecOf("17", 1), {Reports()});
  const auto requests = PostgreSql().Secrets(record, [](const std::string& instance) {
    return std::vector<std::string>{instance + ".db.svc.cluster.local", instance + ".db"};
  });
  EXPECT_THAT(requests[6].names, ElementsAre("pgt-reports", "pgt-proxy", "localhost", "127.0.0.1",
                                             "pgt-proxy.db.svc.cluster.local", "pgt-proxy.db",
                                             "pgt-reports.db.svc.cluster.local", "pgt-reports.db"));
}

TEST(PostgreSqlExpandTest, WithoutSharedVolumesNobodyMountsARepository) {
  ClusterRecord record = RecordOf(SpecOf("17", 2), {Reports()});
  record.shared_volumes = false;
  const auto state = PostgreSql().Expand(record);
  ASSERT_TRUE(state.has_value());
  for (const auto& object : state->objects) {
    EXPECT_NE(object.id.name, "pgt-backups");
    for (const auto& mount : object.instance.mounts) EXPECT_NE(mount.volume, "pgt-backups");
  }
}

TEST(PostgreSqlClassifyTest, ByTheServersOwnContext) {
  const auto classify = [](const char* key) { return PostgreSql().Classify(SpecOf(), key); };
  EXPECT_EQ(classify("parameters.shared_buffers"), Impact::kRestart);
  EXPECT_EQ(classify("parameters.max_connections"), Impact::kRestart);
  EXPECT_EQ(classify("parameters.work_mem"), Impact::kReload);
  EXPECT_EQ(classify("parameters.archive_command"), Impact::kReload);
  EXPECT_EQ(classify("parameters.my.own"), Impact::kReload);
  EXPECT_EQ(classify("synchronous_mode"), Impact::kReload);
  EXPECT_EQ(classify("patroni.ttl"), Impact::kReload);
  EXPECT_EQ(classify("role.admin"), Impact::kNone);
  EXPECT_EQ(classify("database.app"), Impact::kNone);
}

TEST(PostgreSqlUriTest, EverythingIsQuoted) {
  ClusterRecord record = RecordOf(SpecOf());
  record.secrets["password"] = Secret<std::string>("a/b@c:d e%f#g?h");
  EXPECT_EQ(
      PostgreSql()
          .ConnectionUri(record, "admin", record.secrets.at("password"), "db.example.com", 15000)
          .Reveal(),
      "postgresql://admin:a%2Fb%40c%3Ad%20e%25f%23g%3Fh@db.example.com:15000/app"
      "?sslmode=require");
  record.secrets["password"] = Secret<std::string>("secret");
  EXPECT_EQ(PostgreSql()
                .ConnectionUri(record, "admin", record.secrets.at("password"), "fd00::1", 1)
                .Reveal(),
            "postgresql://admin:secret@[fd00::1]:1/app?sslmode=require");
}

TEST(RegistryTest, KnowsPostgreSql) {
  EXPECT_EQ(FindDbms("oracle"), nullptr);
  ASSERT_NE(FindDbms("postgresql"), nullptr);
  EXPECT_THAT(FindDbms("postgresql")->Versions(), ElementsAre("17", "15"));
  EXPECT_EQ(AllDbms().front(), FindDbms("postgresql"));
  EXPECT_STREQ(ToString(Impact::kRestart), "restart");
}

}  // namespace
}  // namespace dbaas

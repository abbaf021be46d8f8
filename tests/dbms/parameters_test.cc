// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/parameters.h"

#include <gtest/gtest.h>

#include "engine/dbms/postgresql/parameter_table.h"
#include "tests/dbms/fixture.h"

namespace dbaas::postgresql {
namespace {

std::string Derived(const Resources& resources) {
  std::string text;
  for (const auto& derived : DerivedParameters(resources)) {
    text += derived.name + "=" + derived.value + " ";
  }
  return text;
}

TEST(DerivedParametersTest, FollowFromMemoryAndCpu) {
  EXPECT_EQ(Derived({.cpu = 0.5, .memory_bytes = 512 * kMebibyte}),
            "max_connections=50 shared_buffers=128MB effective_cache_size=384MB "
            "maintenance_work_mem=32MB work_mem=4MB max_wal_size=1GB max_parallel_workers=1 "
            "max_parallel_workers_per_gather=0 max_parallel_maintenance_workers=0 "
            "max_worker_processes=8 ");
  EXPECT_EQ(Derived({.cpu = 2, .memory_bytes = 4096 * kMebibyte}),
            "max_connections=400 shared_buffers=1GB effective_cache_size=3GB "
            "maintenance_work_mem=256MB work_mem=4MB max_wal_size=2GB max_parallel_workers=2 "
            "max_parallel_workers_per_gather=1 max_parallel_maintenance_workers=1 "
            "max_worker_processes=8 ");
  EXPECT_EQ(Derived({.cpu = 16, .memory_bytes = 65536 * kMebibyte}),
            "max_connections=1000 shared_buffers=16GB effective_cache_size=48GB "
            "maintenance_work_mem=2GB work_mem=16MB max_wal_size=8GB max_parallel_workers=16 "
            "max_parallel_workers_per_gather=4 max_parallel_maintenance_workers=4 "
            "max_worker_processes=16 ");
}

TEST(DerivedParametersTest, WithoutACpuLimitTheServersDefaultsStay) {
  EXPECT_EQ(Derived({.cpu = 0, .memory_bytes = 1024 * kMebibyte}),
            "max_connections=100 shared_buffers=256MB effective_cache_size=768MB "
            "maintenance_work_mem=64MB work_mem=4MB max_wal_size=1GB ");
}

// What we come up with ourselves must be as valid, and as canonical, as what a user may write.
TEST(EffectiveParametersTest, AreValidInEveryVersionAndClass) {
  for (const std::string major : {"15", "17"}) {
    for (const auto& instance_class : InstanceClasses()) {
      ClusterSpec spec = SpecOf(major, 9);
      spec.resources = instance_class.resources;
      for (const auto& [name, text] : EffectiveParameters(spec, major)) {
        const auto* definition = FindParameterTable(major)->Find(name);
        ASSERT_NE(definition, nullptr) << name;
        const auto value = ReadValue(*definition, text);
        ASSERT_TRUE(value) << name << " = " << text;
        EXPECT_EQ(value->canonical, text) << name;
      }
    }
  }
}

TEST(EffectiveParametersTest, TheUsersValueGoesFirst) {
  ClusterSpec spec = SpecOf();
  spec.parameters = {
      {"shared_buffers", "0.5GB"}, {"TimeZone", "Europe/Berlin"}, {"my.setting", "Some Text"}};
  const Parameters parameters = EffectiveParameters(spec, "17");
  EXPECT_EQ(parameters.at("shared_buffers"), "512MB");
  EXPECT_EQ(parameters.at("timezone"), "Europe/Berlin");
  EXPECT_EQ(parameters.at("my.setting"), "Some Text");
  EXPECT_EQ(parameters.at("effective_cache_size"), "3GB");
  EXPECT_EQ(parameters.at("archive_mode"), "on");
}

TEST(LocalParametersTest, OnlyForOtherMemoryAndOnlyWhatTheUserLeftOpen) {
  ClusterSpec spec = SpecOf();
  EXPECT_TRUE(LocalParameters(spec, spec.resources).empty());
  spec.parameters = {{"Work_Mem", "8MB"}};
  const Parameters local = LocalParameters(spec, {.cpu = 4, .memory_bytes = 8192 * kMebibyte});
  EXPECT_EQ(local.at("shared_buffers"), "2GB");
  EXPECT_EQ(local.at("max_parallel_workers"), "4");
  EXPECT_FALSE(local.contains("work_mem"));
  // A standby with less of these than its primary would not start.
  EXPECT_FALSE(local.contains("max_connections"));
  EXPECT_FALSE(local.contains("max_worker_processes"));
}

std::string Check(const std::string& name, const std::string& value, int nodes = 1,
                  const std::string& image = "") {
  ClusterSpec spec = SpecOf("17", nodes);
  spec.parameters = {{name, value}};
  spec.image = image;
  std::string text;
  for (const auto& error : ValidateParameters(spec, "17")) {
    EXPECT_EQ(error.kind, ErrorKind::kInvalid);
    text += error.field + ": " + error.summary + ". " + error.detail;
  }
  return text;
}

TEST(ValidateParametersTest, AcceptsWhatAUserMaySet) {
  EXPECT_EQ(Check("work_mem", "64MB"), "");
  EXPECT_EQ(Check("wal_level", "logical"), "");
  EXPECT_EQ(Check("fsync", "on"), "");
  EXPECT_EQ(Check("shared_preload_libraries", "pg_stat_statements, auto_explain"), "");
  EXPECT_EQ(Check("shared_preload_libraries", ""), "");
  EXPECT_EQ(Check("shared_preload_libraries", "timescaledb", 1, "my/timescale:17"), "");
  EXPECT_EQ(Check("auto_explain.log_min_duration", "1s"), "");
  EXPECT_EQ(Check("my_extension.level", "anything"), "");
  EXPECT_EQ(Check("TimeZone", "Europe/Berlin"), "");
}

TEST(ValidateParametersTest, RefusesEachWithItsReason) {
  EXPECT_EQ(Check("shared_bufers", "1GB"),
            "parameters.shared_bufers: PostgreSQL 17 has no parameter shared_bufers. Did you mean "
            "shared_buffers?");
  EXPECT_EQ(Check("innodb_buffer_pool_size", "1GB"),
            "parameters.innodb_buffer_pool_size: PostgreSQL 17 has no parameter "
            "innodb_buffer_pool_size. ");
  EXPECT_EQ(Check("auto_explain.log_min_durations", "1s"),
            "parameters.auto_explain.log_min_durations: PostgreSQL 17 has no parameter "
            "auto_explain.log_min_durations. Did you mean auto_explain.log_min_duration?");
  EXPECT_EQ(Check("work_mem", "1kB"),
            "parameters.work_mem: work_mem has a value that PostgreSQL refuses. \"1kB\" is out of "
            "range: 64kB to 2147483647kB.");
  EXPECT_EQ(Check("port", "5433"),
            "parameters.port: port cannot be set. The engine needs it: the port is set by the "
            "attribute port.");
  EXPECT_EQ(Check("Archive_Mode", "off"),
            "parameters.Archive_Mode: Archive_Mode cannot be set. The engine needs it: archiving "
            "belongs to the backup policy.");
  EXPECT_EQ(Check("block_size", "8192"),
            "parameters.block_size: block_size cannot be set. It only reports how the server was "
            "built or the data was made.");
  EXPECT_EQ(Check("fsync", "false"),
            "parameters.fsync: fsync cannot be off. With it, committed data would be lost when the "
            "machine stops.");
  EXPECT_EQ(Check("wal_level", "minimal"),
            "parameters.wal_level: wal_level cannot be minimal. With it, there would be no "
            "replication.");
  EXPECT_EQ(Check("max_connections", "10"),
            "parameters.max_connections: max_connections must be at least 25. Patroni refuses "
            "less, because replication and failover need it.");
  EXPECT_EQ(Check("max_wal_senders", "5", 9),
            "parameters.max_wal_senders: max_wal_senders must be at least 16. A standby takes one, "
            "and a second one while it is being copied.");
  EXPECT_EQ(
      Check("shared_buffers", "4GB"),
      "parameters.shared_buffers: shared_buffers = 4GB does not fit into a member's memory of "
      "4GB. Sessions need memory beside it: give it at most 80 %, usually 25 %.");
  EXPECT_EQ(Check("shared_preload_libraries", "pg_stat_statements,timescaledb"),
            "parameters.shared_preload_libraries: the image has no library \"timescaledb\". The "
            "members could not start any more. It has auth_delay, auto_explain, passwordcheck, "
            "pg_prewarm, pg_stat_statements, basebackup_to_shell; for others give an image of your "
            "own.");
}

TEST(ValidateParametersTest, NothingThatWeSetOurselvesCanBeSetByAUser) {
  for (const char* name :
       {"listen_addresses", "port", "hot_standby", "ssl", "ssl_cert_file", "ssl_key_file",
        "ssl_ca_file", "archive_mode", "archive_command", "cluster_name", "primary_conninfo",
        "synchronous_standby_names", "unix_socket_directories", "hba_file", "data_directory"}) {
    EXPECT_NE(Check(name, "on").find("cannot be set"), std::string::npos) << name;
  }
}

TEST(ValidateParametersTest, ReportsAllOfThem) {
  ClusterSpec spec = SpecOf();
  spec.parameters = {{"work_mem", "x"}, {"port", "1"}, {"nope", "1"}, {"jit", "off"}};
  EXPECT_EQ(ValidateParameters(spec, "17").size(), 3U);
}

}  // namespace
}  // namespace dbaas::postgresql

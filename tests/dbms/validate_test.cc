// SPDX-License-Identifier: MPL-2.0
#include <gtest/gtest.h>

#include <functional>

#include "tests/dbms/fixture.h"

namespace dbaas {
namespace {

std::string Check(const std::function<void(ClusterSpec&)>& change) {
  ClusterSpec spec = SpecOf();
  change(spec);
  return ToText(PostgreSql().Validate(spec));
}

std::string CheckChange(const std::function<void(ClusterSpec&)>& current,
                        const std::function<void(ClusterSpec&)>& next) {
  ClusterSpec before = SpecOf();
  ClusterSpec after = SpecOf();
  current(before);
  next(after);
  return ToText(PostgreSql().ValidateChange(before, after));
}

void Nothing(ClusterSpec&) {}

TEST(PostgreSqlValidateTest, AcceptsAnOrdinarySpec) {
  EXPECT_EQ(Check(Nothing), "");
  EXPECT_EQ(Check([](auto& spec) { spec.engine_version = "15"; }), "");
  EXPECT_EQ(Check([](auto& spec) { spec.resources.memory_bytes = 256 * kMebibyte; }), "");
  EXPECT_EQ(Check([](auto& spec) { spec.password = Secret<std::string>("pass word$1"); }), "");
}

TEST(PostgreSqlValidateTest, Version) {
  const auto check = [](const char* version, const char* image = "") {
    return Check([&](auto& spec) {
      spec.engine_version = version;
      spec.image = image;
    });
  };
  EXPECT_EQ(check("16"), "engine_version: there is no PostgreSQL 16 here\n");
  EXPECT_EQ(check(""), "engine_version: there is no PostgreSQL  here\n");
  EXPECT_EQ(check("seventeen"), "engine_version: there is no PostgreSQL seventeen here\n");
  EXPECT_EQ(check("17.x"), "engine_version: there is no PostgreSQL 17.x here\n");
  EXPECT_EQ(check("17.6.1"), "engine_version: there is no PostgreSQL 17.6.1 here\n");
  EXPECT_EQ(check("17.6"), "engine_version: the patch level of PostgreSQL 17 cannot be chosen\n");
  EXPECT_EQ(check("17.6", "my/postgres:17.6"), "");

  ClusterSpec spec = SpecOf("14");
  EXPECT_EQ(PostgreSql().Validate(spec).at(0).detail, "Available: 17, 15.");
}

TEST(PostgreSqlValidateTest, Shape) {
  EXPECT_EQ(Check([](auto& spec) { spec.node_count = 0; }),
            "node_count: 0 members are not possible\n");
  EXPECT_EQ(Check([](auto& spec) { spec.node_count = 99; }),
            "node_count: 99 members are not possible\n");
  EXPECT_EQ(Check([](auto& spec) { spec.synchronous_replication = true; }),
            "synchronous_replication: there is no standby that could be synchronous\n");
  EXPECT_EQ(Check([](auto& spec) {
              spec.synchronous_replication = true;
              spec.node_count = 2;
            }),
            "");
  EXPECT_EQ(Check([](auto& spec) { spec.resources.memory_bytes = 100 * kMebibyte; }),
            "instance_class: 100 MiB of memory are too little for PostgreSQL\n");
  EXPECT_EQ(Check([](auto& spec) {
              spec.instance_class = "";
              spec.resources.memory_bytes = -5 * kMebibyte;
            }),
            "resources.memory: -5 MiB of memory are too little for PostgreSQL\n");
  EXPECT_EQ(Check([](auto& spec) { spec.port = spec.reader_port = 5432; }),
            "reader_port: port and reader_port are the same\n");
  EXPECT_EQ(Check([](auto& spec) { spec.name = std::string(41, 'a'); }),
            "name: the name is longer than 40 characters\n");
  EXPECT_EQ(Check([](auto& spec) { spec.name = "dbaas-management"; }),
            "name: the name dbaas-management is taken\n");
}

TEST(PostgreSqlValidateTest, Names) {
  for (const std::string name : {"postgres", "replicator", "rewinder", "pg_monitor", "public"}) {
    EXPECT_EQ(Check([&](auto& spec) { spec.username = name; }),
              "username: the name " + name + " is reserved\n");
  }
  for (const std::string name : {"postgres", "template1", "pg_data"}) {
    EXPECT_EQ(Check([&](auto& spec) { spec.db_name = name; }),
              "db_name: the name " + name + " is reserved\n");
  }
  const std::vector<std::string> unusable = {"",    "1st",  "Admin",
                                             "a-b", "it's", std::string(64, 'a')};
  for (const auto& name : unusable) {
    EXPECT_EQ(Check([&](auto& spec) { spec.username = name; }),
              "username: \"" + name + "\" is not usable as a name\n");
  }
}

TEST(PostgreSqlValidateTest, Password) {
  const auto check = [](const std::string& password) {
    return Check([&](auto& spec) { spec.password = Secret(password); });
  };
  EXPECT_EQ(check("short"), "password: the password must have 8 to 128 characters\n");
  EXPECT_EQ(check(std::string(129, 'a')), "password: the password must have 8 to 128 characters\n");
  EXPECT_EQ(check("pässword"), "password: the password has a character that cannot be typed\n");
  EXPECT_EQ(check("pass\nword"), "password: the password has a character that cannot be typed\n");
}

TEST(PostgreSqlValidateTest, ParametersOfTheirVersion) {
  const auto check = [](const char* version) {
    return Check([&](auto& spec) {
      spec.engine_version = version;
      spec.parameters = {{"transaction_timeout", "1min"}};
    });
  };
  EXPECT_EQ(check("17"), "");
  EXPECT_EQ(check("15"),
            "parameters.transaction_timeout: PostgreSQL 15 has no parameter transaction_timeout\n");
}

TEST(PostgreSqlValidateTest, ReportsEveryMistakeAtOnce) {
  EXPECT_EQ(Check([](auto& spec) {
              spec.engine_version = "9";
              spec.node_count = 0;
              spec.username = "postgres";
            }),
            "engine_version: there is no PostgreSQL 9 here\n"
            "node_count: 0 members are not possible\n"
            "username: the name postgres is reserved\n");
}

TEST(PostgreSqlValidateChangeTest, OrdinaryChangesAreFine) {
  EXPECT_EQ(CheckChange(Nothing, Nothing), "");
  EXPECT_EQ(CheckChange(Nothing, [](auto& spec) { spec.node_count = 3; }), "");
  EXPECT_EQ(CheckChange([](auto& spec) { spec.engine_version = "17.2"; },
                        [](auto& spec) { spec.engine_version = "17.6"; }),
            "");
  EXPECT_EQ(CheckChange([](auto& spec) { spec.engine_version = "17.2"; }, Nothing), "");
}

TEST(PostgreSqlValidateChangeTest, RefusesWhatCannotBe) {
  const auto version = [](const char* text) {
    return [text](ClusterSpec& spec) { spec.engine_version = text; };
  };
  EXPECT_EQ(CheckChange(version("17"), version("15")),
            "engine_version: version 17 cannot become 15\n");
  EXPECT_EQ(CheckChange(version("17.6"), version("17.2")),
            "engine_version: version 17.6 cannot become 17.2\n");
  EXPECT_EQ(CheckChange(version("15"), version("17")),
            "engine_version: a major upgrade is not supported yet (15 to 17)\n");
  EXPECT_EQ(CheckChange(Nothing, [](auto& spec) { spec.engine = "mysql"; }),
            "engine: postgresql cannot become mysql\n");
  EXPECT_EQ(CheckChange(Nothing,
                        [](auto& spec) {
                          spec.username = "root";
                          spec.db_name = "shop";
                        }),
            "username: username admin cannot become root\n"
            "db_name: db_name app cannot become shop\n");
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/hash.h"
#include "engine/dbms/postgresql/sql.h"
#include "tests/dbms/fixture.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// The script's ARGUMENTS, read the way Python does.
Json ArgumentsOf(const Command& command) {
  const std::string input = ResolveHostWords(command.input.Reveal());
  const auto begin = input.find("json.loads(r'") + 13;
  const auto end = input.find("')\n", begin);
  const std::string literal = input.substr(begin, end - begin);
  EXPECT_EQ(literal.find_first_of("'\n"), std::string::npos) << "ends the literal: " << literal;
  return Json::parse(literal);
}

Settings DesiredOf(const ClusterRecord& record) {
  return PostgreSql().Expand(record).value().settings;
}

std::vector<std::string> KeysOf(const Settings& settings) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : settings) keys.push_back(key);
  return keys;
}

TEST(PostgreSqlCommandsTest, SecretsGoInByStdinOnly) {
  const ClusterRecord record = RecordOf(SpecOf("17", 2));
  const Settings desired = DesiredOf(record);
  for (const Command& command :
       {PostgreSql().Probe(record, "pgt-1"),
        PostgreSql().ApplySettings(record, desired, KeysOf(desired), "pgt-1"),
        PostgreSql().RestartMember(record, "pgt-1"), PostgreSql().ReloadMember(record, "pgt-1"),
        PostgreSql().Switchover(record, "pgt-1", "pgt-2"), PostgreSql().Forget(record)}) {
    for (const auto& argument : command.argv) EXPECT_THAT(argument, Not(HasSubstr("secret-")));
  }
}

// A verifier is all that reaches the server, so none of its logs can hold a password.
TEST(PostgreSqlCommandsTest, NoPasswordOfARoleIsSentAtAll) {
  const ClusterRecord record = RecordOf(SpecOf("17", 2));
  const Settings desired = DesiredOf(record);
  const std::string input =
      PostgreSql().ApplySettings(record, desired, KeysOf(desired), "pgt-1").input.Reveal();
  EXPECT_THAT(input, HasSubstr("SCRAM-SHA-256$4096:"));
  EXPECT_THAT(input, HasSubstr("secret-rest_password"));
  EXPECT_THAT(input, Not(HasSubstr("secret-password")));
  EXPECT_THAT(input, Not(HasSubstr("secret-replication_password")));
  EXPECT_THAT(input, Not(HasSubstr("secret-rewind_password")));
  EXPECT_THAT(PostgreSql().Probe(record, "pgt-1").input.Reveal(), Not(HasSubstr("secret-")));
}

TEST(PostgreSqlCommandsTest, AnyTextArrivesInAScriptAsItIs) {
  ClusterRecord record = RecordOf(SpecOf());
  const Settings desired = {
      {"parameters.log_line_prefix", Secret<std::string>("it's \\ \"é\"\n')")}};
  EXPECT_EQ(ArgumentsOf(PostgreSql().ApplySettings(record, desired, KeysOf(desired), "pgt-1"))
                .at("/patch/postgresql/parameters/log_line_prefix"_json_pointer),
            "it's \\ \"é\"\n')");
}

TEST(PostgreSqlCommandsTest, ApplySettingsTakesOnlyTheKeysAskedFor) {
  ClusterSpec spec = SpecOf();
  spec.parameters = {{"work_mem", "16MB"}, {"shared_buffers", "2GB"}};
  const ClusterRecord record =
      RecordOf(spec, {{.name = "reports", .resources = Resources{8, 8192 * kMebibyte}}});
  const Command command = PostgreSql().ApplySettings(
      record, DesiredOf(record),
      {"parameters.work_mem", "parameters.shared_buffers", "parameters.jit"}, "pgt-1");
  EXPECT_EQ(command.instance, "pgt-1");
  EXPECT_THAT(command.argv, ElementsAre("python3", "-I", "-"));
  const Json arguments = ArgumentsOf(command);
  EXPECT_EQ(
      Dump(arguments["patch"]),
      R"({"postgresql":{"parameters":{"jit":null,"shared_buffers":"2GB","work_mem":"16MB"}}})");
  EXPECT_EQ(arguments["sql"], "");
  EXPECT_THAT(arguments["effect_sql"].get<std::string>(),
              HasSubstr("(VALUES ('work_mem', '16384'))"));
  EXPECT_THAT(arguments["restart_sql"].get<std::string>(),
              HasSubstr("(VALUES ('shared_buffers', '262144'))"));
  EXPECT_EQ(arguments["data_folder"], "/var/lib/postgresql/17/data");
  // The user set shared_buffers and work_mem for all; the rest is the replica's own.
  EXPECT_THAT(arguments["local_parameters"]["pgt-reports"],
              ElementsAre("effective_cache_size", "maintenance_work_mem",
                          "max_parallel_maintenance_workers", "max_parallel_workers",
                          "max_parallel_workers_per_gather"));
}

TEST(PostgreSqlCommandsTest, RolesAndDatabaseAreIdempotentSql) {
  const ClusterRecord record = RecordOf(SpecOf());
  const Json arguments = ArgumentsOf(PostgreSql().ApplySettings(
      record, DesiredOf(record), {"role.admin", "database.app"}, "pgt-1"));
  EXPECT_EQ(Dump(arguments["patch"]), "{}");
  const std::string sql = arguments["sql"].get<std::string>();
  EXPECT_TRUE(sql.starts_with("SET statement_timeout TO 0;\n")) << sql;
  EXPECT_THAT(sql, HasSubstr("SET log_statement TO none;\n"));
  EXPECT_THAT(sql,
              HasSubstr("SELECT 'CREATE ROLE \"admin\"' WHERE NOT EXISTS (SELECT FROM pg_roles "
                        "WHERE rolname = 'admin') \\gexec\n"
                        "ALTER ROLE \"admin\" WITH LOGIN CREATEDB CREATEROLE NOSUPERUSER "
                        "NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:"));
  EXPECT_THAT(sql, HasSubstr("GRANT pg_checkpoint, pg_monitor, pg_signal_backend TO \"admin\" WITH "
                             "ADMIN OPTION;\n"));
  EXPECT_THAT(sql, HasSubstr("ALTER DATABASE \"app\" OWNER TO \"admin\";\n"));
  EXPECT_THAT(sql, Not(HasSubstr("replicator")));
}

TEST(PostgreSqlCommandsTest, WhateverIsInAnArgumentArrivesUnchanged) {
  ClusterSpec spec = SpecOf();
  const std::string text = "it's \"quoted\" \\ back ) \xc3\xa9 \xf0\x9f\x98\x80 ''' %m";
  spec.parameters = {{"log_line_prefix", text}};
  const ClusterRecord record = RecordOf(spec);
  const Command command = PostgreSql().ApplySettings(record, DesiredOf(record),
                                                     {"parameters.log_line_prefix"}, "pgt-1");
  EXPECT_EQ(ArgumentsOf(command)["patch"]["postgresql"]["parameters"]["log_line_prefix"], text);
}

TEST(PostgreSqlCommandsTest, SwitchoverAndRestartRunWhereTheyBelong) {
  const ClusterRecord record = RecordOf(SpecOf("17", 2));
  const Command switchover = PostgreSql().Switchover(record, "pgt-1", "pgt-2");
  EXPECT_EQ(switchover.instance, "pgt-1");
  EXPECT_EQ(ArgumentsOf(switchover)["from"], "pgt-1");
  EXPECT_EQ(ArgumentsOf(switchover)["to"], "pgt-2");
  EXPECT_EQ(PostgreSql().RestartMember(record, "pgt-2").instance, "pgt-2");
}

TEST(PostgreSqlCommandsTest, ForgetRemovesThisIncarnationOnly) {
  const Command forget = PostgreSql().Forget(RecordOf(SpecOf()));
  EXPECT_EQ(forget.instance, "dbaas-management-etcd");
  EXPECT_THAT(forget.argv, ElementsAre("etcdctl", "--endpoints=http://" + LocalAddress() + ":2379",
                                       "del", "--prefix", "/dbaas/pgt-x7kq/"));
}

// ---- Claims, as `etcdctl --write-out=json txn` has them
// ------------------------------------------

Json Entry(const std::string& key, const std::string& value, int revision) {
  return {{"key", Base64("/dbaas/pgt-x7kq/" + key)},
          {"value", Base64(value)},
          {"create_revision", 3},
          {"mod_revision", revision}};
}

std::string Looked(const Json& leader, const Json& configuration) {
  Json responses = Json::array();
  for (const Json& entry : {leader, configuration}) {
    responses.push_back({{"Response", {{"response_range", {{"kvs", Json::array({entry})}}}}}});
  }
  return Dump({{"header", {{"revision", 702}}}, {"responses", responses}});
}

TEST(PostgreSqlClaimTest, AnEmptyClaimOnlyLooks) {
  const Command look = PostgreSql().RevokeClaim(RecordOf(SpecOf()), {});
  EXPECT_EQ(look.instance, "dbaas-management-etcd");
  EXPECT_EQ(look.argv.back(), "txn");
  EXPECT_EQ(look.input.Reveal(), "\nget /dbaas/pgt-x7kq/leader\nget /dbaas/pgt-x7kq/config\n\n\n");
}

TEST(PostgreSqlClaimTest, AClaimGoesOnlyIfItStandsExactlyAsItWasRead) {
  const auto seen = PostgreSql().ReadClaim(
      Looked(Entry("leader", "pgt-1", 58), Entry("config", R"({"ttl":20})", 13)));
  ASSERT_TRUE(seen.has_value());
  EXPECT_FALSE(seen->revoked);
  EXPECT_EQ(seen->claim.member, "pgt-1");
  EXPECT_FALSE(seen->claim.suspended);
  EXPECT_EQ(PostgreSql().RevokeClaim(RecordOf(SpecOf()), seen->claim).input.Reveal(),
            "value(\"/dbaas/pgt-x7kq/leader\") = \"pgt-1\"\n"
            "mod(\"/dbaas/pgt-x7kq/leader\") = \"58\"\n"
            "mod(\"/dbaas/pgt-x7kq/config\") = \"13\"\n"
            "\n"
            "del /dbaas/pgt-x7kq/leader\n"
            "\n"
            "get /dbaas/pgt-x7kq/leader\nget /dbaas/pgt-x7kq/config\n"
            "\n");
}

TEST(PostgreSqlClaimTest, AClaimThatIsPassedOnNamesTheNextLeaderInTheSameStep) {
  const ClusterRecord record = RecordOf(SpecOf());
  EXPECT_EQ(PostgreSql().PassClaim(record, {}, "pgt-2").input.Reveal(),
            PostgreSql().RevokeClaim(record, {}).input.Reveal());
  const Claim seen{.member = "pgt-1", .version = "58/13"};
  EXPECT_EQ(PostgreSql().PassClaim(record, seen, "pgt-2").input.Reveal(),
            "value(\"/dbaas/pgt-x7kq/leader\") = \"pgt-1\"\n"
            "mod(\"/dbaas/pgt-x7kq/leader\") = \"58\"\n"
            "mod(\"/dbaas/pgt-x7kq/config\") = \"13\"\n"
            "\n"
            R"(put /dbaas/pgt-x7kq/failover "{\"member\":\"pgt-2\"}")"
            "\n"
            "del /dbaas/pgt-x7kq/leader\n"
            "\n"
            "get /dbaas/pgt-x7kq/leader\nget /dbaas/pgt-x7kq/config\n"
            "\n");
}

TEST(PostgreSqlClaimTest, WithNoClaimTheNextLeaderIsNamedUnlessSomebodyClaimsMeanwhile) {
  const auto nobody = PostgreSql().ReadClaim(
      R"({"responses":[{"Response":{"response_range":{"header":{"revision":702}}}}]})");
  ASSERT_TRUE(nobody.has_value());
  EXPECT_THAT(PostgreSql().PassClaim(RecordOf(SpecOf()), nobody->claim, "pgt-2").input.Reveal(),
              testing::StartsWith("mod(\"/dbaas/pgt-x7kq/leader\") = \"0\"\n"
                                  "mod(\"/dbaas/pgt-x7kq/config\") = \"0\"\n\nput "));
  EXPECT_TRUE(PostgreSql()
                  .ReadClaim(R"({"responses":[{"Response":{"response_put":{}}},
                                 {"Response":{"response_delete_range":{}}}]})")
                  ->revoked);
}

TEST(PostgreSqlClaimTest, WhatWasDeletedWasRevokedAndWhatWasNotThereWasNot) {
  const std::string answer =
      R"({"succeeded":true,"responses":[{"Response":{"response_delete_range":{"deleted":1}}}]})";
  EXPECT_TRUE(PostgreSql().ReadClaim(answer)->revoked);
  const auto nobody = PostgreSql().ReadClaim(
      R"({"responses":[{"Response":{"response_range":{"header":{"revision":702}}}}]})");
  EXPECT_FALSE(nobody->revoked);
  EXPECT_EQ(nobody->claim.member, "");
}

TEST(PostgreSqlClaimTest, APauseSuspendsAndSoDoesAConfigurationThatCannotBeRead) {
  const Json leader = Entry("leader", "pgt-1", 58);
  const auto suspended = [&](const std::string& configuration) {
    return PostgreSql()
        .ReadClaim(Looked(leader, Entry("config", configuration, 13)))
        ->claim.suspended;
  };
  EXPECT_TRUE(suspended(R"({"pause":true})"));
  EXPECT_FALSE(suspended(R"({"pause":false})"));
  EXPECT_TRUE(suspended("nonsense"));
  EXPECT_FALSE(PostgreSql().ReadClaim("etcd is away").has_value());
}

TEST(SqlTest, Quoting) {
  EXPECT_EQ(postgresql::Literal("it's"), "'it''s'");
  EXPECT_EQ(postgresql::Identifier("a\"b"), "\"a\"\"b\"");
}

// tcp_... shows the session's own socket; texts are rewritten by the server.
TEST(SqlTest, OnlyWhatCanBeComparedIsWaitedFor) {
  const Settings desired = {{"parameters.tcp_keepalives_idle", Secret<std::string>("1min")},
                            {"parameters.timezone", Secret<std::string>("UTC")},
                            {"parameters.shared_buffers", Secret<std::string>("1GB")}};
  EXPECT_EQ(postgresql::EffectSql("17", desired, KeysOf(desired)), "");
  EXPECT_THAT(postgresql::RestartSql("17", desired, KeysOf(desired)),
              HasSubstr("VALUES ('shared_buffers', '131072')"));
}

TEST(PostgreSqlLoginTest, HasAnEndBeforeItCanLogInAndItsPasswordIsNeverSent) {
  const ClusterRecord record = RecordOf(SpecOf("17", 2));
  const Login login{.role = "dbaas_login_x",
                    .access = Login::Access::kReadOnly,
                    .ttl = Milliseconds(90'000),
                    .password = Secret<std::string>("brief-secret")};
  const Command command = PostgreSql().OpenLogin(record, login, "pgt-2");
  EXPECT_EQ(command.instance, "pgt-2");
  EXPECT_THAT(command.argv, ElementsAre("python3", "-I", "-"));
  EXPECT_THAT(command.input.Reveal(), Not(HasSubstr("brief-secret")));
  const std::string sql = ArgumentsOf(command)["sql"].get<std::string>();
  const auto at = [&](const char* text) {
    EXPECT_THAT(sql, HasSubstr(text));
    return sql.find(text);
  };
  EXPECT_LT(at("BEGIN;"), at("'CREATE ROLE \"dbaas_login_x\"'"));
  EXPECT_LT(at("interval '90 s'"), at("WITH LOGIN NOSUPERUSER"));
  EXPECT_LT(at("PASSWORD 'SCRAM-SHA-256$4096:"), at("COMMIT;"));
  EXPECT_THAT(sql, HasSubstr("GRANT pg_read_all_data TO \"dbaas_login_x\""));
  EXPECT_THAT(sql, Not(HasSubstr("pg_write_all_data")));
  EXPECT_THAT(ArgumentsOf(command)["doomed_sql"].get<std::string>(),
              HasSubstr("starts_with(rolname, 'dbaas_login_') AND rolvaliduntil < now()"));
  Login writer = login;
  writer.access = Login::Access::kReadWrite;
  EXPECT_THAT(PostgreSql().OpenLogin(record, writer, "pgt-1").input.Reveal(),
              HasSubstr("GRANT pg_read_all_data, pg_write_all_data TO"));
}

TEST(PostgreSqlLoginTest, RenewingOnlyMovesTheEndAndClosingOnlyDropsTheOne) {
  const ClusterRecord record = RecordOf(SpecOf("17", 2));
  const Login login{.role = "dbaas_login_x", .ttl = Milliseconds(60'000)};
  const Json renew = ArgumentsOf(PostgreSql().RenewLogin(record, login, "pgt-1"));
  EXPECT_THAT(renew["sql"].get<std::string>(), HasSubstr("VALID UNTIL"));
  EXPECT_THAT(renew["sql"].get<std::string>(), Not(HasSubstr("CREATE")));
  EXPECT_EQ(renew["doomed_sql"], "");
  const Json close = ArgumentsOf(PostgreSql().CloseLogin(record, "dbaas_login_x", "pgt-1"));
  EXPECT_EQ(close["sql"], "");
  EXPECT_THAT(close["doomed_sql"].get<std::string>(),
              HasSubstr("starts_with(rolname, 'dbaas_login_') AND rolname = 'dbaas_login_x'"));
}

}  // namespace
}  // namespace dbaas

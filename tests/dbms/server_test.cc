// SPDX-License-Identifier: MPL-2.0
//
// Our SQL and our verifiers against the real servers of the images, each alone in a throw-away
// container. Needs a Docker engine and the images (./dev images).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "engine/dbms/postgresql/sql.h"
#include "tests/dbms/fixture.h"

namespace dbaas::postgresql {
namespace {

std::string Run(const std::string& shell) {
  std::string output;
  FILE* pipe = popen(shell.c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  const int status = pclose(pipe);
  return status == 0 ? output : output + "\nexit status " + std::to_string(status);
}

bool HasImage(const std::string& image) {
  return std::system(("docker image inspect " + image + " >/dev/null 2>&1").c_str()) == 0;
}

/// Starts a server in a new container, runs `steps` (bash) there, and gives what they print.
std::string OnServer(const std::string& image, const std::string& steps) {
  const std::string script = R"(set -eu
export PGHOST=/tmp PGUSER=postgres PGDATABASE=postgres
initdb --pgdata /tmp/data --auth-local trust --auth-host scram-sha-256 >/dev/null
cat >/tmp/query <<'END'
#!/bin/sh
exec psql -XqAt -v ON_ERROR_STOP=1 "$@"
END
chmod +x /tmp/query
pg_ctl --pgdata /tmp/data --wait --silent --log /tmp/log \
  --options "-c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp" start
)" + steps;
  char path[] = "/tmp/dbms_server_test_XXXXXX";
  const int file = mkstemp(path);
  FILE* stream = fdopen(file, "w");
  fwrite(script.data(), 1, script.size(), stream);
  fclose(stream);
  std::string output = Run("docker run --rm -i --network none " + image + " bash -s 2>&1 <" + path);
  remove(path);
  return output;
}

std::string Query(const std::string& sql) { return "/tmp/query <<'END'\n" + sql + "\nEND\n"; }

class ServerTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!HasImage(Image())) GTEST_SKIP() << "no image " << Image() << " on a Docker engine here";
  }
  std::string Image() const { return "dbaas/postgresql:" + GetParam(); }
};

TEST_P(ServerTest, RolesAndDatabaseEndUpAsDesired) {
  ClusterRecord record = RecordOf(SpecOf(GetParam()));
  record.secrets["password"] = Secret<std::string>("p4ss' w\\rd\"%");
  Settings desired = RoleSettings(record);
  std::vector<std::string> keys = {"database.app"};
  for (const auto& [key, value] : desired) keys.push_back(key);
  const std::string sql = SettingsSql(record, keys).Reveal();
  const std::string login =
      "PGPASSFILE=/dev/null psql -XqAt -h 127.0.0.1 -U admin app -c 'SELECT current_user' 2>&1";

  const std::string output = OnServer(
      Image(), Query(sql) + Query(sql) +  // Twice: it is idempotent.
                   "echo observed; " + Query(ObserveSql(record)) + "echo end\n" +
                   "export PGPASSWORD='p4ss'\\'' w\\rd\"%'\n" + login + "\n" + "PGPASSWORD=wrong " +
                   login + " || true\n" + "grep -c SCRAM /tmp/log || true\n");
  const auto begin = output.find("observed\n");
  const auto end = output.find("end\n", begin);
  ASSERT_NE(end, std::string::npos) << output;
  const Json observed = Json::parse(output.substr(begin + 9, end - begin - 9), nullptr, false);
  ASSERT_TRUE(observed.is_object()) << output;
  for (const auto& [key, value] : desired) {
    EXPECT_EQ(observed["roles"][key.substr(5)], value.Reveal()) << key;
  }
  EXPECT_EQ(observed["roles"].size(), desired.size());
  EXPECT_EQ(Dump(observed["databases"]), R"({"app":"admin"})");
  const std::string logins = output.substr(end);
  EXPECT_TRUE(logins.starts_with("end\nadmin\n")) << output;
  EXPECT_NE(logins.find("password authentication failed for user \"admin\""), std::string::npos)
      << output;
  EXPECT_TRUE(logins.ends_with("\n0\n")) << "a verifier is in the server's log: " << output;
}

TEST_P(ServerTest, DifferencesAreFoundByTheServerItself) {
  const Settings desired = {{"parameters.work_mem", Secret<std::string>("8MB")},
                            {"parameters.random_page_cost", Secret<std::string>("4")},
                            {"parameters.autovacuum_vacuum_cost_delay", Secret<std::string>("2ms")},
                            {"parameters.jit", Secret<std::string>("off")},
                            {"parameters.max_connections", Secret<std::string>("100")},
                            {"parameters.shared_buffers", Secret<std::string>("64MB")}};
  std::vector<std::string> keys;
  for (const auto& [key, value] : desired) keys.push_back(key);
  std::string replayed = ReplaySql();  // A primary has nothing to wait for.
  replayed.replace(replayed.find("WRITTEN"), 7, "0");
  EXPECT_EQ(OnServer(Image(), Query(EffectSql(GetParam(), desired, keys)) + "echo\n" +
                                  Query(RestartSql(GetParam(), desired, keys)) + "echo\n" +
                                  Query(replayed)),
            "jit\nwork_mem\n\nshared_buffers\n\n");
}

INSTANTIATE_TEST_SUITE_P(Versions, ServerTest, testing::Values("15", "17"));

}  // namespace
}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
//
// probes/ holds what scripts/probe.py really printed in clusters of both versions (3_0_documented
// is put together from Patroni 3.0's documentation).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dbms/fixture.h"

namespace dbaas {
namespace {

std::string ToText(const ClusterFacts& facts) {
  std::string text;
  for (const auto& member : facts.members) {
    text += fmt::format(
        "{} {}{}{}{}{} lag {} '{}'\n", member.name, ToString(member.role),
        member.running ? " running" : "", member.streaming ? " streaming" : "",
        member.synchronous ? " synchronous" : "", member.pending_restart ? " pending" : "",
        member.lag_bytes ? std::to_string(*member.lag_bytes) : "unknown", member.state);
  }
  return text + facts.version + (facts.settings_known ? " known" : " unknown");
}

Result<ClusterFacts> Read(const std::string& name, const std::string& version = "17") {
  return PostgreSql().ReadProbe(RecordOf(SpecOf(version, 3), {{.name = "reports"}}),
                                ReadTestFile("probes/" + name + ".json"));
}

TEST(PostgreSqlProbeTest, ThreeMembersAfterASwitchover) {
  EXPECT_EQ(ToText(Read("15_three_members", "15").value()),
            "pgt-1 standby running streaming lag 0 'streaming'\n"
            "pgt-2 primary running lag unknown 'running'\n"
            "pgt-reports replica running streaming lag 0 'streaming'\n"
            "15.20 known");
}

TEST(PostgreSqlProbeTest, SynchronousStandbys) {
  EXPECT_EQ(ToText(Read("17_synchronous").value()),
            "pgt-1 primary running lag unknown 'running'\n"
            "pgt-2 standby running streaming synchronous lag 0 'streaming'\n"
            "pgt-3 standby running streaming synchronous lag 0 'streaming'\n"
            "pgt-reports replica running streaming lag 0 'streaming'\n"
            "17.12 known");
}

TEST(PostgreSqlProbeTest, RestartsThatAreWaitedFor) {
  EXPECT_EQ(ToText(Read("15_pending_restart", "15").value()),
            "pgt-1 primary running pending lag unknown 'running'\n"
            "pgt-2 standby running streaming pending lag 0 'streaming'\n"
            "pgt-reports replica running streaming pending lag 0 'streaming'\n"
            "15.20 known");
}

// Its entry in etcd says "running" until the ttl is over; who is asked knows better.
TEST(PostgreSqlProbeTest, AKilledPrimaryIsNotRunning) {
  EXPECT_EQ(ToText(Read("17_primary_killed").value()),
            "pgt-1 primary lag unknown 'not answering'\n"
            "pgt-2 standby running synchronous lag 0 'running'\n"
            "pgt-3 standby running synchronous lag 0 'running'\n"
            "pgt-reports replica running lag 0 'running'\n"
            "17.12 known");
}

TEST(PostgreSqlProbeTest, AMemberThatCopiesTheDataIsNotRunning) {
  EXPECT_EQ(ToText(Read("15_joining", "15").value()),
            "pgt-1 primary running lag unknown 'running'\n"
            "pgt-2 standby lag unknown 'creating replica'\n"
            "15.20 known");
}

TEST(PostgreSqlProbeTest, AClusterThatIsBeingMadeHasNoPrimaryYet) {
  for (const char* name : {"15_initializing", "15_starting"}) {
    const auto facts = Read(name, "15");
    ASSERT_TRUE(facts) << name;
    EXPECT_EQ(facts->Primary(), nullptr) << name;
    EXPECT_FALSE(facts->members.at(0).running) << name;
    EXPECT_FALSE(facts->settings_known) << name;
  }
}

TEST(PostgreSqlProbeTest, WhoSeesNothingSaysSo) {
  EXPECT_EQ(Read("15_not_started").error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(Read("15_not_started").error().summary, "Patroni has not started yet");
  const ClusterRecord record = RecordOf(SpecOf());
  // Without etcd: claiming that the cluster has no members would look like their removal.
  EXPECT_EQ(PostgreSql().ReadProbe(record, R"({"self": {"state": "running"}})").error().summary,
            "the member cannot reach etcd");
  EXPECT_FALSE(PostgreSql().ReadProbe(record, ""));
  EXPECT_FALSE(PostgreSql().ReadProbe(record, "[]"));
  EXPECT_FALSE(PostgreSql().ReadProbe(record, "Traceback (most recent call last):"));
}

TEST(PostgreSqlProbeTest, Patroni3) {
  const ClusterFacts facts = Read("3_0_documented", "15").value();
  EXPECT_EQ(ToText(facts),
            "pgt-1 primary running lag unknown 'running'\n"
            "pgt-2 standby running streaming synchronous lag 416 'streaming'\n"
            "stray replica lag unknown 'start failed'\n"
            "15.2 known");
  EXPECT_EQ(facts.settings.at("parameters.work_mem").Reveal(), "8MB");
  EXPECT_EQ(facts.settings.at("parameters.max_connections").Reveal(), "100");
  EXPECT_EQ(facts.settings.at("parameters.log_lock_waits").Reveal(), "on");
  EXPECT_EQ(facts.settings.at("synchronous_mode").Reveal(), "on");
  EXPECT_EQ(facts.settings.at("patroni.ttl").Reveal(), "30");
  EXPECT_EQ(facts.settings.at("database.app").Reveal(), "admin");
}

// A leader holds the key before it is promoted; nobody can write until it is.
TEST(PostgreSqlProbeTest, AnUnfinishedPromotionIsNotARunningPrimary) {
  const ClusterFacts facts = PostgreSql()
                                 .ReadProbe(RecordOf(SpecOf()), R"({"self": {"state": "running"},
            "cluster": {"members": [{"name": "pgt-1", "role": "leader", "state": "running"}]},
            "members": {"pgt-1": {"state": "running", "role": "replica"}}})")
                                 .value();
  EXPECT_EQ(ToText(facts), "pgt-1 primary lag unknown 'promoting'\n unknown");
}

TEST(PostgreSqlProbeTest, SettingsAsTheyWereAppliedMakeNoDifference) {
  ClusterSpec spec = SpecOf("17", 3);
  spec.instance_class = "db.micro";
  spec.resources = {.cpu = 0.5, .memory_bytes = 512 * kMebibyte};
  spec.synchronous_replication = true;
  const ClusterRecord record = RecordOf(spec, {{.name = "reports"}});
  const Settings desired = PostgreSql().Expand(record).value().settings;
  const Settings found =
      PostgreSql().ReadProbe(record, ReadTestFile("probes/17_synchronous.json")).value().settings;
  for (const auto& [key, value] : desired) {
    ASSERT_TRUE(found.contains(key)) << key;
    if (key.starts_with("role.")) continue;  // Other passwords.
    EXPECT_EQ(found.at(key).Reveal(), value.Reveal()) << key;
  }
  EXPECT_EQ(found.size(), desired.size());
}

}  // namespace
}  // namespace dbaas

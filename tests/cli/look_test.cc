// SPDX-License-Identifier: MPL-2.0
//
// The verbs that only look: logs, events, graph.
#include "engine/base/json.h"
#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;

class LookTest : public FileTest {
 protected:
  LookTest() { Write(R"(, "node_count": 2)"); }
  void HaveCluster() { ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str(); }
};

TEST_F(LookTest, LogsOfOneInstanceAreAsItWroteThem) {
  HaveCluster();
  host_->OnLogs(
      [](const FakeObject& instance) { return "I am " + instance.object.id.name + "\n"; });
  EXPECT_EQ(Dbaas({"logs", "orders", "orders-2"}), kDone);
  EXPECT_EQ(out_.str(), "I am orders-2\n");
}

TEST_F(LookTest, LogsOfAllSayWhoseEachLineIs) {
  HaveCluster();
  host_->OnLogs([](const FakeObject&) { return "a\nb\n"; });
  EXPECT_EQ(Dbaas({"logs", "orders"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("orders-1 | a\norders-1 | b\norders-2 | a\n"));
  EXPECT_EQ(Dbaas({"logs", "orders", "orders-1", "--json"}), kDone);
  EXPECT_EQ(Json::parse(out_.str()),
            Json::parse(R"({"instances": [{"name": "orders-1", "lines": ["a", "b"]}]})"));
}

TEST_F(LookTest, LogsOfWhatIsNotThere) {
  HaveCluster();
  EXPECT_EQ(Dbaas({"logs", "orders", "orders-9"}), kNoSuchCluster);
  EXPECT_THAT(err_.str(), HasSubstr("cluster local/orders has no instance orders-9"));
  EXPECT_EQ(Dbaas({"logs", "nothing"}), kNoSuchCluster);
}

TEST_F(LookTest, EventsAreTheHistoryNewestLast) {
  HaveCluster();
  Write(R"(, "node_count": 1)");
  HaveCluster();
  EXPECT_EQ(Dbaas({"events", "orders", "--actions", "--verify"}), kDone);
  const std::string text = out_.str();
  EXPECT_LT(text.find("new cluster  ok\n"), text.find("node_count 2 → 1  ok\n"));
  EXPECT_THAT(text, HasSubstr("      - instance orders-2  ok"));
  EXPECT_THAT(text, HasSubstr("2 entries, unbroken"));
  EXPECT_EQ(Dbaas({"events", "orders", "--json"}), kDone);
  const Json events = Json::parse(out_.str());
  EXPECT_EQ(events["cluster"], "local/orders");
  EXPECT_EQ(events["events"][1]["what"], "node_count 2 → 1");
}

TEST_F(LookTest, EventsVerifyFailsWhenAnEntryWasChanged) {
  HaveCluster();
  auto record = *host_->ReadRecord("orders").value();
  record.history[0].who = "somebody else";
  ASSERT_TRUE(host_->WriteRecord(record, record.generation).has_value());
  EXPECT_EQ(Dbaas({"events", "orders", "--verify"}), kFailed);
  EXPECT_EQ(Dbaas({"events", "orders"}), kDone);
}

TEST_F(LookTest, LocalEventsAreWhatThisMachineDidWithoutAskingTheHost) {
  HaveCluster();
  Write(R"(, "node_count": 1)");
  HaveCluster();
  host_->SetReachable(false);
  EXPECT_EQ(Dbaas({"events", "orders"}), kFailed);
  EXPECT_EQ(Dbaas({"events", "orders", "--local"}), kDone) << err_.str();
  const std::string text = out_.str();
  EXPECT_LT(text.find("new cluster  ok"), text.find("node_count 2 → 1  ok"));
  EXPECT_THAT(text, HasSubstr("\n      - instance orders-2  ok  0."));
  EXPECT_THAT(text, testing::Not(HasSubstr("cut")));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(Dbaas({"events", "orders", "--local", "--json"}), kDone);
  const Json events = Json::parse(out_.str());
  EXPECT_EQ(events["cluster"], "local/orders");
  EXPECT_EQ(events["strange_lines"], 0);
  EXPECT_EQ(events["events"][1]["what"], "node_count 2 → 1");
  EXPECT_EQ(events["events"][1]["outcome"], "ok");
  EXPECT_EQ(events["events"][1]["actions"][0]["outcome"], "ok");
}

TEST_F(LookTest, LocalEventsSayWhatFailedAndWhatWasCut) {
  host_->FailNext("Ensure", Denied("the disk is full"));
  EXPECT_EQ(In("apply", {"--yes"}), kFailed);
  std::ofstream(state_ + "/dbaas/journal/local/orders.jsonl", std::ios::app)
      << R"({"event":"apply","generation":2,"at":"2026-01-01T00:00:00.000Z","who":"bob","what":"x"})"
      << "\n"
      << R"({"event":"began","generation":2,"at":"2026-01-01T00:00:01.000Z","action":"> a"})"
      << "\n{\"event\":\"en";
  EXPECT_EQ(Dbaas({"events", "local/orders", "--local"}), kDone);
  EXPECT_THAT(out_.str(), testing::ContainsRegex(
                              "\n      [^\n]+  failed after 0.. s: [^\n]*the disk is full\n"));
  EXPECT_THAT(out_.str(), HasSubstr("bob  x  cut\n      > a  cut\n"));
  EXPECT_EQ(err_.str(), "1 lines of the journal are torn or none of ours\n");
}

TEST_F(LookTest, LocalEventsOfAHostThatIsNotConfigured) {
  HaveCluster();
  std::filesystem::rename(state_ + "/dbaas/journal/local", state_ + "/dbaas/journal/db1");
  EXPECT_EQ(Dbaas({"events", "orders", "--local"}), kNoSuchCluster);
  EXPECT_THAT(err_.str(), HasSubstr("there is no journal of local/orders on this machine"));
  EXPECT_THAT(err_.str(), HasSubstr("There is one of orders on: db1."));
  EXPECT_EQ(Dbaas({"events", "db1/orders", "--local"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("new cluster  ok"));
  EXPECT_GT(Dbaas({"events", "orders", "--local", "--verify"}), 100);
}

TEST_F(LookTest, GraphHasANodeForEachActionAndAnEdgeForEachWait) {
  EXPECT_EQ(In("graph"), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("label=\"dbaas_cluster.main\";"));
  EXPECT_THAT(out_.str(), HasSubstr("c0a0 [label=\"+ network orders\"];"));
  EXPECT_THAT(out_.str(), HasSubstr("c0a0 -> c0a4;"));
  EXPECT_EQ(In("graph", {"--mermaid"}), kDone);
  EXPECT_THAT(out_.str(), testing::StartsWith("flowchart LR\n"));
  EXPECT_THAT(out_.str(), HasSubstr("c0a0 --> c0a4\n"));
  EXPECT_EQ(In("graph", {"--json"}), kDone);
  const Json graph = Json::parse(out_.str())["changes"][0];
  EXPECT_EQ(graph["address"], "dbaas_cluster.main");
  EXPECT_EQ(graph["nodes"][0],
            Json({{"id", 0}, {"title", "+ network orders"}, {"reason", "new cluster"}}));
  EXPECT_THAT(graph["edges"], testing::Contains(Json({{"from", 0}, {"to", 4}})));
  EXPECT_GT(In("graph", {"--json", "--mermaid"}), 100);
}

}  // namespace
}  // namespace dbaas

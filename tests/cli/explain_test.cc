// SPDX-License-Identifier: MPL-2.0
//
// explain, as typed, over a host in memory.
#include "engine/base/json.h"
#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;

using ExplainTest = FileTest;

TEST_F(ExplainTest, ARollingRestartIsToldPerMemberWithItsReasonAndItsCost) {
  Write(R"(, "node_count": 2)");
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  Write(R"(, "node_count": 2, "parameters": {"shared_buffers": "64MB"})");
  host_->ForgetCalls();
  ASSERT_EQ(In("explain"), kDone) << err_.str();
  const std::string text = out_.str();
  EXPECT_THAT(text, HasSubstr("dbaas_cluster.main: update\n  Why: parameters.shared_buffers"));
  EXPECT_THAT(text, HasSubstr("  Writes are blocked for up to 5 s, all steps together. No data is "
                              "at risk.\n"));
  EXPECT_THAT(text, HasSubstr("1. orders-2 restarts: connections to it break, and it comes back "
                              "with its data.\n       Why: "));
  EXPECT_THAT(text, HasSubstr("2. orders-1 hands the primary's role over, in order: writes wait, "
                              "no row is lost.\n       Why: orders-1 is primary\n"));
  EXPECT_THAT(text, HasSubstr("Begins at once.\n"));
  EXPECT_THAT(text, HasSubstr("Waits for 1.\n"));
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
}

TEST_F(ExplainTest, AnActionOfTheJsonNamesThoseItWaitsFor) {
  Write("", kReplica);
  ASSERT_EQ(In("explain", {"--json"}), kDone) << err_.str();
  const Json changes = Json::parse(out_.str())["changes"];
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0]["known"], true);
  EXPECT_EQ(changes[0]["data"], "No data is at risk.");
  EXPECT_EQ(changes[0]["steps"][0]["member"], "orders-1");
  bool found = false;
  for (const Json& action : changes[0]["actions"]) {
    if (action["title"] != "+ instance orders-1") continue;
    found = true;
    EXPECT_THAT(action["waits_for"], testing::Contains(Json("+ volume orders-1-data")));
  }
  EXPECT_TRUE(found);
  // Of a replica of a cluster that is not there.
  EXPECT_EQ(changes[1]["known"], false);
  EXPECT_FALSE(changes[1].contains("actions"));
}

TEST_F(ExplainTest, OfAClusterByNameItTellsWhatAnApplyWouldMend) {
  Write(R"(, "node_count": 2)");
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  ASSERT_EQ(Dbaas({"explain", "orders"}), kDone) << err_.str();
  EXPECT_EQ(out_.str(), "Nothing would happen. The host is as the cluster's record says.\n");
  host_->RemoveByHand({ObjectKind::kInstance, "orders-2"});
  ASSERT_EQ(Dbaas({"explain", "orders"}), kDone) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("local/orders cluster: update\n  Why: instance orders-2 "));
  EXPECT_THAT(out_.str(), HasSubstr("1. orders-2 starts again with the data it has"));
  EXPECT_EQ(Dbaas({"explain", "nothing"}), kNoSuchCluster);
  EXPECT_GT(Dbaas({"explain", "orders", "-f", folder_}), 100);
}

TEST_F(ExplainTest, ARemovedReplicaIsNamedWithWhoLosesIt) {
  Write(R"(, "deletion_protection": false)", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  Write(R"(, "deletion_protection": false)");
  ASSERT_EQ(In("explain"), kDone) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("local/orders replica/reports: delete\n  Why: not in the file "
                                    "any more\n  Writes go on."));
  EXPECT_THAT(out_.str(), HasSubstr("orders-reports is removed: whoever is connected to it loses "
                                    "it.\n"));
}

}  // namespace
}  // namespace dbaas

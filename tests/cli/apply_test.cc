// SPDX-License-Identifier: MPL-2.0
//
// plan, apply and destroy, as typed, over a host in memory.
#include <fstream>

#include "engine/base/json.h"
#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using ApplyTest = FileTest;

TEST_F(ApplyTest, PlanOfAnEmptyHostSaysWhatWouldBeMadeAndMakesNothing) {
  Write(R"(, "node_count": 2)", kReplica);
  EXPECT_EQ(In("plan"), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("+ dbaas_cluster.main  new cluster\n"));
  EXPECT_THAT(out_.str(), HasSubstr("+ instance orders-2"));
  EXPECT_THAT(out_.str(), HasSubstr("Plan: 2 to add, 0 to change, 0 to destroy.\n"));
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kChangesPlanned);
  EXPECT_TRUE(host_->Names().empty());
}

TEST_F(ApplyTest, WhatWasAppliedNeedsNoFurtherChange) {
  Write(R"(, "node_count": 2)", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("Done: 2 of 2 changes made."));
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(out_.str(), "No changes. The hosts are as the file says.\n");
}

TEST_F(ApplyTest, AReplicaThatTheFileLostIsRemovedAndThePlanSaysSo) {
  Write("", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  Write("");
  EXPECT_EQ(In("plan"), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("- local/orders replica/reports  not in the file any more"));
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  EXPECT_THAT(host_->Names(), Not(testing::Contains("instance orders-reports")));
}

TEST_F(ApplyTest, AClusterThatTheFileDoesNotHaveIsLeftAlone) {
  Write("");
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  std::ofstream(folder_ + "/main.tf.json") << R"({"resource": {}})";
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(In("destroy", {"--yes"}), kDone);
  EXPECT_EQ(Dbaas({"show", "orders"}), kDone);
}

TEST_F(ApplyTest, DriftIsAChangeWithItsReason) {
  Write(R"(, "node_count": 2)");
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  host_->RemoveByHand({ObjectKind::kInstance, "orders-2"});
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kChangesPlanned);
  EXPECT_THAT(out_.str(), HasSubstr("~ dbaas_cluster.main  instance orders-2 "));
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
}

// There is no state file, so there is nothing else that the file could be compared with.
TEST_F(ApplyTest, OfASilentHostThePlanIsLeftOpenAndAnApplyFails) {
  Write(R"(, "node_count": 2)", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  host_->SetReachable(false);
  EXPECT_EQ(In("plan"), kDone) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("? dbaas_cluster.main  not compared: host local does not "
                                    "answer\n    warning: "));
  EXPECT_THAT(out_.str(), HasSubstr("? dbaas_replica.r  not compared"));
  EXPECT_THAT(out_.str(),
              HasSubstr("Not compared: 2.\nPlan: 0 to add, 0 to change, 0 to destroy."));
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kChangesPlanned);
  EXPECT_EQ(In("plan", {"--destroy"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("Not compared: 1.\n"));
  ASSERT_EQ(In("plan", {"--json"}), kDone);
  const Json change = Json::parse(out_.str())["changes"][0];
  EXPECT_EQ(change["action"], "unknown");
  EXPECT_TRUE(change["actions"].is_null());
  EXPECT_EQ(change["warnings"].size(), 1U);
  EXPECT_EQ(In("explain"), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("dbaas_cluster.main: unknown\n  Why: not compared"));
  EXPECT_EQ(In("apply", {"--yes"}), kFailed);
  EXPECT_EQ(In("destroy", {"--yes"}), kFailed);
}

TEST_F(ApplyTest, WithoutATerminalNothingIsDoneUnlessTold) {
  Write("");
  EXPECT_EQ(In("apply"), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  EXPECT_TRUE(host_->Names().empty());
}

TEST_F(ApplyTest, OnlyYesIsAYes) {
  Write("");
  std::istringstream no("y\n");
  session_.in = &no;
  EXPECT_EQ(In("apply"), kFailed);
  EXPECT_TRUE(host_->Names().empty());
  std::istringstream yes("yes\n");
  session_.in = &yes;
  EXPECT_EQ(In("apply"), kDone);
  EXPECT_FALSE(host_->Names().empty());
}

TEST_F(ApplyTest, WhatWouldReplaceTheClusterIsRefused) {
  Write("");
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  Write(R"(, "username": "root2")");
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("resource.dbaas_cluster.main: username of local/orders cannot "
                                    "be changed in place"));
}

TEST_F(ApplyTest, DestroyOfAProtectedClusterIsRefusedAndOfAnotherOneLeavesNothing) {
  Write("");
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  EXPECT_EQ(In("destroy", {"--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("protected from deletion"));
  Write(R"(, "deletion_protection": false)", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone);
  ASSERT_EQ(In("destroy", {"--yes"}), kDone) << err_.str();
  EXPECT_TRUE(host_->Names().empty());
}

TEST_F(ApplyTest, AfterAFailureTheRestOfTheClusterIsSkippedAndTheNextApplyGoesOn) {
  Write("", kReplica);
  host_->FailNext("Ensure", Denied("no room"));
  EXPECT_EQ(In("apply", {"--yes"}), kFailed);
  EXPECT_THAT(out_.str(), HasSubstr("failed   dbaas_cluster.main: "));
  EXPECT_THAT(out_.str(), HasSubstr("skipped  dbaas_replica.r\n"));
  EXPECT_EQ(In("apply", {"--yes"}), kDone) << out_.str();
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
}

TEST_F(ApplyTest, AfterAnInterruptNothingMoreIsBegun) {
  Write("");
  std::stop_source stop;
  session_.stop = stop.get_token();
  session_.catch_interrupts = [&] { stop.request_stop(); };
  EXPECT_EQ(In("apply", {"--yes"}), kFailed);
  EXPECT_THAT(out_.str(), HasSubstr("skipped  dbaas_cluster.main"));
  EXPECT_TRUE(host_->Names().empty());
}

std::vector<std::string> KeysOf(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// docs/cli.md documents these; programs rely on them.
TEST_F(ApplyTest, JsonHasTheDocumentedShape) {
  Write("");
  ASSERT_EQ(In("plan", {"--json"}), kDone);
  const Json plan = Json::parse(out_.str());
  EXPECT_THAT(KeysOf(plan), ElementsAre("changes", "summary"));
  EXPECT_THAT(KeysOf(plan["changes"][0]), ElementsAre("action", "actions", "address", "cluster",
                                                      "disruption", "part", "reasons", "warnings"));
  EXPECT_THAT(KeysOf(plan["changes"][0]["actions"][0]), ElementsAre("after", "reason", "title"));
  EXPECT_EQ(plan["summary"], Json({{"add", 1}, {"change", 0}, {"destroy", 0}}));
  ASSERT_EQ(In("apply", {"--yes", "--json"}), kDone);
  const Json report = Json::parse(out_.str());
  EXPECT_THAT(KeysOf(report), ElementsAre("changes", "summary"));
  EXPECT_THAT(KeysOf(report["changes"][0]), ElementsAre("action", "address", "cluster", "error",
                                                        "milliseconds", "outcome", "part"));
  EXPECT_EQ(report["changes"][0]["outcome"], "ok");
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// switchover, failover, restart and reload, as typed, over a host in memory.
#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MaintenanceTest : public FileTest {
 protected:
  void HaveCluster(const std::string& attributes) {
    Write(attributes, kReplica);
    ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
    host_->ForgetCalls();
  }
};

TEST_F(MaintenanceTest, SwitchoverMovesTheRoleAndLeavesNothingToApply) {
  HaveCluster(R"(, "node_count": 3)");
  ASSERT_EQ(patroni_.Primary("orders"), "orders-1");
  ASSERT_EQ(Dbaas({"switchover", "orders", "--to", "orders-3"}), kDone) << err_.str();
  EXPECT_EQ(patroni_.Primary("orders"), "orders-3");
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(Dbaas({"events", "orders", "--verify"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("switchover to orders-3  ok\n"));
}

TEST_F(MaintenanceTest, SwitchoverToWhoLeadsAlreadyDoesNothing) {
  HaveCluster(R"(, "node_count": 2)");
  ASSERT_EQ(Dbaas({"switchover", "orders", "--to", "orders-1"}), kDone) << err_.str();
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
}

TEST_F(MaintenanceTest, WhoCannotLeadIsRefusedBeforeAnythingIsWritten) {
  HaveCluster(R"(, "node_count": 2)");
  EXPECT_EQ(Dbaas({"switchover", "orders", "--to", "orders-reports"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-reports is a replica and never leads"));
  EXPECT_EQ(Dbaas({"switchover", "orders", "--to", "orders-9"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-9 is no member of local/orders"));
  EXPECT_EQ(Dbaas({"switchover", "nothing"}), kNoSuchCluster);
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
}

TEST_F(MaintenanceTest, AFailoverOfAWellPrimaryIsRefusedAndPointsToSwitchover) {
  HaveCluster(R"(, "node_count": 2)");
  EXPECT_EQ(Dbaas({"failover", "orders", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-1, the primary, is running, and looks well"));
  EXPECT_THAT(err_.str(), HasSubstr("`dbaas switchover`"));
  EXPECT_TRUE(host_->CallsOf("Kill").empty());
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
}

TEST_F(MaintenanceTest, AForcedFailoverEndsThePrimaryFirstAndLeavesNothingToApply) {
  HaveCluster(R"(, "node_count": 3)");
  ASSERT_EQ(Dbaas({"failover", "orders", "--to", "orders-3", "--force", "--yes"}), kDone)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("data at risk: unsynced tail"));
  EXPECT_THAT(out_.str(), HasSubstr("1. orders-3  failover    orders-1, the primary, is running; "
                                    "how far behind is not known\n"));
  EXPECT_THAT(host_->CallsOf("Kill"), ElementsAre("orders-1"));
  EXPECT_THAT(host_->CallsOf("Restart"), ElementsAre("orders-1"));
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(Dbaas({"events", "orders", "--verify"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("failover to orders-3  ok\n"));
}

TEST_F(MaintenanceTest, AFailoverAsksAndOnlyYesIsAYes) {
  HaveCluster(R"(, "node_count": 2)");
  EXPECT_EQ(Dbaas({"failover", "orders", "--force"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("nobody can be asked here"));
  std::istringstream no("no\n");
  session_.in = &no;
  EXPECT_EQ(Dbaas({"failover", "orders", "--force"}), kFailed);
  EXPECT_THAT(out_.str(), HasSubstr("What the primary acknowledged and the next one does not have "
                                    "is lost.\n"));
  EXPECT_TRUE(host_->CallsOf("Kill").empty());
  std::istringstream yes("yes\n");
  session_.in = &yes;
  EXPECT_EQ(Dbaas({"failover", "orders", "--force"}), kDone) << err_.str();
  EXPECT_THAT(host_->CallsOf("Kill"), ElementsAre("orders-1"));
}

TEST_F(MaintenanceTest, AFailoverNeedsSomebodyWhoCanLead) {
  HaveCluster("");
  EXPECT_EQ(Dbaas({"failover", "orders", "--force", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("there is no other member that could lead local/orders"));
  Write(R"(, "node_count": 2)", kReplica);
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  EXPECT_EQ(Dbaas({"failover", "orders", "--to", "orders-1", "--force", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-1, the primary, is running"));
  EXPECT_EQ(Dbaas({"failover", "orders", "--to", "orders-reports", "--yes", "--force"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-reports is a replica and never leads"));
  host_->StopInstance("orders-2", "exited (0)");
  EXPECT_EQ(Dbaas({"failover", "orders", "--force", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("no member that could take over is running"));
  EXPECT_TRUE(host_->CallsOf("Kill").empty());
}

TEST_F(MaintenanceTest, AFailoverDoesNotWaitForAnApplyThatDidNotEndAndLeavesItUnfinished) {
  HaveCluster(R"(, "node_count": 2)");
  host_->FailNext("Restart", Denied("no"));
  EXPECT_EQ(Dbaas({"restart", "orders"}), kFailed);
  ASSERT_EQ(Dbaas({"failover", "orders", "--force", "--yes"}), kDone) << err_.str();
  EXPECT_EQ(Dbaas({"restart", "orders"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("the last apply of local/orders did not end"));
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
}

TEST_F(MaintenanceTest, RestartIsRollingAndThePrimaryGoesLastAfterASwitchover) {
  HaveCluster(R"(, "node_count": 2)");
  ASSERT_EQ(Dbaas({"restart", "orders"}), kDone) << err_.str();
  EXPECT_THAT(host_->CallsOf("Restart"), ElementsAre("orders-2", "orders-reports", "orders-1"));
  EXPECT_EQ(patroni_.Primary("orders"), "orders-2");
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
}

TEST_F(MaintenanceTest, RestartOfOneMemberLeavesTheOthersAlone) {
  HaveCluster(R"(, "node_count": 2)");
  ASSERT_EQ(Dbaas({"restart", "orders", "orders-2"}), kDone) << err_.str();
  EXPECT_THAT(host_->CallsOf("Restart"), ElementsAre("orders-2"));
  EXPECT_EQ(patroni_.Primary("orders"), "orders-1");
}

TEST_F(MaintenanceTest, SomeMembersRestartInTheOrderThatIsSafe) {
  HaveCluster(R"(, "node_count": 3)");
  ASSERT_EQ(Dbaas({"restart", "orders", "orders-1", "orders-3"}), kDone) << err_.str();
  EXPECT_THAT(host_->CallsOf("Restart"), ElementsAre("orders-3", "orders-1"));
  EXPECT_EQ(Dbaas({"restart", "orders", "orders-1", "orders-9"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("orders-9 is no member of local/orders"));
  EXPECT_EQ(Dbaas({"events", "orders"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("restart orders-1, orders-3  ok\n"));
}

TEST_F(MaintenanceTest, ReloadReachesEveryMemberAndRestartsNobody) {
  HaveCluster(R"(, "node_count": 2)");
  ASSERT_EQ(Dbaas({"reload", "orders"}), kDone) << err_.str();
  for (const char* member : {"orders-1", "orders-2", "orders-reports"}) {
    EXPECT_EQ(patroni_.Reloads(member), 1) << member;
    EXPECT_EQ(patroni_.Restarts(member), 0) << member;
  }
  EXPECT_TRUE(host_->CallsOf("Restart").empty());
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(Dbaas({"events", "orders", "--verify"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("reload  ok\n"));
}

TEST_F(MaintenanceTest, ASingleMemberRestartsInPlace) {
  HaveCluster("");
  ASSERT_EQ(Dbaas({"restart", "orders", "orders-1"}), kDone) << err_.str();
  EXPECT_THAT(host_->CallsOf("Restart"), ElementsAre("orders-1"));
}

TEST_F(MaintenanceTest, AfterACutApplyTheApplyGoesFirst) {
  HaveCluster(R"(, "node_count": 2)");
  host_->FailNext("Restart", Denied("no"));
  EXPECT_EQ(Dbaas({"restart", "orders"}), kFailed);
  EXPECT_EQ(Dbaas({"restart", "orders"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("the last apply of local/orders did not end"));
  ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  EXPECT_EQ(Dbaas({"restart", "orders"}), kDone) << err_.str();
}

}  // namespace
}  // namespace dbaas

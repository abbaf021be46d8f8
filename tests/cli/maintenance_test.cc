// SPDX-License-Identifier: MPL-2.0
//
// switchover, failover, restart, restore and reload, as typed, over a host in memory.
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

class KeptBackupVerbTest : public MaintenanceTest {
 protected:
  KeptBackupVerbTest() {
    Write("", std::string(kReplica) + R"(, "dbaas_backup_policy": {"p": {
        "cluster_id": "${dbaas_cluster.main.id}", "retention": {"full": 1}}})");
    EXPECT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  }
  std::string Backups() {
    EXPECT_EQ(Dbaas({"backups", "orders"}), kDone) << err_.str();
    return out_.str();
  }
};

TEST_F(KeptBackupVerbTest, IsKeptUntilItIsLetGo) {
  ASSERT_EQ(Dbaas({"backup", "orders", "--keep", "before-fix", "--until", "2099-01-31T00:00:00Z"}),
            kDone)
      << err_.str();
  ASSERT_EQ(Dbaas({"backup", "orders"}), kDone) << err_.str();
  EXPECT_THAT(Backups(), HasSubstr("kept as before-fix until 2099-01-31T00:00:00.000Z"));
  ASSERT_EQ(Dbaas({"backup", "orders", "--let-go", "before-fix"}), kDone) << err_.str();
  EXPECT_THAT(Backups(), Not(HasSubstr("kept as")));
}

TEST_F(KeptBackupVerbTest, WhatCannotBeIsSaid) {
  EXPECT_EQ(Dbaas({"backup", "orders", "--keep", "Before Fix"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("lower-case"));
  EXPECT_EQ(Dbaas({"backup", "orders", "--let-go", "before-fix"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("no backup of local/orders is kept as before-fix"));
  EXPECT_NE(Dbaas({"backup", "orders", "--until", "2099-01-31T00:00:00Z"}), kDone);
  EXPECT_NE(Dbaas({"backup", "orders", "--keep", "a", "--let-go", "b"}), kDone);
}

class RestoreVerbTest : public MaintenanceTest {
 protected:
  RestoreVerbTest() {
    Write("", std::string(kReplica) + R"(, "dbaas_backup_policy": {"p": {
        "cluster_id": "${dbaas_cluster.main.id}", "retention": {"full": 1}}})");
    EXPECT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
    EXPECT_EQ(Dbaas({"backup", "orders"}), kDone) << err_.str();
    host_->ForgetCalls();
  }
};

TEST_F(RestoreVerbTest, ItSaysWhatIsLostAndAsksBeforeAnythingHappens) {
  std::istringstream no("no\n");
  session_.in = &no;
  EXPECT_EQ(Dbaas({"restore", "orders", "--time", "1970-01-01T00:01:30Z"}), kFailed);
  EXPECT_THAT(out_.str(),
              HasSubstr("local/orders, restore as of 1970-01-01T00:01:30.000Z: 2 restores; nobody "
                        "is served until the data is restored; data at risk: none\n"
                        "1. orders-1        restore"));
  EXPECT_THAT(out_.str(), HasSubstr("All that was committed after 1970-01-01T00:01:30.000Z is gone "
                                    "from the cluster"));
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
  EXPECT_EQ(Dbaas({"restore", "orders", "--backup-id", "backup-1", "--yes"}), kDone) << err_.str();
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
  EXPECT_EQ(Dbaas({"events", "orders", "--verify"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("restore as of backup backup-1  ok\n"));
}

TEST_F(RestoreVerbTest, OneTargetIsNamed) {
  EXPECT_NE(Dbaas({"restore", "orders", "--yes"}), kDone);
  EXPECT_NE(Dbaas({"restore", "orders", "--lsn", "0/1", "--backup-id", "backup-1"}), kDone);
  EXPECT_EQ(Dbaas({"restore", "orders", "--time", "yesterday", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("yesterday"));
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
}

TEST_F(RestoreVerbTest, OneThatDidNotEndSaysWhatCanBeDone) {
  patroni_.FailNextRestore("the log ends before that");
  EXPECT_EQ(Dbaas({"restore", "orders", "--backup-id", "backup-1", "--yes"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("the log ends before that"));
  EXPECT_EQ(Dbaas({"show", "orders"}), kDone);
  EXPECT_THAT(out_.str(),
              HasSubstr("its restoration as of backup backup-1 did not finish: any apply "
                        "goes on with it"));
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("is not part of the record")))
      << "what was there before is kept on purpose";
  EXPECT_EQ(Dbaas({"restore", "orders", "--undo"}), kDone) << err_.str();
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone);
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

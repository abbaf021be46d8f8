// SPDX-License-Identifier: MPL-2.0
//
// Plans of failovers and reloads as text. Switchovers and restarts are in
// tests/cli/maintenance_test.cc, with what people see of them.
#include "engine/plan/build_maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/plan/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;

class FailoverPlanTest : public ::testing::Test {
 protected:
  FailoverPlanTest() {
    facts_.members[0].running = false;
    facts_.members[0].state = "not answering";
  }

  Result<Plan> Build(const std::string& to = "", bool force = false) {
    const Maintenance wanted{.kind = Maintenance::Kind::kFailover,
                             .id = {"local", "orders"},
                             .member = to,
                             .force = force};
    return BuildMaintenance(wanted, {.desired = desired_,
                                     .observed = observed_,
                                     .facts = &facts_,
                                     .blocked = {.failover = 10}});
  }

  DesiredState desired_ = Cluster(3);
  Observation observed_ = Converged(desired_);
  ClusterFacts facts_ = Healthy(desired_, "orders-1");
};

TEST_F(FailoverPlanTest, ThePrimaryEndsBeforeAnybodyLeadsAndComesBackLast) {
  facts_.members[1].lag_bytes = 4096;
  facts_.members[2].lag_bytes = 120;
  const auto plan = Build();
  ASSERT_TRUE(plan.has_value()) << plan.error().ToLine();
  EXPECT_EQ(plan->ToText(),
            "kill instance orders-1  orders-1, the primary, is not answering\n"
            "failover to orders-3  after kill instance orders-1  orders-1, the primary, is not "
            "answering; 120 B behind\n"
            "restart orders-1  after failover to orders-3  follows from now on\n");
  EXPECT_EQ(plan->disruption.Summary(),
            "1 restart, 1 failover; writes blocked for up to 10 s; data at risk: unsynced tail");
}

TEST_F(FailoverPlanTest, ASynchronousStandbyGoesFirstAndHasAllThatWasAcknowledged) {
  facts_.members[1].synchronous = true;
  facts_.members[1].lag_bytes = 4096;
  facts_.members[2].lag_bytes = 0;
  const auto plan = Build();
  ASSERT_TRUE(plan.has_value());
  EXPECT_THAT(plan->ToText(), HasSubstr("failover to orders-2"));
  EXPECT_EQ(plan->disruption.data_at_risk, DataAtRisk::kNone);
}

TEST_F(FailoverPlanTest, WhereNobodyLeadsNobodyIsEnded) {
  facts_.members[0].role = Role::kStandby;
  const auto plan = Build();
  ASSERT_TRUE(plan.has_value()) << plan.error().ToLine();
  EXPECT_EQ(plan->ToText(), "failover to orders-2  nobody leads; how far behind is not known\n");
}

TEST_F(FailoverPlanTest, AnInstanceThatIsGoneIsMadeAnew) {
  std::erase_if(observed_.objects, [](const auto& object) {
    return object.id == ObjectId{ObjectKind::kInstance, "orders-1"};
  });
  const auto plan = Build("orders-3");
  ASSERT_TRUE(plan.has_value());
  EXPECT_THAT(plan->ToText(), HasSubstr("+ instance orders-1  after failover to orders-3"));
}

TEST_F(FailoverPlanTest, AWellPrimaryNeedsForceAndSomebodyHasToRun) {
  facts_.members[0].running = true;
  facts_.members[0].state = "running";
  EXPECT_EQ(Build().error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(Build("", true).has_value());
  facts_.members[1].running = facts_.members[2].running = false;
  EXPECT_EQ(Build("", true).error().kind, ErrorKind::kUnavailable);
}

TEST(ReloadPlanTest, WhoRunsReloadsAndNobodyWaitsForAnybody) {
  const DesiredState desired = Cluster(3);
  ClusterFacts facts = Healthy(desired, "orders-1");
  const Maintenance wanted{.kind = Maintenance::Kind::kReload, .id = {"local", "orders"}};
  const auto build = [&] {
    return BuildMaintenance(wanted,
                            {.desired = desired, .observed = Converged(desired), .facts = &facts});
  };
  facts.members[1].running = false;
  const auto plan = build();
  ASSERT_TRUE(plan.has_value()) << plan.error().ToLine();
  EXPECT_EQ(plan->ToText(), "reload orders-1  asked for\nreload orders-3  asked for\n");
  EXPECT_EQ(plan->disruption.level, DisruptionLevel::kReload);
  facts.members[0].running = facts.members[2].running = false;
  EXPECT_EQ(build().error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Whole applies against a host in memory, then the same applies cut after every single call to the
// host: whatever was cut, the next apply arrives where the uncut one does.
#include "engine/apply/converge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/apply/offline.h"
#include "engine/apply/view.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ConvergeTest, CreatedClusterIsSettledAndTheNextPlanIsEmpty) {
  World world;
  const auto record = world.Apply(Change(Verb::kCreate, Spec(3)));
  ASSERT_TRUE(record.has_value()) << record.error().ToLine();
  EXPECT_EQ((*record)->settled, (*record)->generation);
  EXPECT_EQ((*record)->version_actual, "17.12");
  const HistoryEntry& entry = (*record)->history.back();
  EXPECT_EQ(entry.outcome, "ok");
  EXPECT_TRUE(Verify((*record)->history).has_value());
  EXPECT_THAT(entry.actions, Contains(Field(&ActionOutcome::action, "+ instance orders-3")));
  EXPECT_THAT(entry.actions, Each(Field(&ActionOutcome::outcome, "ok")));
  EXPECT_THAT(entry.actions, Not(Contains(Field(&ActionOutcome::action, StartsWith("wait")))));
  EXPECT_EQ(world.PlanOf(Change(Verb::kUpdate, Spec(3))), "");
  EXPECT_THAT(world.host.Names(), Contains("instance dbaas-management-etcd"));
}

TEST(ConvergeTest, ChangeThatDisruptsMoreThanAllowedIsRefusedBeforeAnythingIsTouched) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(2))).has_value());
  ClusterSpec spec = Spec(2);
  spec.parameters["shared_buffers"] = "300MB";
  spec.max_disruption = DisruptionLevel::kRestart;
  // Both start at once, and either may have been the first.
  const std::string leads = world.patroni.Primary("orders");
  const std::string follows = leads == "orders-1" ? "orders-2" : "orders-1";
  EXPECT_EQ(world.PlanOf(Change(Verb::kUpdate, spec)),
            "error: the change needs a failover, and max_disruption is restart: It would be, in "
            "this order: " +
                follows + " restart, " + leads + " switchover, " + leads +
                " restart. 2 restarts, 1 switchover; writes blocked for up to 5 s; data at risk: "
                "none.");
  world.host.ForgetCalls();
  const auto refused = world.Apply(Change(Verb::kUpdate, spec));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(refused.error().field, "max_disruption");
  EXPECT_THAT(refused.error().detail, HasSubstr("2 restarts, 1 switchover"));
  EXPECT_THAT(world.host.CallsOf("WriteRecord"), IsEmpty());
  EXPECT_THAT(world.host.CallsOf("Ensure"), IsEmpty());

  spec.max_disruption = DisruptionLevel::kFailover;
  EXPECT_TRUE(world.Apply(Change(Verb::kUpdate, spec)).has_value());
}

TEST(ConvergeTest, HostThatDoesNotAnswerIsPlannedForAsItIsRemembered) {
  PartChange change = Change(Verb::kUpdate, Spec(3));
  std::get<ClusterSpec>(*change.spec).parameters["shared_buffers"] = "300MB";
  EXPECT_FALSE(PlanOffline(change)) << "nothing is remembered";
  change.before = Spec(3);
  const auto plan = PlanOffline(change);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->disruption.Summary(),
            "3 restarts, 1 switchover; writes blocked for up to 5 s; data at risk: none");
  change.spec = Spec(3);
  EXPECT_TRUE(PlanOffline(change)->empty());
  change.spec = Spec(4);
  EXPECT_EQ(PlanOffline(change)->disruption.ToText(),
            "1. orders-4  join        node_count 3 → 4\n");
}

TEST(ConvergeTest, DestroyedClusterLeavesNothing) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(2))).has_value());
  const auto gone = world.Apply(Change(Verb::kDelete, std::nullopt));
  ASSERT_TRUE(gone.has_value()) << gone.error().ToLine();
  EXPECT_FALSE(gone->has_value());
  EXPECT_THAT(world.host.Names(), IsEmpty());
}

TEST(ConvergeTest, SharedServicesStayForTheOtherCluster) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  ClusterSpec other = Spec(1);
  other.name = "billing";
  PartChange create = Change(Verb::kCreate, other);
  create.id.cluster = "billing";
  ASSERT_TRUE(world.Apply(create).has_value());
  ASSERT_TRUE(world.Apply(Change(Verb::kDelete, std::nullopt)).has_value());
  EXPECT_THAT(world.host.Names(), Contains("instance dbaas-management-etcd"));
  EXPECT_THAT(world.host.Names(), Contains("instance billing-1"));
}

TEST(ConvergeTest, RestartParameterRestartsEveryMemberOnceAndHandsOver) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(3))).has_value());
  const std::string primary = world.patroni.Primary("orders");
  ClusterSpec spec = Spec(3);
  spec.parameters["shared_buffers"] = "64MB";
  const auto record = world.Apply(Change(Verb::kUpdate, spec));
  ASSERT_TRUE(record.has_value()) << record.error().ToLine();
  EXPECT_NE(world.patroni.Primary("orders"), primary);
  for (const char* member : {"orders-1", "orders-2", "orders-3"}) {
    EXPECT_EQ(world.patroni.Restarts(member), 1) << member;
  }
}

TEST(ConvergeTest, ProtectedClusterIsNotDestroyed) {
  World world;
  ClusterSpec spec = Spec(1);
  spec.deletion_protection = true;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, spec)).has_value());
  const auto refused = world.Apply(Change(Verb::kDelete, std::nullopt));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(refused.error().field, "deletion_protection");
  EXPECT_THAT(world.host.Names(), Contains("volume orders-1-data"));
}

TEST(ConvergeTest, NameThatIsTakenIsRefusedInThePlan) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  EXPECT_THAT(world.PlanOf(Change(Verb::kCreate, Spec(1))), HasSubstr("already exists"));
  // At the same time and for the same thing: the second takes over what the first made.
  EXPECT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  const auto differing = world.Apply(Change(Verb::kCreate, Spec(2)));
  ASSERT_FALSE(differing.has_value());
  EXPECT_EQ(differing.error().field, "name");
}

TEST(ConvergeTest, ReplicaOfNothingIsRefused) {
  World world;
  const PartChange change =
      Change(Verb::kCreate, ReplicaSpec{.name = "reports"}, "replica/reports");
  const auto refused = world.Apply(change);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "cluster_id");
}

TEST(ConvergeTest, ReplicaComesAndGoesAndTheClusterStays) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  const auto before = world.host.Names();
  const ReplicaSpec replica{.name = "reports"};
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, replica, "replica/reports")).has_value());
  EXPECT_THAT(world.host.Names(), Contains("instance orders-reports"));
  ASSERT_TRUE(world.Apply(Change(Verb::kDelete, std::nullopt, "replica/reports")).has_value());
  EXPECT_EQ(world.host.Names(), before);
}

TEST(ConvergeTest, PortThatIsTakenIsRefusedOnItsAttribute) {
  World world;
  world.host.AddForeignPort(15500);
  ClusterSpec spec = Spec(1);
  spec.port = 15500;
  const auto refused = world.Apply(Change(Verb::kCreate, spec));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "port");
}

TEST(ConvergeTest, TwoClustersGetDifferentPorts) {
  World world;
  const auto first = world.Apply(Change(Verb::kCreate, Spec(1)));
  ASSERT_TRUE(first.has_value());
  ClusterSpec other = Spec(1);
  other.name = "billing";
  PartChange create = Change(Verb::kCreate, other);
  create.id.cluster = "billing";
  const auto second = world.Apply(create);
  ASSERT_TRUE(second.has_value());
  std::set<int> ports;
  for (const auto* record : {&**first, &**second}) {
    for (const auto& [key, port] : record->ports) ports.insert(port);
  }
  EXPECT_EQ(ports.size(), 4U);
}

TEST(ConvergeTest, WaitingForALeaseSaysForWhom) {
  World world;
  Holder holder{.name = "alice@build-7 pid 4242 (terraform)", .token = "t", .machine = "elsewhere"};
  auto lease = world.host.AcquireLease("orders", holder, Milliseconds(5000));
  ASSERT_TRUE(lease.has_value());
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());  // After it ran out.
  EXPECT_THAT(world.notes.All(),
              Contains("waiting for the lease of orders, held by alice@build-7 pid 4242 "
                       "(terraform)"));
}

TEST(ConvergeTest, MissingMemberIsDriftAndStoppedOneIsTrouble) {
  World world;
  const auto record = world.Apply(Change(Verb::kCreate, Spec(3)));
  ASSERT_TRUE(record.has_value());
  world.host.RemoveByHand({ObjectKind::kInstance, "orders-2"});
  world.host.StopInstance("orders-3");
  const auto observed = world.host.Observe(std::nullopt);
  const auto view =
      MakeView({.host = "local",
                .address = [](const std::string&) { return std::string("127.0.0.1"); },
                .record = **record,
                .observed = *observed,
                .facts = nullptr});
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->status, "degraded");
  EXPECT_THAT(view->drift.at("cluster"), ElementsAre("instance orders-2 is missing"));
  EXPECT_THAT(view->troubles, ElementsAre(HasSubstr("instance orders-3 is stopped")));
  ASSERT_TRUE(world.Apply(Change(Verb::kUpdate, Spec(3))).has_value());
  EXPECT_EQ(world.PlanOf(Change(Verb::kUpdate, Spec(3))), "");
}

TEST(ConvergeTest, MissingSharedServiceIsDriftAndIsMended) {
  World world;
  const auto record = world.Apply(Change(Verb::kCreate, Spec(1)));
  ASSERT_TRUE(record.has_value());
  world.host.RemoveByHand({ObjectKind::kInstance, "dbaas-management-etcd"});
  const auto observed = world.host.Observe(std::nullopt);
  const auto view =
      MakeView({.host = "local",
                .address = [](const std::string&) { return std::string("127.0.0.1"); },
                .record = **record,
                .observed = *observed,
                .facts = nullptr});
  ASSERT_TRUE(view.has_value());
  EXPECT_THAT(view->drift.at("cluster"), ElementsAre("instance dbaas-management-etcd is missing"));
  ASSERT_TRUE(world.Apply(Change(Verb::kUpdate, Spec(1))).has_value());
  EXPECT_THAT(world.host.Names(), Contains("instance dbaas-management-etcd"));
}

TEST(ConvergeTest, OneCallAtATimeIsEnoughToArrive) {
  World world;
  Limiter limiter(1, 1);
  const auto converged = Converge({.driver = world.host,
                                   .clock = world.clock,
                                   .random = world.random,
                                   .progress = world.notes,
                                   .stop = {},
                                   .journal_folder = "",
                                   .limiter = &limiter},
                                  Change(Verb::kCreate, Spec(3)));
  ASSERT_TRUE(converged.has_value()) << converged.error().ToLine();
  EXPECT_EQ(world.PlanOf(Change(Verb::kUpdate, Spec(3))), "");
}

TEST(ConvergeTest, DatabaseThatIsThereAtOnceIsNotWaitedFor) {
  World world;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  EXPECT_LE(world.clock.Slept(), Milliseconds(20));
}

TEST(ConvergeTest, DatabaseThatTakesSecondsIsAskedForEverLessOften) {
  World world;
  std::optional<TimePoint> first;
  int unanswered = 0;
  world.host.OnFault([&](const FakeCall& call) {
    if (call.method != "Exec") return FakeFault::kNone;
    if (!first) first = world.clock.Now();
    if (world.clock.Now() - *first >= std::chrono::seconds(4)) return FakeFault::kNone;
    ++unanswered;
    return FakeFault::kBefore;
  });
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(1))).has_value());
  // Two actions wait, for the primary and for its member: six times each in the first third of a
  // second, then once each 200 ms of the clock, which the pauses of both of them turn.
  EXPECT_LE(unanswered, 2 * 6 + 5 * 4);
}

TEST(ConvergeTest, PasswordChangesWithItsVersionOnly) {
  World world;
  ClusterSpec spec = Spec(1);
  spec.password = Secret<std::string>("first-password");
  spec.password_version = 1;
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, spec)).has_value());
  spec.password = Secret<std::string>("second-password");
  auto record = world.Apply(Change(Verb::kUpdate, spec));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ((*record)->secrets.at("password").Reveal(), "first-password");
  spec.password_version = 2;
  record = world.Apply(Change(Verb::kUpdate, spec));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ((*record)->secrets.at("password").Reveal(), "second-password");
}

// ---- cut after every call
// --------------------------------------------------------------------------

/// A story: how the world came to be, and the apply that is cut.
struct Story {
  std::string name;
  std::function<void(World&)> before;
  PartChange change;
};

void PrintTo(const Story& story, std::ostream* out) { *out << story.name; }

void Created(World& world, int node_count) {
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, Spec(node_count))).has_value());
}

std::vector<Story> Stories() {
  ClusterSpec restart = Spec(2);
  restart.parameters["shared_buffers"] = "64MB";
  ClusterSpec bigger = Spec(2);
  bigger.resources.cpu = 2;
  return {
      {"Create", [](World&) {}, Change(Verb::kCreate, Spec(2))},
      {"ScaleUp", [](World& world) { Created(world, 1); }, Change(Verb::kUpdate, Spec(3))},
      {"ScaleDown", [](World& world) { Created(world, 3); }, Change(Verb::kUpdate, Spec(1))},
      {"Restart", [](World& world) { Created(world, 2); }, Change(Verb::kUpdate, restart)},
      {"Resize", [](World& world) { Created(world, 2); }, Change(Verb::kUpdate, bigger)},
      {"AddReplica", [](World& world) { Created(world, 1); },
       Change(Verb::kCreate, ReplicaSpec{.name = "reports"}, "replica/reports")},
      {"Destroy", [](World& world) { Created(world, 2); }, Change(Verb::kDelete, std::nullopt)},
  };
}

class CutTest : public ::testing::TestWithParam<std::tuple<Story, FakeFault>> {};

/// Lets `calls` calls through, then the process is dead: nothing it asks happens any more. The call
/// at the edge itself is either not done, or done without an answer.
void CutAfter(FakeDriver& host, int calls, FakeFault edge) {
  auto left = std::make_shared<std::atomic<int>>(calls);
  host.OnFault([left, edge](const FakeCall&) {
    const int number = (*left)--;
    if (number > 0) return FakeFault::kNone;
    return number == 0 ? edge : FakeFault::kBefore;
  });
}

TEST(ConvergeTest, AWebhookIsInTheRecordAloneAndTouchesNothing) {
  World world;
  const auto apply = [&](const ClusterSpec& spec) {
    const auto change = Change(Verb::kUpdate, spec);
    EXPECT_EQ(world.PlanOf(change), "");
    auto record = world.Apply(change);
    EXPECT_TRUE(record.has_value()) << record.error().ToLine();
    return **record;
  };
  ClusterSpec spec = Spec(1);
  ASSERT_TRUE(world.Apply(Change(Verb::kCreate, spec)).has_value());
  spec.webhook_url = Secret<std::string>("https://example.com/token-7");
  spec.webhook_secret = Secret<std::string>("open sesame");
  spec.webhook_secret_version = 1;
  const ClusterRecord with = apply(spec);
  EXPECT_EQ(with.cluster_spec().webhook_url.Reveal(), "https://example.com/token-7");
  EXPECT_EQ(with.secrets.at(kWebhookSecret).Reveal(), "open sesame");
  EXPECT_FALSE(with.cluster_spec().webhook_secret.has_value());
  EXPECT_EQ(with.history.back().what,
            "failover.webhook_secret_version 0 → 1, failover.webhook_url unset → (sensitive)");
  EXPECT_TRUE(with.history.back().actions.empty());
  EXPECT_EQ(ToPublicJson(with.parts.at("cluster"))["failover"]["webhook_url"], "(sensitive)");

  spec.webhook_url = Secret<std::string>("https://example.com/token-8");
  spec.webhook_secret = Secret<std::string>("another word");
  const ClusterRecord moved = apply(spec);
  EXPECT_EQ(moved.history.back().what, "failover.webhook_url (sensitive) → (sensitive)");
  EXPECT_EQ(moved.secrets.at(kWebhookSecret).Reveal(), "open sesame") << "its version is the same";

  spec.webhook_secret.reset();
  spec.webhook_secret_version = 0;
  EXPECT_FALSE(apply(spec).secrets.contains(kWebhookSecret));
}

TEST_P(CutTest, TheNextApplyArrives) {
  const auto& [story, edge] = GetParam();
  World whole;
  story.before(whole);
  ASSERT_TRUE(whole.Apply(story.change).has_value());
  const auto expected = whole.host.Names();

  bool was_cut = true;
  for (int calls = 0; was_cut; ++calls) {
    SCOPED_TRACE("cut after " + std::to_string(calls) + " calls");
    World world;
    story.before(world);
    CutAfter(world.host, calls, edge);
    const auto cut = world.Apply(story.change);
    was_cut = !cut.has_value();
    world.host.OnFault({});
    world.host.LoseLeases();
    if (was_cut) {
      PartChange again = story.change;
      const auto resumed = world.Apply(again);
      ASSERT_TRUE(resumed.has_value()) << resumed.error().ToLine();
    }
    ASSERT_EQ(world.host.Names(), expected);
    if (story.change.verb != Verb::kDelete) {
      PartChange same = story.change;
      same.verb = Verb::kUpdate;
      ASSERT_EQ(world.PlanOf(same), "");
    }
    ASSERT_LT(calls, 1000) << "the story never ends";
  }
}

INSTANTIATE_TEST_SUITE_P(Stories, CutTest,
                         ::testing::Combine(::testing::ValuesIn(Stories()),
                                            ::testing::Values(FakeFault::kBefore,
                                                              FakeFault::kAfter)),
                         [](const auto& info) {
                           const bool lost = std::get<1>(info.param) == FakeFault::kAfter;
                           return std::get<0>(info.param).name + (lost ? "AnswerLost" : "NotDone");
                         });

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The lifecycle with the real types and an engine in memory. Core plays Terraform: it calls in
// Terraform's order and checks every answer by Terraform's rules.
#include "provider/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "schemas/identity.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/seeded_random.h"
#include "tests/lifecycle/fake_engine.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Verb = PartChange::Verb;

/// "error path: summary" or "warning path: summary" of each.
std::vector<std::string> Lines(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const auto& diagnostic : diagnostics) {
    const bool error = diagnostic.severity == Diagnostic::Severity::kError;
    lines.push_back(std::string(error ? "error " : "warning ") + ToText(diagnostic.path) + ": " +
                    diagnostic.summary);
  }
  return lines;
}

const ResourceType& Cluster() { return *AllTypes().FindResource("dbaas_cluster"); }
const ResourceType& Replica() { return *AllTypes().FindResource("dbaas_replica"); }

/// An object as Terraform keeps it in its state file.
struct Stored {
  Value state;
  std::string private_data;
};

class LifecycleTest : public testing::Test {
 protected:
  LifecycleTest() { World().Reset(); }

  static Value ClusterConfig(Value::Map members = {}) {
    members.try_emplace("name", Text("orders"));
    return Whole(Cluster().schema, members);
  }
  static Value ReplicaConfig(Value::Map members = {}) {
    members.try_emplace("cluster_id", Text("local/orders"));
    members.try_emplace("name", Text("reports"));
    return Whole(Replica().schema, members);
  }

  /// One plan, held against Terraform's rules for what it may say.
  PlanResponse Plan(const ResourceType& type, const Stored& prior, const Value& config) {
    PlanResponse plan = lifecycle_.Plan(
        type, {.prior = prior.state, .config = config, .prior_private = prior.private_data});
    if (!HasErrors(plan.diagnostics)) CheckPlan(type.schema, prior.state, config, plan.planned);
    return plan;
  }

  static void CheckPlan(const Schema& schema, const Value& prior, const Value& config,
                        const Value& planned) {
    if (config.is_null()) {
      EXPECT_TRUE(planned.is_null()) << "a destroy plans null";
      return;
    }
    for (const Attribute& attribute : schema.attributes) {
      SCOPED_TRACE(attribute.name);
      const Value& value = planned.at(attribute.name);
      const Value& said = config.at(attribute.name);
      if (attribute.write_only) {
        EXPECT_TRUE(value.is_null());
      } else if (!said.is_null()) {
        EXPECT_TRUE(value == said || value == prior.at(attribute.name)) << value.ToText();
      } else if (!attribute.computed) {
        EXPECT_TRUE(value.is_null()) << value.ToText();
      }
    }
  }

  /// Plans and applies as `terraform apply` does, replacements too. `diagnostics` is what it
  /// showed.
  Stored ApplyConfig(const ResourceType& type, const Stored& prior, const Value& config,
                     Diagnostics* diagnostics = nullptr) {
    PlanResponse plan = Plan(type, prior, config);
    if (diagnostics != nullptr) *diagnostics = plan.diagnostics;
    if (HasErrors(plan.diagnostics)) return prior;
    Stored base = prior;
    if (!plan.requires_replace.empty()) {
      base = Finish(type, prior, Value::Null(), Value::Null(), plan.planned_private, diagnostics);
      if (!base.state.is_null()) return base;
      plan = Plan(type, {Value::Null(), plan.planned_private}, config);
    }
    if (plan.planned == base.state) return base;
    return Finish(type, base, plan.planned, config, plan.planned_private, diagnostics);
  }

  Stored Destroy(const ResourceType& type, const Stored& prior,
                 Diagnostics* diagnostics = nullptr) {
    return ApplyConfig(type, prior, Value::Null(), diagnostics);
  }

  Stored Finish(const ResourceType& type, const Stored& prior, const Value& planned,
                const Value& config, const std::string& planned_private, Diagnostics* diagnostics) {
    const StateResponse response = lifecycle_.Apply(type, {.prior = prior.state,
                                                           .planned = planned,
                                                           .config = config,
                                                           .planned_private = planned_private});
    if (diagnostics != nullptr) *diagnostics = response.diagnostics;
    EXPECT_TRUE(response.state.is_null() || response.state.is_wholly_known());
    if (HasErrors(response.diagnostics)) return {response.state, response.private_data};
    EXPECT_EQ(planned.is_null(), response.state.is_null());
    if (!planned.is_null()) {
      for (const auto& [name, value] : planned.as_map()) {
        if (value.is_unknown()) continue;
        EXPECT_EQ(response.state.at(name), value) << name;
      }
    }
    return {response.state, response.private_data};
  }

  Stored CreateOrders(const Value::Map& members = {}) {
    return ApplyConfig(Cluster(), {}, ClusterConfig(members));
  }

  FakeClock clock_;
  SeededRandom random_;
  Lifecycle lifecycle_{
      std::make_shared<Engine>(std::vector<HostConfig>{{.name = "local"}, {.name = "east"}}, clock_,
                               random_),
      clock_, random_};
};

// ---- From create to destroy --------------------------------------------------------------------

TEST_F(LifecycleTest, ACreatedClusterIsWhollyKnownAndTheSecondPlanIsEmpty) {
  const Stored orders = CreateOrders({{"node_count", Value::Int(2)}});
  EXPECT_EQ(orders.state.at("id"), Text("local/orders"));
  EXPECT_EQ(orders.state.at("host_name"), Text("local"));
  EXPECT_EQ(orders.state.at("members"), Texts({"orders-1", "orders-2"}));
  EXPECT_EQ(orders.state.at("endpoint"), Text("127.0.0.1:15432"));
  EXPECT_EQ(orders.state.at("drift"), Value::ListOf({}));
  EXPECT_EQ(World().applied.size(), 1u);
  EXPECT_EQ(World().applied[0].verb, Verb::kCreate);
  EXPECT_EQ(World().applied[0].who, "terraform");

  const auto refreshed = lifecycle_.Read(Cluster(), orders.state, orders.private_data);
  EXPECT_EQ(refreshed.state, orders.state);
  EXPECT_EQ(refreshed.private_data, orders.private_data);
  const auto plan = Plan(Cluster(), {refreshed.state, refreshed.private_data},
                         ClusterConfig({{"node_count", Value::Int(2)}}));
  EXPECT_EQ(plan.planned, orders.state);
  EXPECT_THAT(plan.diagnostics, IsEmpty());
}

TEST_F(LifecycleTest, AnUpdateIsAppliedInPlace) {
  const Stored orders = CreateOrders();
  const Stored grown =
      ApplyConfig(Cluster(), orders, ClusterConfig({{"node_count", Value::Int(3)}}));
  EXPECT_EQ(grown.state.at("members"), Texts({"orders-1", "orders-2", "orders-3"}));
  EXPECT_EQ(grown.state.at("endpoint"), orders.state.at("endpoint"));
  EXPECT_EQ(grown.private_data, orders.private_data);
  EXPECT_EQ(World().applied.back().verb, Verb::kUpdate);
  EXPECT_EQ(std::get<ClusterSpec>(*World().applied.back().spec).node_count, 3);
  // The port that was allocated is still nobody's wish.
  EXPECT_EQ(std::get<ClusterSpec>(*World().applied.back().spec).port, std::nullopt);
}

TEST_F(LifecycleTest, WhoeverChangesLaterWhatCountsAtCreationIsWarned) {
  const Stored orders = CreateOrders();
  const auto plan = Plan(
      Cluster(), orders,
      ClusterConfig({{"restore", Value::Object({{"source_cluster_id", Value::String("local/a")},
                                                {"source_cluster_name", Value::Null()},
                                                {"s3", Value::Null()},
                                                {"encryption_key_wo", Value::Null()},
                                                {"time", Value::Null()},
                                                {"lsn", Value::Null()},
                                                {"backup_id", Value::Null()}})}}));
  EXPECT_THAT(Lines(plan.diagnostics), ElementsAre("warning restore: This changes nothing"));
  EXPECT_THAT(plan.requires_replace, IsEmpty());
}

TEST_F(LifecycleTest, TimeoutsGoWithTheirVerbAndStayInTheState) {
  const Value timeouts =
      Value::Object({{"create", Text("20m")}, {"update", Value::Null()}, {"delete", Text("90s")}});
  const Value off = Value::Bool(false);
  const Value config = ClusterConfig({{"timeouts", timeouts}, {"deletion_protection", off}});
  const Stored created = ApplyConfig(Cluster(), {Value::Null(), ""}, config);
  EXPECT_EQ(World().applied.back().timeout, Milliseconds(1'200'000));
  EXPECT_EQ(created.state.at("timeouts"), timeouts);
  EXPECT_EQ(Plan(Cluster(), created, config).planned, created.state);
  const Value without = ClusterConfig({{"deletion_protection", off}});
  EXPECT_TRUE(Plan(Cluster(), created, without).planned.at("timeouts").is_null());

  const Stored updated = ApplyConfig(
      Cluster(), created,
      ClusterConfig(
          {{"timeouts", timeouts}, {"deletion_protection", off}, {"node_count", Value::Int(2)}}));
  EXPECT_EQ(World().applied.back().timeout, std::nullopt);
  Destroy(Cluster(), updated);
  EXPECT_EQ(World().applied.back().verb, PartChange::Verb::kDelete);
  EXPECT_EQ(World().applied.back().timeout, Milliseconds(90'000));
}

TEST_F(LifecycleTest, AReplicaComesAndGoes) {
  CreateOrders();
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  EXPECT_EQ(reports.state.at("member"), Text("orders-reports"));
  EXPECT_EQ(reports.state.at("id"), Text("local/orders/reports"));
  EXPECT_EQ(Plan(Replica(), reports, ReplicaConfig()).planned, reports.state);
  EXPECT_TRUE(Destroy(Replica(), reports).state.is_null());
  EXPECT_EQ(World().applied.back().verb, Verb::kDelete);
  EXPECT_EQ(World().applied.back().key, "replica/reports");
}

TEST_F(LifecycleTest, ASecondHost) {
  const Stored orders = CreateOrders({{"host_name", Text("east")}});
  EXPECT_EQ(orders.state.at("id"), Text("east/orders"));
  EXPECT_EQ(World().applied[0].id.host, "east");
}

TEST_F(LifecycleTest, ThePasswordReachesTheEngineAndNothingElse) {
  const Value config = ClusterConfig(
      {{"password_wo", Text("correct horse")}, {"password_wo_version", Value::Int(1)}});
  const Stored orders = ApplyConfig(Cluster(), {}, config);
  EXPECT_EQ(std::get<ClusterSpec>(*World().applied[0].spec).password->Reveal(), "correct horse");
  EXPECT_TRUE(orders.state.at("password_wo").is_null());
  EXPECT_THAT(orders.state.ToText(), Not(HasSubstr("correct horse")));
  EXPECT_EQ(orders.state.at("password_wo_version"), Value::Int(1));
  EXPECT_EQ(Plan(Cluster(), orders, config).planned, orders.state);
}

// ---- Validate ----------------------------------------------------------------------------------

TEST_F(LifecycleTest, TheEngineIsAskedAboutWhatIsWhollyKnown) {
  World().complaints = {Invalid("parameters.work_mem", "work_mem is too large", "At most 2 TB."),
                        Invalid("resources.memory", "too little memory"),
                        Invalid("password", "password holds the username")};
  const auto found =
      lifecycle_.ValidateResource(Cluster(),
                                  ClusterConfig({{"password_wo", Text("correct horse")},
                                                 {"password_wo_version", Value::Int(1)}}),
                                  true);
  EXPECT_THAT(Lines(found), ElementsAre("error parameters[\"work_mem\"]: work_mem is too large",
                                        "error resources[\"memory\"]: Too little memory",
                                        "error password_wo: Password holds the username"));
  EXPECT_EQ(found[0].detail, "At most 2 TB.");
  // Defaults are in what it was asked about.
  EXPECT_EQ(std::get<ClusterSpec>(World().validated[0]).engine_version, "17");
}

TEST_F(LifecycleTest, TheEngineIsNotAskedAboutUnknownsAndMistakes) {
  World().complaints = {Invalid("name", "never seen")};
  EXPECT_THAT(lifecycle_.ValidateResource(Cluster(),
                                          ClusterConfig({{"node_count", Value::Unknown()}}), true),
              IsEmpty());
  EXPECT_THAT(Lines(lifecycle_.ValidateResource(
                  Cluster(), ClusterConfig({{"node_count", Value::Int(0)}}), true)),
              ElementsAre("error node_count: Invalid value for node_count"));
  EXPECT_THAT(World().validated, IsEmpty());
}

TEST_F(LifecycleTest, AnOldTerraformWouldStoreWriteOnlyValues) {
  const Value config = ClusterConfig(
      {{"password_wo", Text("correct horse")}, {"password_wo_version", Value::Int(1)}});
  EXPECT_THAT(Lines(lifecycle_.ValidateResource(Cluster(), config, false)),
              ElementsAre("error password_wo: Write-only attribute not allowed"));
}

// ---- Plan --------------------------------------------------------------------------------------

TEST_F(LifecycleTest, APlanAsksTheEngineOnceItKnowsEnough) {
  Plan(Cluster(), {}, ClusterConfig({{"node_count", Value::Unknown()}}));
  Plan(Cluster(), {},
       ClusterConfig({{"password_wo", Value::Unknown()}, {"password_wo_version", Value::Int(1)}}));
  EXPECT_THAT(World().planned, IsEmpty());
  Plan(Cluster(), {}, ClusterConfig());
  ASSERT_THAT(World().planned, SizeIs(1));
  EXPECT_EQ(World().planned[0].verb, Verb::kCreate);
  EXPECT_EQ(World().planned[0].id.ToText(), "local/orders");
}

TEST_F(LifecycleTest, ErrorsOfTheEnginesPlanGoToTheirAttribute) {
  World().fail_plan = Invalid("name", "cluster orders already exists on host local", "Import it.");
  EXPECT_THAT(Lines(Plan(Cluster(), {}, ClusterConfig()).diagnostics),
              ElementsAre("error name: Cluster orders already exists on host local"));
  World().fail_plan = Invalid("cluster_id", "cluster orders does not exist on host local");
  EXPECT_THAT(Lines(Plan(Replica(), {}, ReplicaConfig()).diagnostics),
              ElementsAre("error cluster_id: Cluster orders does not exist on host local"));
  World().fail_plan = Invalid("host_name", "there is no host called west");
  EXPECT_THAT(Lines(Plan(Replica(), {}, ReplicaConfig()).diagnostics),
              ElementsAre("error cluster_id: There is no host called west"));
}

TEST_F(LifecycleTest, AHostThatIsDownIsAWarning) {
  World().warnings = {"host local does not answer"};
  auto plan = Plan(Cluster(), {}, ClusterConfig());
  EXPECT_THAT(Lines(plan.diagnostics),
              ElementsAre("warning : The plan was not checked against the host"));
  EXPECT_EQ(plan.diagnostics[0].detail, "host local does not answer");
  World().fail_plan = Unavailable("the Docker engine does not answer");
  plan = Plan(Cluster(), {}, ClusterConfig());
  EXPECT_THAT(Lines(plan.diagnostics),
              ElementsAre("warning : The plan was not checked against the host"));
  EXPECT_EQ(plan.diagnostics[0].detail,
            "Host local does not answer: The Docker engine does not answer.");
  EXPECT_EQ(plan.planned.at("name"), Text("orders"));
}

TEST_F(LifecycleTest, ADisruptionIsAWarningOnceConnectionsBreakOrDataAreAtRisk) {
  const Stored orders = CreateOrders();
  const Value config = ClusterConfig({{"node_count", Value::Int(2)}});
  World().disruption = {.level = DisruptionLevel::kReload};
  EXPECT_THAT(Plan(Cluster(), orders, config).diagnostics, IsEmpty());
  World().disruption = {
      .level = DisruptionLevel::kRestart,
      .steps = {{DisruptionStep::Kind::kRestart, "orders-1", "shared_buffers 1 → 2"}},
      .blocked_seconds = 10};
  auto plan = Plan(Cluster(), orders, config);
  EXPECT_THAT(Lines(plan.diagnostics),
              ElementsAre("warning : orders: 1 restart; writes blocked for up to 10 s; data at "
                          "risk: none"));
  EXPECT_THAT(plan.diagnostics[0].detail, HasSubstr("1. orders-1  restart     shared_buffers"));
  EXPECT_THAT(plan.diagnostics[0].detail, Not(HasSubstr("takes for granted")));
  World().disruption = {.data_at_risk = DataAtRisk::kVolume};
  World().warnings = {"host local does not answer"};
  plan = Plan(Cluster(), orders, config);
  ASSERT_THAT(plan.diagnostics, SizeIs(2));
  EXPECT_THAT(plan.diagnostics[1].detail, HasSubstr("takes for granted"));
}

TEST_F(LifecycleTest, AnUpdateTellsTheEngineWhatWasBefore) {
  const Stored orders = CreateOrders();
  EXPECT_FALSE(World().planned.back().before.has_value());
  Plan(Cluster(), orders, ClusterConfig({{"node_count", Value::Int(2)}}));
  ASSERT_TRUE(World().planned.back().before.has_value());
  EXPECT_EQ(std::get<ClusterSpec>(*World().planned.back().before).node_count, 1);
}

TEST_F(LifecycleTest, NoChangeAsksNobody) {
  const Stored orders = CreateOrders();
  World().planned.clear();
  Plan(Cluster(), orders, ClusterConfig());
  EXPECT_THAT(World().planned, IsEmpty());
}

TEST_F(LifecycleTest, DriftIsAnUpdateInThePlan) {
  Stored orders = CreateOrders();
  World().clusters["local/orders"].drift["cluster"] = {"instance orders-1 is missing"};
  orders.state = lifecycle_.Read(Cluster(), orders.state, orders.private_data).state;
  EXPECT_EQ(orders.state.at("drift"), Texts({"instance orders-1 is missing"}));
  const auto plan = Plan(Cluster(), orders, ClusterConfig());
  EXPECT_EQ(plan.planned, With(orders.state, {{"drift", Value::ListOf({})}}));
  EXPECT_EQ(World().planned.back().verb, Verb::kUpdate);
}

// ---- Protection and replacement ----------------------------------------------------------------

TEST_F(LifecycleTest, AProtectedClusterIsNotDestroyed) {
  const Stored orders = CreateOrders();
  Diagnostics diagnostics;
  EXPECT_EQ(Destroy(Cluster(), orders, &diagnostics).state, orders.state);
  EXPECT_THAT(Lines(diagnostics),
              ElementsAre("error deletion_protection: Protected from deletion"));
  EXPECT_THAT(World().applied, SizeIs(1));
}

TEST_F(LifecycleTest, AProtectedClusterIsNotReplacedEvenIfTheSameChangeUnprotectsIt) {
  const Stored orders = CreateOrders();
  for (const bool protect : {true, false}) {
    const auto plan = Plan(
        Cluster(), orders,
        ClusterConfig({{"username", Text("boss")}, {"deletion_protection", Value::Bool(protect)}}));
    EXPECT_THAT(Lines(plan.diagnostics),
                ElementsAre("error deletion_protection: Protected from deletion"));
    EXPECT_THAT(plan.diagnostics[0].detail, HasSubstr("the change of username"));
  }
}

TEST_F(LifecycleTest, ATaintedClusterIsProtectedWhenItIsApplied) {
  // Core plans it as a create and only says at apply time that the old one is to go.
  const Stored orders = CreateOrders();
  Diagnostics diagnostics;
  const Stored kept =
      Finish(Cluster(), orders, Value::Null(), Value::Null(), orders.private_data, &diagnostics);
  EXPECT_EQ(kept.state, orders.state);
  EXPECT_THAT(Lines(diagnostics),
              ElementsAre("error deletion_protection: Protected from deletion"));
}

TEST_F(LifecycleTest, AnUnprotectedClusterIsReplacedAndThenDestroyed) {
  const Stored orders = CreateOrders({{"deletion_protection", Value::Bool(false)}});
  World().planned.clear();
  const Value config =
      ClusterConfig({{"username", Text("boss")}, {"deletion_protection", Value::Bool(false)}});
  const Stored replaced = ApplyConfig(Cluster(), orders, config);
  EXPECT_EQ(replaced.state.at("username"), Text("boss"));
  ASSERT_THAT(World().applied, SizeIs(3));
  EXPECT_EQ(World().applied[1].verb, Verb::kDelete);
  EXPECT_EQ(World().applied[2].verb, Verb::kCreate);
  // While it is planned the old one is still there: the engine would only say "already exists".
  EXPECT_THAT(World().planned, IsEmpty());
  EXPECT_TRUE(Destroy(Cluster(), replaced).state.is_null());
  EXPECT_EQ(World().planned.back().verb, Verb::kDelete);
}

TEST_F(LifecycleTest, AReplacementThatItsHostCannotHaveIsRefusedBeforeTheOldOneGoes) {
  const Stored orders = CreateOrders({{"deletion_protection", Value::Bool(false)}});
  World().fail_check = Invalid("instance_class", "a member is to have 64.0 GiB of memory");
  // As core does: both plans, and an apply only when neither has an error.
  const auto plan_again = [&] {
    const Value config =
        ClusterConfig({{"username", Text("boss")}, {"deletion_protection", Value::Bool(false)}});
    const PlanResponse first = Plan(Cluster(), orders, config);
    EXPECT_THAT(first.requires_replace, SizeIs(1));
    return Plan(Cluster(), {Value::Null(), first.planned_private}, config);
  };
  EXPECT_THAT(Lines(plan_again().diagnostics),
              ElementsAre("error instance_class: A member is to have 64.0 GiB of memory"));
  World().fail_check = Unavailable("the Docker engine does not answer");
  const auto unsure = plan_again();
  EXPECT_FALSE(HasErrors(unsure.diagnostics));
  EXPECT_THAT(unsure.diagnostics, SizeIs(1));
}

// ---- Failures of apply -------------------------------------------------------------------------

TEST_F(LifecycleTest, AFailedCreateLeavesNothingInTheState) {
  World().fail_apply = Timeout("no primary after 300 s").In("waiting for orders-1");
  Diagnostics diagnostics;
  const Stored nothing = ApplyConfig(Cluster(), {}, ClusterConfig(), &diagnostics);
  EXPECT_TRUE(nothing.state.is_null());
  EXPECT_EQ(nothing.private_data, "");
  ASSERT_THAT(Lines(diagnostics), ElementsAre("error : No primary after 300 s"));
  EXPECT_EQ(diagnostics[0].detail,
            "This happened while creating dbaas_cluster local/orders: waiting for orders-1.");
}

TEST_F(LifecycleTest, AFailedUpdateKeepsThePriorState) {
  const Stored orders = CreateOrders();
  World().fail_apply = Conflict("the disk is full");
  Diagnostics diagnostics;
  const Stored kept =
      ApplyConfig(Cluster(), orders, ClusterConfig({{"node_count", Value::Int(3)}}), &diagnostics);
  EXPECT_EQ(kept.state, orders.state);
  EXPECT_EQ(kept.private_data, orders.private_data);
  EXPECT_THAT(Lines(diagnostics), ElementsAre("error : The disk is full"));
}

TEST_F(LifecycleTest, AFailedDestroyKeepsThePriorState) {
  const Stored orders = CreateOrders({{"deletion_protection", Value::Bool(false)}});
  World().fail_apply = Unavailable("the Docker engine does not answer");
  Diagnostics diagnostics;
  const Stored kept = Destroy(Cluster(), orders, &diagnostics);
  EXPECT_EQ(kept.state, orders.state);
  EXPECT_EQ(kept.private_data, orders.private_data);
  EXPECT_THAT(Lines(diagnostics), ElementsAre("error : The Docker engine does not answer"));
}

TEST_F(LifecycleTest, WhatIsGoneAlreadyIsDestroyed) {
  const Stored orders = CreateOrders({{"deletion_protection", Value::Bool(false)}});
  World().fail_apply = NotFound("no such cluster");
  EXPECT_TRUE(Destroy(Cluster(), orders).state.is_null());
}

TEST_F(LifecycleTest, AnInternalErrorSaysSo) {
  World().fail_apply = Internal("the answer makes no sense");
  Diagnostics diagnostics;
  ApplyConfig(Cluster(), {}, ClusterConfig(), &diagnostics);
  EXPECT_THAT(diagnostics[0].detail, HasSubstr("bug in the provider"));
}

TEST_F(LifecycleTest, StopReachesTheEngineUntilTheNextConfigure) {
  lifecycle_.Stop();
  CreateOrders();
  EXPECT_TRUE(World().stopped);
  ASSERT_THAT(lifecycle_.Configure(Value::Null()), IsEmpty());
  ApplyConfig(Cluster(), {}, ClusterConfig({{"name", Text("other")}}));
  EXPECT_FALSE(World().stopped);
}

// ---- Read --------------------------------------------------------------------------------------

TEST_F(LifecycleTest, WhatIsGoneIsForgotten) {
  const Stored orders = CreateOrders();
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  World().clusters["local/orders"].parts.erase("replica/reports");
  EXPECT_TRUE(lifecycle_.Read(Replica(), reports.state, "p").state.is_null());
  EXPECT_EQ(lifecycle_.Read(Cluster(), orders.state, "p").state, orders.state);
  World().clusters.clear();
  const auto read = lifecycle_.Read(Cluster(), orders.state, "p");
  EXPECT_TRUE(read.state.is_null());
  EXPECT_THAT(read.diagnostics, IsEmpty());
}

TEST_F(LifecycleTest, WhatIsHalfRemovedIsNotForgotten) {
  CreateOrders();
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  World().clusters["local/orders"].parts.erase("replica/reports");
  World().clusters["local/orders"].status = "modifying";
  EXPECT_EQ(lifecycle_.Read(Replica(), reports.state, "p").state,
            With(reports.state, {{"drift", Texts({"its removal was begun and did not end"})}}));
}

TEST_F(LifecycleTest, AHostThatIsDownKeepsTheState) {
  const Stored orders = CreateOrders();
  for (const Error& error : {Unavailable("connection refused"), Timeout("no answer in 30 s")}) {
    World().fail_read = error;
    const auto read = lifecycle_.Read(Cluster(), orders.state, "p");
    EXPECT_EQ(read.state, orders.state);
    EXPECT_EQ(read.private_data, "p");
    EXPECT_THAT(Lines(read.diagnostics), ElementsAre("warning : The state was not refreshed"));
  }
}

TEST_F(LifecycleTest, AnyOtherFailureToReadIsAnError) {
  const Stored orders = CreateOrders();
  World().fail_read = Denied("permission denied on the socket");
  const auto read = lifecycle_.Read(Cluster(), orders.state, "p");
  EXPECT_EQ(read.state, orders.state);
  EXPECT_THAT(Lines(read.diagnostics), ElementsAre("error : Permission denied on the socket"));
}

// ---- Import ------------------------------------------------------------------------------------

TEST_F(LifecycleTest, AnImportIsWholeAndTheNextPlanIsEmpty) {
  const Stored orders = CreateOrders();
  for (const char* id : {"local/orders", "orders"}) {
    const auto imported = lifecycle_.Import(Cluster(), id);
    EXPECT_THAT(imported.diagnostics, IsEmpty());
    EXPECT_EQ(imported.state, orders.state);
    EXPECT_EQ(imported.private_data, orders.private_data);
    const auto read = lifecycle_.Read(Cluster(), imported.state, imported.private_data);
    EXPECT_EQ(Plan(Cluster(), {read.state, read.private_data}, ClusterConfig()).planned,
              orders.state);
  }
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  EXPECT_EQ(lifecycle_.Import(Replica(), "orders/reports").state, reports.state);
}

TEST_F(LifecycleTest, AnIdentityIsAsGoodAsAnId) {
  const Stored orders = CreateOrders();
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  const Value whole = IdentityOf(Cluster().schema, orders.state);
  for (const Value& identity : {whole, Value::Object({{"name", Text("orders")}})}) {
    const auto imported = lifecycle_.ImportByIdentity(Cluster(), identity);
    EXPECT_THAT(imported.diagnostics, IsEmpty());
    EXPECT_EQ(imported.private_data, orders.private_data);
    EXPECT_EQ(IdentityOf(Cluster().schema, imported.state), whole);
  }
  const Value replica = IdentityOf(Replica().schema, reports.state);
  EXPECT_EQ(lifecycle_.ImportByIdentity(Replica(), replica).state, reports.state);

  const auto absent = lifecycle_.ImportByIdentity(Cluster(), Value::Object({{"name", Text("no")}}));
  ASSERT_THAT(Lines(absent.diagnostics), ElementsAre("error : There is no dbaas_cluster local/no"));
  EXPECT_THAT(absent.diagnostics[0].detail, HasSubstr("The identity was"));
}

TEST_F(LifecycleTest, AnIdentityIsKnownInThePlanOfAnUpdateAndNewInThatOfAReplacement) {
  const Stored orders = CreateOrders({{"deletion_protection", Value::Bool(false)}});
  const auto identity = [](const PlanResponse& plan) {
    return IdentityOf(Cluster().schema, plan.planned);
  };
  const Value::Map unprotected = {{"deletion_protection", Value::Bool(false)}};
  Value::Map grown = unprotected;
  grown["node_count"] = Value::Int(2);
  EXPECT_EQ(identity(Plan(Cluster(), orders, ClusterConfig(grown))),
            IdentityOf(Cluster().schema, orders.state));
  const Value fresh = identity(Plan(Cluster(), {}, ClusterConfig()));
  EXPECT_EQ(fresh.at("name"), Text("orders"));
  EXPECT_TRUE(fresh.at("host_name").is_unknown());
  Value::Map moved = unprotected;
  moved["host_name"] = Text("east");
  const PlanResponse replacement = Plan(Cluster(), orders, ClusterConfig(moved));
  EXPECT_THAT(replacement.requires_replace, SizeIs(1));
  EXPECT_EQ(identity(replacement).at("host_name"), Text("east"));
}

TEST_F(LifecycleTest, AnImportThatCannotBeSaysWhy) {
  CreateOrders();
  EXPECT_THAT(Lines(lifecycle_.Import(Cluster(), "a/b/c").diagnostics),
              ElementsAre("error : \"a/b/c\" is not an id of this kind"));
  EXPECT_THAT(Lines(lifecycle_.Import(Cluster(), "east/orders").diagnostics),
              ElementsAre("error : There is no dbaas_cluster east/orders"));
  EXPECT_THAT(Lines(lifecycle_.Import(Replica(), "orders/reports").diagnostics),
              ElementsAre("error : There is no dbaas_replica local/orders replica/reports"));
  World().fail_read = Unavailable("the Docker engine does not answer");
  const auto down = lifecycle_.Import(Cluster(), "orders");
  EXPECT_TRUE(down.state.is_null());
  EXPECT_THAT(Lines(down.diagnostics), ElementsAre("error : The Docker engine does not answer"));
}

// ---- Lists -------------------------------------------------------------------------------------

class ListTest : public LifecycleTest {
 protected:
  /// What `terraform query` shows: ids, and "error ..." or "warning ..." lines.
  std::vector<std::string> List(const std::string& name, const Value::Map& config = {},
                                std::int64_t limit = 0) {
    const ListResourceType& list = *AllTypes().FindListResource(name);
    std::vector<std::string> lines;
    const auto result = lifecycle_.List(list, *AllTypes().FindResource(name),
                                        {.config = Whole(list.schema, config), .limit = limit},
                                        [&](const Listed& listed) {
                                          for (const auto& line : Lines(listed.diagnostics))
                                            lines.push_back(line);
                                          if (listed.state.is_null()) return Ok();
                                          EXPECT_TRUE(listed.state.is_wholly_known());
                                          states_[listed.state.at("id").as_string()] = listed.state;
                                          lines.push_back(listed.state.at("id").as_string());
                                          return Ok();
                                        });
    EXPECT_TRUE(result.has_value());
    return lines;
  }

  std::map<std::string, Value> states_;
};

TEST_F(ListTest, WhatIsThereHostByHost) {
  EXPECT_THAT(List("dbaas_cluster"), IsEmpty());
  CreateOrders({{"host_name", Text("east")}});
  CreateOrders({{"name", Text("shop")}});
  const Stored orders = CreateOrders();
  const Stored reports = ApplyConfig(Replica(), {}, ReplicaConfig());
  EXPECT_THAT(List("dbaas_cluster"), ElementsAre("local/orders", "local/shop", "east/orders"));
  EXPECT_THAT(List("dbaas_cluster", {{"host_name", Text("east")}}), ElementsAre("east/orders"));
  EXPECT_THAT(List("dbaas_replica"), ElementsAre("local/orders/reports"));
  EXPECT_THAT(List("dbaas_replica", {{"cluster_id", Text("local/orders")}}),
              ElementsAre("local/orders/reports"));
  EXPECT_THAT(List("dbaas_replica", {{"cluster_id", Text("east/orders")}}), IsEmpty());
  EXPECT_THAT(List("dbaas_replica", {{"host_name", Text("east")}}), IsEmpty());
  // As whole as a state is, so that a configuration can be made of it.
  EXPECT_EQ(states_.at("local/orders"), orders.state);
  EXPECT_EQ(states_.at("local/orders/reports"), reports.state);
}

TEST_F(ListTest, AsManyAsAreWanted) {
  for (const char* name : {"a", "b", "c"}) CreateOrders({{"name", Text(name)}});
  EXPECT_THAT(List("dbaas_cluster", {}, 2), ElementsAre("local/a", "local/b"));
  EXPECT_THAT(List("dbaas_cluster", {}, 100), SizeIs(3));
}

TEST_F(ListTest, WhatIsOnItsWayOutIsLeftOut) {
  CreateOrders();
  World().clusters.at("local/orders").status = "deleting";
  EXPECT_THAT(List("dbaas_cluster"), IsEmpty());
}

TEST_F(ListTest, AHostThatIsDownIsAWarningUnlessItWasAskedFor) {
  World().fail_read = Unavailable("the Docker engine does not answer");
  EXPECT_THAT(List("dbaas_cluster"),
              ElementsAre("warning : The list is incomplete", "warning : The list is incomplete"));
  EXPECT_THAT(List("dbaas_cluster", {{"host_name", Text("east")}}),
              ElementsAre("error : The Docker engine does not answer"));
  World().fail_read = Denied("no permission");
  EXPECT_THAT(List("dbaas_cluster"), ElementsAre("error : No permission"));
}

TEST_F(ListTest, WhatIsAskedForMustBeThere) {
  EXPECT_THAT(List("dbaas_cluster", {{"host_name", Text("west")}}),
              ElementsAre("error host_name: There is no host called west"));
  EXPECT_THAT(List("dbaas_replica", {{"cluster_id", Text("local/no")}}),
              ElementsAre("error cluster_id: Cluster no does not exist on host local"));
}

TEST_F(ListTest, StopsWhenNobodyListensOrWhenItIsToStop) {
  CreateOrders();
  const ListResourceType& list = *AllTypes().FindListResource("dbaas_cluster");
  const auto result =
      lifecycle_.List(list, Cluster(), {.config = Whole(list.schema, {})},
                      [](const Listed&) -> Result<void> { return Cancelled("nobody listens"); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kCancelled);
  lifecycle_.Stop();
  EXPECT_THAT(List("dbaas_cluster"), ElementsAre("error : Stopped while listing dbaas_cluster"));
}

// ---- Data sources ------------------------------------------------------------------------------

TEST_F(LifecycleTest, DataOfACluster) {
  CreateOrders();
  const DataSourceType& type = *AllTypes().FindDataSource("dbaas_cluster");
  const auto found =
      lifecycle_.ReadData(type, Whole(type.schema, {{"name", Text("orders")}}), false);
  EXPECT_EQ(found.state.at("id"), Text("local/orders"));
  EXPECT_TRUE(found.state.is_wholly_known());
  EXPECT_THAT(Lines(lifecycle_.ReadData(type, Whole(type.schema, {{"name", Text("none")}}), false)
                        .diagnostics),
              ElementsAre("error name: Cluster none does not exist on host local"));
}

TEST_F(LifecycleTest, DataOfAllClusters) {
  CreateOrders();
  CreateOrders({{"host_name", Text("east")}});
  const DataSourceType& type = *AllTypes().FindDataSource("dbaas_clusters");
  EXPECT_EQ(lifecycle_.ReadData(type, Whole(type.schema, {}), false).state.at("ids"),
            Texts({"east/orders", "local/orders"}));
  EXPECT_EQ(lifecycle_.ReadData(type, Whole(type.schema, {{"host_name", Text("east")}}), false)
                .state.at("ids"),
            Texts({"east/orders"}));
  EXPECT_THAT(
      Lines(lifecycle_.ReadData(type, Whole(type.schema, {{"host_name", Text("west")}}), false)
                .diagnostics),
      ElementsAre("error host_name: There is no host called west"));
}

TEST_F(LifecycleTest, DataThatNeedsNoHost) {
  Lifecycle unconfigured(clock_, random_);
  const DataSourceType& versions = *AllTypes().FindDataSource("dbaas_engine_versions");
  const auto found = unconfigured.ReadData(versions, Whole(versions.schema, {}), true);
  EXPECT_THAT(found.diagnostics, IsEmpty());
  EXPECT_FALSE(found.deferred);
  ASSERT_THAT(found.state.at("versions").as_list(), SizeIs(2));
  EXPECT_EQ(found.state.at("versions").as_list()[0].at("is_default"), Value::Bool(true));
  EXPECT_EQ(found.state.at("versions").as_list()[1].at("is_default"), Value::Bool(false));
}

TEST_F(LifecycleTest, DataOfAHostThatIsNotKnownYet) {
  Lifecycle unconfigured(clock_, random_);
  const DataSourceType& cluster = *AllTypes().FindDataSource("dbaas_cluster");
  const Value config = Whole(cluster.schema, {{"name", Text("orders")}});
  EXPECT_THAT(Lines(unconfigured.ReadData(cluster, config, false).diagnostics),
              ElementsAre("error : The provider is not configured yet"));
  const auto later = unconfigured.ReadData(cluster, config, true);
  EXPECT_TRUE(later.deferred);
  EXPECT_THAT(later.diagnostics, IsEmpty());
  EXPECT_EQ(later.state.at("name"), Text("orders"));
  EXPECT_TRUE(later.state.at("status").is_unknown());
  // One that is configured has nothing to wait for, whatever its host says.
  EXPECT_FALSE(lifecycle_.ReadData(cluster, config, true).deferred);
}

// ---- Ephemeral resources -----------------------------------------------------------------------

TEST_F(LifecycleTest, CredentialsOfACluster) {
  const EphemeralType& type = *AllTypes().FindEphemeralResource("dbaas_credentials");
  const Value config = Whole(type.schema, {{"cluster_id", Text("local/orders")}});
  EXPECT_THAT(Lines(lifecycle_.Open(type, config, false).diagnostics),
              ElementsAre("error cluster_id: Cluster local/orders does not exist"));
  CreateOrders();
  EXPECT_EQ(lifecycle_.Open(type, config, false).result.at("password"), Text("hush"));
}

class LoginTest : public LifecycleTest {
 protected:
  OpenResponse Open() {
    CreateOrders();
    return lifecycle_.Open(type_,
                           Whole(type_.schema, {{"cluster_id", Text("local/orders")},
                                                {"access", Text("read_only")},
                                                {"ttl", Text("10m")}}),
                           false);
  }
  const EphemeralType& type_ = *AllTypes().FindEphemeralResource("dbaas_credentials");
};

TEST_F(LoginTest, LivesFromOpenToCloseAndIsRenewedAtHalfOfItsTime) {
  const OpenResponse opened = Open();
  ASSERT_THAT(opened.diagnostics, IsEmpty());
  EXPECT_EQ(opened.result.at("username"), Text("dbaas_login_0"));
  EXPECT_EQ(opened.result.at("password"), Text("brief"));
  EXPECT_EQ(opened.result.at("ttl"), Text("10m"));
  EXPECT_EQ(opened.renew_at, clock_.Now() + Milliseconds(300'000));
  EXPECT_THAT(opened.private_data, Not(HasSubstr("brief")));
  ASSERT_THAT(World().logins, SizeIs(1));
  EXPECT_EQ(World().logins["dbaas_login_0"].access, Login::Access::kReadOnly);

  clock_.Tick(Milliseconds(300'000));
  const OpenResponse renewed = lifecycle_.Renew(type_, opened.private_data);
  EXPECT_THAT(renewed.diagnostics, IsEmpty());
  EXPECT_EQ(renewed.private_data, opened.private_data);
  EXPECT_EQ(renewed.renew_at, clock_.Now() + Milliseconds(300'000));
  EXPECT_EQ(World().logins["dbaas_login_0"].ttl, Milliseconds(1'200'000));

  EXPECT_THAT(lifecycle_.Close(type_, opened.private_data), IsEmpty());
  EXPECT_THAT(World().logins, IsEmpty());
}

TEST_F(LoginTest, WhatCannotBeRenewedIsTriedAgainAndWhatCannotBeDroppedIsAWarning) {
  const OpenResponse opened = Open();
  World().fail_login = Unavailable("cluster orders has no primary right now");
  const OpenResponse renewed = lifecycle_.Renew(type_, opened.private_data);
  EXPECT_THAT(Lines(renewed.diagnostics),
              ElementsAre("warning : The role dbaas_login_0 was not renewed"));
  EXPECT_EQ(renewed.private_data, opened.private_data);
  EXPECT_EQ(renewed.renew_at, clock_.Now() + Milliseconds(75'000));
  EXPECT_THAT(Lines(lifecycle_.Close(type_, opened.private_data)),
              ElementsAre("warning : The role dbaas_login_0 was not dropped"));
  World().fail_login = NotFound("cluster local/orders does not exist");
  EXPECT_THAT(lifecycle_.Close(type_, opened.private_data), IsEmpty());
}

TEST_F(LoginTest, TheAdministratorsCredentialsAreNoLogin) {
  CreateOrders();
  const auto opened =
      lifecycle_.Open(type_, Whole(type_.schema, {{"cluster_id", Text("local/orders")}}), false);
  EXPECT_EQ(opened.result.at("access"), Text("admin"));
  EXPECT_EQ(opened.renew_at, std::nullopt);
  EXPECT_EQ(opened.private_data, "");
  EXPECT_THAT(World().logins, IsEmpty());
  EXPECT_THAT(lifecycle_.Close(type_, ""), IsEmpty());
  EXPECT_EQ(lifecycle_.Renew(type_, "").renew_at, std::nullopt);
}

TEST_F(LifecycleTest, CredentialsOfAHostThatIsNotKnownYet) {
  Lifecycle unconfigured(clock_, random_);
  const EphemeralType& type = *AllTypes().FindEphemeralResource("dbaas_credentials");
  const Value config = Whole(type.schema, {{"cluster_id", Text("local/orders")}});
  EXPECT_THAT(Lines(unconfigured.Open(type, config, false).diagnostics),
              ElementsAre("error : The provider is not configured yet"));
  const auto later = unconfigured.Open(type, config, true);
  EXPECT_TRUE(later.deferred);
  EXPECT_THAT(later.diagnostics, IsEmpty());
  EXPECT_TRUE(later.result.at("password").is_unknown());
  EXPECT_FALSE(lifecycle_.Open(type, config, true).deferred);
}

TEST_F(LifecycleTest, APasswordNeedsNoHostAndRulesAcrossItsAttributesAreCheckedOnceAllIsKnown) {
  Lifecycle unconfigured(clock_, random_);
  const EphemeralType& type = *AllTypes().FindEphemeralResource("dbaas_password");
  const auto opened = unconfigured.Open(type, Whole(type.schema, {}), false);
  EXPECT_THAT(opened.diagnostics, IsEmpty());
  EXPECT_THAT(opened.result.at("result").as_string(), SizeIs(32));
  const Value::Map wrong = {{"length", Value::Int(8)}, {"min_lower", Value::Int(9)}};
  EXPECT_THAT(Lines(unconfigured.ValidateEphemeral(type, Whole(type.schema, wrong))),
              ElementsAre("error length: Length is 8, and the characters asked for are 9"));
  const Value unknown = With(Whole(type.schema, wrong), {{"length", Value::Unknown()}});
  EXPECT_THAT(unconfigured.ValidateEphemeral(type, unknown), IsEmpty());
}

// ---- Actions -----------------------------------------------------------------------------------

struct QuietProgress final : Progress {
  void Note(const std::string&) override {}
  void Began(int, int, const std::string& action) override { began.push_back(action); }
  void Ended(int, int, const std::string&, const std::string&, Milliseconds) override {}
  std::vector<std::string> began;
};

class ActionTest : public LifecycleTest {
 protected:
  const ActionType& type_ = *AllTypes().FindAction("dbaas_restart");
  const Value config_ =
      Whole(type_.schema, {{"cluster_id", Text("east/orders")}, {"members", Texts({"orders-1"})}});
  QuietProgress progress_;
};

TEST_F(ActionTest, BecomesWorkOfTheEngine) {
  EXPECT_THAT(lifecycle_.ValidateAction(type_, config_), IsEmpty());
  EXPECT_THAT(lifecycle_.InvokeAction(type_, config_, progress_, {}), IsEmpty());
  ASSERT_THAT(World().maintained, SizeIs(1));
  EXPECT_EQ(World().maintained[0].id.ToText(), "east/orders");
  EXPECT_EQ(World().maintained[0].ToText(), "restart orders-1");
  EXPECT_EQ(World().maintained[0].who, "terraform");
  EXPECT_THAT(progress_.began, ElementsAre("restart orders-1"));
}

TEST_F(ActionTest, ItsPlanSaysWhatItCostsAndRefusesNothingThatMayYetBecomeTrue) {
  EXPECT_THAT(lifecycle_.PlanAction(type_, config_), IsEmpty());
  World().disruption.level = DisruptionLevel::kFailover;
  World().disruption.steps = {{DisruptionStep::Kind::kRestart, "orders-1", "asked for"}};
  const auto found = lifecycle_.PlanAction(type_, config_);
  EXPECT_THAT(Lines(found), ElementsAre(HasSubstr("warning : orders: 1 restart")));
  EXPECT_THAT(found[0].detail, HasSubstr("1. orders-1  restart     asked for"));
  const Value unknown = With(config_, {{"cluster_id", Value::Unknown()}});
  EXPECT_THAT(lifecycle_.PlanAction(type_, unknown), IsEmpty());
  World().fail_maintain = NotFound("there is no cluster east/orders");
  EXPECT_THAT(lifecycle_.PlanAction(type_, config_), IsEmpty());
  EXPECT_THAT(World().maintained, IsEmpty());
}

TEST_F(ActionTest, AFailureSaysOfWhatAndWhere) {
  World().fail_maintain = Conflict("the last apply of east/orders did not end", "Apply first.");
  const auto failed = lifecycle_.InvokeAction(type_, config_, progress_, {});
  EXPECT_THAT(Lines(failed), ElementsAre("error : The last apply of east/orders did not end"));
  EXPECT_THAT(failed[0].detail, HasSubstr("This happened while restart orders-1 of east/orders."));
  World().fail_maintain = NotFound("there is no cluster east/orders");
  EXPECT_THAT(Lines(lifecycle_.InvokeAction(type_, config_, progress_, {})),
              ElementsAre("error cluster_id: There is no cluster east/orders"));
  World().fail_maintain = Invalid("members", "orders-1 is no member of east/orders");
  EXPECT_THAT(Lines(lifecycle_.InvokeAction(type_, config_, progress_, {})),
              ElementsAre("error members: orders-1 is no member of east/orders"));
}

TEST_F(ActionTest, StopsWhenTheProviderIsStoppedOrTheCallerIsGone) {
  World().while_maintaining = [&](const std::stop_token& stop) {
    EXPECT_FALSE(stop.stop_requested());
    lifecycle_.Stop();
    EXPECT_TRUE(stop.stop_requested());
  };
  EXPECT_THAT(Lines(lifecycle_.InvokeAction(type_, config_, progress_, {})),
              ElementsAre("error : Stopped"));
  EXPECT_THAT(lifecycle_.Configure(Value::Null()), IsEmpty());
  std::stop_source caller;
  World().while_maintaining = [&](const std::stop_token& stop) {
    EXPECT_FALSE(stop.stop_requested());
    caller.request_stop();
    EXPECT_TRUE(stop.stop_requested());
  };
  EXPECT_THAT(Lines(lifecycle_.InvokeAction(type_, config_, progress_, caller.get_token())),
              ElementsAre("error : Stopped"));
}

// ---- Configure ---------------------------------------------------------------------------------

Value Host(Value name, Value docker = Value::Null()) {
  return Value::Object({{"name", std::move(name)}, {"docker", std::move(docker)}});
}
Value Provider(Value::List hosts) {
  return Value::Object({{"host", Value::ListOf(std::move(hosts))}});
}

TEST_F(LifecycleTest, ConfigureMakesAnEngineOfTheHosts) {
  const Value docker = Value::Object({{"endpoint", Text("tcp://db1:2376")},
                                      {"cert_path", Text("/certs")},
                                      {"tls_verify", Value::Bool(false)}});
  EXPECT_THAT(lifecycle_.Configure(Provider({Host(Text("a")), Host(Text("b"), docker)})),
              IsEmpty());
  ASSERT_THAT(World().hosts, SizeIs(2));
  EXPECT_EQ(World().hosts[0].name, "a");
  EXPECT_EQ(World().hosts[1].docker_endpoint, "tcp://db1:2376");
  EXPECT_EQ(World().hosts[1].cert_path, "/certs");
  EXPECT_EQ(World().hosts[1].tls_verify, false);
  EXPECT_EQ(CreateOrders().state.at("id"), Text("a/orders"));
}

TEST_F(LifecycleTest, WithoutAHostThereIsTheOneOfTheEnvironment) {
  EXPECT_THAT(lifecycle_.Configure(Provider({})), IsEmpty());
  ASSERT_THAT(World().hosts, SizeIs(1));
  EXPECT_EQ(World().hosts[0].name, "local");
  EXPECT_EQ(World().hosts[0].docker_endpoint, "");
}

TEST_F(LifecycleTest, AWrongProviderBlockIsRefused) {
  EXPECT_THAT(Lines(lifecycle_.Configure(Provider({Host(Text("a")), Host(Text("a"))}))),
              ElementsAre("error host[1].name: Duplicate host name"));
  EXPECT_THAT(Lines(lifecycle_.ValidateProvider(Provider({Host(Text("A"))}))),
              ElementsAre("error host[0].name: Invalid value for name"));
}

TEST_F(LifecycleTest, AProviderThatIsNotKnownYetPlansWithWarningsAndAppliesNothing) {
  const Stored orders = CreateOrders();
  World().applied.clear();
  EXPECT_THAT(lifecycle_.Configure(Provider({Host(Value::Unknown())})), IsEmpty());
  const auto read = lifecycle_.Read(Cluster(), orders.state, orders.private_data);
  EXPECT_EQ(read.state, orders.state);
  EXPECT_THAT(Lines(read.diagnostics), ElementsAre("warning : The state was not refreshed"));
  const Value config = ClusterConfig({{"node_count", Value::Int(2)}});
  const auto plan = Plan(Cluster(), orders, config);
  EXPECT_THAT(Lines(plan.diagnostics),
              ElementsAre("warning : The plan was not checked against the host"));
  Diagnostics diagnostics;
  EXPECT_EQ(ApplyConfig(Cluster(), orders, config, &diagnostics).state, orders.state);
  EXPECT_THAT(Lines(diagnostics), ElementsAre("error : The provider is not configured yet"));
  EXPECT_THAT(World().applied, IsEmpty());
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The provider's whole server, and a Terraform core that checks every promise: the stories that
// each kind of change is, one by one. property_test.cc tells them at random.
#include "tests/protocol/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "tests/protocol/rig.h"

namespace dbaas::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kCluster = "dbaas_cluster";
constexpr const char* kReplica = "dbaas_replica";
constexpr const char* kBackupPolicy = "dbaas_backup_policy";

Value Text(std::string text) { return Value::String(std::move(text)); }

class CoreTest : public testing::Test {
 protected:
  ~CoreTest() override { EXPECT_THAT(core_.violations(), IsEmpty()); }

  /// A cluster that may be destroyed.
  Value Orders(Value::Map members = {}) {
    members.try_emplace("name", Text("orders"));
    members.try_emplace("deletion_protection", Value::Bool(false));
    return core_.Config(kCluster, members);
  }
  Value Reports(Value::Map members = {}) {
    members.try_emplace("name", Text("reports"));
    members.try_emplace("cluster_id", Text("local/orders"));
    return core_.Config(kReplica, members);
  }
  Instance Make(const Value& config) {
    const Applied applied = core_.Converge(kCluster, {}, config);
    EXPECT_TRUE(applied.ok) << ToText(applied.diagnostics);
    return applied.instance;
  }

  Rig rig_;
  SeededRandom variety_{7};
  Core core_{rig_.channel(), &variety_};
};

TEST_F(CoreTest, SchemasAreOnesThatCoreAccepts) {
  EXPECT_TRUE(core_.resources().contains(kCluster));
  EXPECT_TRUE(core_.resources().contains(kReplica));
}

TEST_F(CoreTest, CreateUpdateDestroy) {
  Instance orders = Make(Orders());
  orders = core_.Converge(kCluster, orders, Orders({{"node_count", Value::Int(2)}})).instance;
  EXPECT_EQ(orders.state.at("members").as_list().size(), 2u);
  const Applied gone = core_.Converge(kCluster, orders, Value());
  EXPECT_TRUE(gone.ok);
  EXPECT_TRUE(gone.instance.state.is_null());
}

TEST_F(CoreTest, AReplicaOfItsOwnLife) {
  Instance orders = Make(Orders());
  Instance reports = core_.Converge(kReplica, {}, Reports()).instance;
  reports =
      core_.Converge(kReplica, reports, Reports({{"instance_class", Text("db.medium")}})).instance;
  // The other resource of the same cluster sees nothing of it.
  EXPECT_EQ(core_.Plan(kCluster, orders, Orders()).action, Action::kNoOp);
  EXPECT_TRUE(core_.Converge(kReplica, reports, Value()).instance.state.is_null());
}

TEST_F(CoreTest, AReplacementDestroysBeforeItCreates) {
  const Instance orders = Make(Orders());
  const Value config = Orders({{"db_name", Text("other")}});
  const Change change = core_.Plan(kCluster, orders, config);
  EXPECT_EQ(change.action, Action::kReplace);
  EXPECT_THAT(change.replaced_for, ElementsAre("db_name"));
  const Applied replaced = core_.Converge(kCluster, orders, config);
  EXPECT_TRUE(replaced.ok) << ToText(replaced.diagnostics);
  EXPECT_EQ(replaced.instance.state.at("db_name"), Text("other"));
}

TEST_F(CoreTest, AReplacementElsewhereIsCheckedBeforeAnythingGoes) {
  const Instance orders = Make(Orders());
  const Instance sales = Make(Orders({{"name", Text("sales")}}));
  const Change to_nowhere = core_.Plan(kCluster, orders, Orders({{"host_name", Text("nowhere")}}));
  EXPECT_EQ(to_nowhere.action, Action::kRefused);
  EXPECT_THAT(ToText(to_nowhere.diagnostics), HasSubstr("host_name: There is no host"));
  const Change onto_another = core_.Plan(kCluster, orders, Orders({{"name", Text("sales")}}));
  EXPECT_EQ(onto_another.action, Action::kRefused);
  EXPECT_THAT(ToText(onto_another.diagnostics), HasSubstr("name: Cluster sales already exists"));

  const Instance reports = core_.Converge(kReplica, {}, Reports()).instance;
  const Value gone = Reports({{"cluster_id", Text("local/gone")}});
  EXPECT_EQ(core_.Plan(kReplica, reports, gone).action, Action::kRefused);

  const Applied moved = core_.Converge(
      kCluster, sales, Orders({{"name", Text("sales")}, {"host_name", Text("east")}}));
  EXPECT_TRUE(moved.ok) << ToText(moved.diagnostics);
  EXPECT_EQ(moved.instance.state.at("id"), Text("east/sales"));
}

TEST_F(CoreTest, AReplacementThatCreatesBeforeItDestroys) {
  const Instance orders = Make(Orders());
  const Applied replaced = core_.Converge(kCluster, orders, Orders({{"name", Text("sales")}}),
                                          {.create_before_destroy = true});
  EXPECT_TRUE(replaced.ok) << ToText(replaced.diagnostics);
  EXPECT_FALSE(replaced.deposed.has_value());
  EXPECT_EQ(replaced.instance.state.at("id"), Text("local/sales"));
}

// Nobody tells the provider that this is not the first half of a replacement but a create beside
// the old one, until the last plan. Then core has set the old one aside and does not take it back.
TEST_F(CoreTest, CreateBeforeDestroyUnderTheSameNameIsRefusedWithTheWayOut) {
  const Instance orders = Make(Orders());
  const Change change = core_.Plan(kCluster, orders, Orders({{"db_name", Text("other")}}),
                                   {.create_before_destroy = true});
  ASSERT_EQ(change.action, Action::kReplace);
  const Applied refused = core_.Apply(kCluster, change);
  EXPECT_TRUE(refused.refused);
  EXPECT_THAT(ToText(refused.diagnostics), HasSubstr("run terraform state rm <address> before"));
  ASSERT_TRUE(refused.deposed.has_value());
  EXPECT_EQ(refused.deposed->state, orders.state);
  EXPECT_EQ(core_.Plan(kCluster, *core_.Import(kCluster, "local/orders"), Orders()).action,
            Action::kNoOp);
}

// Core plans a tainted object as if it were new, and the provider cannot know better. It does not
// guess, for the guess would destroy a database; it says what to do.
TEST_F(CoreTest, ATaintedObjectIsRefusedWithTheWayOut) {
  Instance orders = Make(Orders());
  orders.tainted = true;
  const Change change = core_.Plan(kCluster, orders, Orders());
  EXPECT_EQ(change.action, Action::kRefused);
  EXPECT_THAT(ToText(change.diagnostics), HasSubstr("terraform untaint"));
  orders.tainted = false;
  EXPECT_TRUE(core_.Converge(kCluster, orders, Orders(), {.replace = true}).ok);
}

TEST_F(CoreTest, AForcedReplacement) {
  const Instance orders = Make(Orders());
  const Change change = core_.Plan(kCluster, orders, Orders(), {.replace = true});
  EXPECT_EQ(change.action, Action::kReplace);
  EXPECT_TRUE(core_.Converge(kCluster, orders, Orders(), {.replace = true}).ok);
}

TEST_F(CoreTest, WhatIsUnknownInAPlanIsKnownInTheApply) {
  const Value unknown = Orders({{"node_count", Value::Unknown()},
                                {"db_name", Value::Unknown()},
                                {"parameters", Value::Object({{"work_mem", Value::Unknown()}})},
                                {"instance_class", Value::Unknown()},
                                {"port", Value::Unknown()}});
  const Change change = core_.Plan(kCluster, {}, unknown);
  ASSERT_EQ(change.action, Action::kCreate) << ToText(change.diagnostics);
  EXPECT_TRUE(change.planned.at("node_count").is_unknown());
  const Value known = Orders({{"node_count", Value::Int(2)},
                              {"db_name", Text("shop")},
                              {"parameters", Value::Object({{"work_mem", Text("8MB")}})},
                              {"port", Value::Null()}});
  const Applied applied = core_.Apply(kCluster, change, known);
  ASSERT_TRUE(applied.ok) << ToText(applied.diagnostics);
  EXPECT_EQ(core_.Plan(kCluster, applied.instance, known).action, Action::kNoOp);
}

TEST_F(CoreTest, EverythingUnknownIsAPlan) {
  for (const auto& [name, schema] : core_.resources()) {
    Value config = EmptyObject(schema.type);
    for (const Member& member : schema.type.members) {
      const bool configurable = member.required || member.optional;
      if (configurable) config.as_map()[member.name] = Value::Unknown();
    }
    EXPECT_EQ(core_.Plan(name, {}, config).action, Action::kCreate) << name;
  }
}

TEST_F(CoreTest, WriteOnlyValuesStayInTheConfiguration) {
  const Value config =
      Orders({{"password_wo", Text("correct horse")}, {"password_wo_version", Value::Int(1)}});
  const Instance orders = Make(config);
  EXPECT_THAT(orders.state.ToText(), Not(HasSubstr("correct horse")));
  EXPECT_FALSE(core_.Validate(kCluster, config, nullptr, false));
  const Applied changed = core_.Converge(
      kCluster, orders,
      Orders({{"password_wo", Text("battery staple")}, {"password_wo_version", Value::Int(2)}}));
  EXPECT_TRUE(changed.ok) << ToText(changed.diagnostics);
}

TEST_F(CoreTest, AParameterThatIsNullIsLeftOut) {
  const Value parameters = Value::Object({{"work_mem", Text("8MB")}, {"jit", Value::Null()}});
  const Instance orders = Make(Orders({{"parameters", parameters}}));
  EXPECT_EQ(orders.state.at("parameters"), parameters);
}

TEST_F(CoreTest, ANumberWithMoreDigitsThanADoubleIsNoChange) {
  // `cpu = 1 / 3`, as Terraform writes it.
  const std::string third = "0." + std::string(150, '3');
  const Value resources =
      Value::Object({{"cpu", Value::Num(*Number::FromText(third))}, {"memory", Text("1024MiB")}});
  EXPECT_EQ(Make(Orders({{"resources", resources}})).state.at("resources"), resources);
}

TEST_F(CoreTest, AProtectedClusterRefusesToGo) {
  const Instance orders = Make(Orders({{"deletion_protection", Value::Bool(true)}}));
  EXPECT_EQ(core_.Plan(kCluster, orders, Value()).action, Action::kRefused);
  EXPECT_EQ(core_.Plan(kCluster, orders, Orders({{"db_name", Text("other")}})).action,
            Action::kRefused);
}

TEST_F(CoreTest, WhatIsGoneIsPlannedAnew) {
  const Instance orders = Make(Orders());
  Rig other;
  Core elsewhere(other.channel(), &variety_);
  EXPECT_EQ(elsewhere.Plan(kCluster, orders, Orders()).action, Action::kCreate);
  EXPECT_THAT(elsewhere.violations(), IsEmpty());
}

TEST_F(CoreTest, WhatWasRemovedByHandIsPutBack) {
  const Instance orders = Make(Orders({{"node_count", Value::Int(2)}}));
  rig_.local().RemoveByHand({ObjectKind::kInstance, "orders-2"});
  rig_.clock().Tick(Milliseconds(60'000));
  const Change change = core_.Plan(kCluster, orders, Orders({{"node_count", Value::Int(2)}}));
  EXPECT_EQ(change.action, Action::kUpdate);
  EXPECT_TRUE(core_.Converge(kCluster, orders, Orders({{"node_count", Value::Int(2)}})).ok);
}

TEST_F(CoreTest, AnImportNeedsNoReplacementAndSettles) {
  const Value config =
      Orders({{"parameters", Value::Object({{"work_mem", Text("8MB")}})},
              {"resources", Value::Object({{"cpu", Value::Int(2)}, {"memory", Text("1024MiB")}})},
              {"timeouts", Value::Object({{"create", Text("30m")},
                                          {"update", Value::Null()},
                                          {"delete", Value::Null()}})}});
  Make(config);
  core_.Converge(kReplica, {}, Reports());
  for (const auto& [type, id, wanted] :
       {std::tuple{kCluster, "orders", config}, std::tuple{kCluster, "local/orders", config},
        std::tuple{kReplica, "local/orders/reports", Reports()}}) {
    const auto imported = core_.Import(type, id);
    ASSERT_TRUE(imported.has_value()) << id;
    const auto again = core_.ImportByIdentity(type, imported->identity);
    ASSERT_TRUE(again.has_value()) << id;
    EXPECT_EQ(again->state, imported->state) << id;
    EXPECT_EQ(again->identity, imported->identity) << id;
    const Change change = core_.Plan(type, *imported, wanted);
    EXPECT_THAT(change.action, testing::AnyOf(Action::kNoOp, Action::kUpdate)) << id;
    EXPECT_TRUE(core_.Converge(type, *imported, wanted).ok) << id;
  }
  EXPECT_FALSE(core_.Import(kCluster, "nobody").has_value());
  EXPECT_FALSE(core_.Import(kCluster, "").has_value());
}

TEST_F(CoreTest, AnIdentityWithoutItsHostIsEnoughWhereOneHasIt) {
  const Instance orders = Make(Orders());
  Value identity = orders.identity;
  ASSERT_EQ(identity.kind(), Value::Kind::kMap);
  for (const auto& member : core_.identities().at(kCluster).members) {
    if (member.optional) identity.as_map()[member.name] = Value::Null();
  }
  EXPECT_FALSE(identity == orders.identity) << "nothing of it is optional";
  const auto imported = core_.ImportByIdentity(kCluster, identity);
  ASSERT_TRUE(imported.has_value());
  EXPECT_EQ(imported->identity, orders.identity);
  identity.as_map()["name"] = Text("nobody");
  EXPECT_FALSE(core_.ImportByIdentity(kCluster, identity).has_value());
}

TEST_F(CoreTest, AHostThatIsSilentChangesNoState) {
  const Instance orders = Make(Orders());
  rig_.local().SetReachable(false);
  rig_.clock().Tick(Milliseconds(60'000));
  EXPECT_EQ(core_.Plan(kCluster, orders, Orders()).action, Action::kNoOp);
  const Change change = core_.Plan(kCluster, orders, Orders({{"node_count", Value::Int(3)}}));
  EXPECT_EQ(change.action, Action::kUpdate);
  const Applied failed = core_.Apply(kCluster, change);
  EXPECT_FALSE(failed.ok);
  EXPECT_EQ(failed.instance.state, orders.state);
  EXPECT_EQ(failed.instance.private_data, orders.private_data);
}

// Wherever a create breaks off, the next one carries on from there: nothing is tainted, nothing is
// in the way, and what it restarts disturbs nobody yet.
TEST_F(CoreTest, ACreateThatBrokeOffGoesOn) {
  const std::set<std::string> changing = {"Ensure", "Exec", "WriteRecord"};
  bool broke = true;
  for (int at = 1; broke; ++at) {
    Rig rig(at);
    Core core(rig.service(), &variety_);
    std::atomic<int> calls = 0;
    std::string unheard;  // Done, but its answer was lost.
    rig.local().OnFault([&](const FakeCall& call) {
      if (!changing.contains(call.method)) return FakeFault::kNone;
      const int number = ++calls;
      if (number < at) return FakeFault::kNone;
      if (number > at) return FakeFault::kBefore;
      unheard = call.method;
      return FakeFault::kAfter;
    });
    const Value config = Orders({{"max_disruption", Text("none")}, {"node_count", Value::Int(2)}});
    const Applied applied = core.Apply(kCluster, core.Plan(kCluster, {}, config));
    broke = !applied.ok;
    EXPECT_EQ(applied.instance.state.is_null(), broke) << "at call " << at;
    EXPECT_FALSE(applied.instance.tainted);
    rig.local().OnFault(nullptr);
    rig.clock().Tick(Milliseconds(60'000));
    Applied next = core.Converge(kCluster, applied.instance, config);
    // The last write says that all is done. If it arrived, its answer was lost and the host did not
    // come back in time, there is a cluster that the state knows nothing of.
    if (ToText(next.diagnostics).find("terraform import") != std::string::npos) {
      EXPECT_EQ(unheard, "WriteRecord") << "at call " << at;
      const auto imported = core.Import(kCluster, "orders");
      ASSERT_TRUE(imported.has_value());
      next = core.Converge(kCluster, *imported, config);
    }
    EXPECT_TRUE(next.ok) << "at call " << at << ": " << ToText(next.diagnostics);
    EXPECT_THAT(core.violations(), IsEmpty()) << "at call " << at;
    ASSERT_LT(at, 200);
  }
}

TEST_F(CoreTest, DataSourcesEphemeralResourcesAndFunctionsAnswer) {
  Make(Orders());
  const Value policy = core_.Config(kBackupPolicy, {{"cluster_id", Text("local/orders")}});
  EXPECT_TRUE(core_.Converge(kBackupPolicy, {}, policy).ok);
  for (const auto& [name, schema] : core_.data_sources()) {
    Value config = EmptyObject(schema.type);
    if (schema.type.Find("name") != nullptr) config.as_map()["name"] = Text("orders");
    if (schema.type.Find("cluster_id") != nullptr) config.as_map()["cluster_id"] = Text("orders");
    EXPECT_FALSE(core_.ReadData(name, config).is_null()) << name;
  }
  Value config = EmptyObject(core_.ephemeral_resources().at("dbaas_credentials").type);
  config.as_map()["cluster_id"] = Text("local/orders");
  EXPECT_EQ(core_.OpenEphemeral("dbaas_credentials", config).at("username"), Text("admin"));
  config.as_map()["cluster_id"] = Text("local/nobody");
  EXPECT_TRUE(core_.OpenEphemeral("dbaas_credentials", config).is_null());
  EXPECT_FALSE(core_.Call("quantity", {Text("1GiB")}).is_null());
  EXPECT_TRUE(core_.Call("quantity", {Text("one")}).is_null());
}

}  // namespace
}  // namespace dbaas::core

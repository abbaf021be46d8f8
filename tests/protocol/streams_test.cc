// SPDX-License-Identifier: MPL-2.0
//
// Lists and actions, as core asks for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/protocol/core.h"
#include "tests/protocol/rig.h"

namespace dbaas::core {
namespace {

using testing::Contains;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kCluster = "dbaas_cluster";
constexpr const char* kReplica = "dbaas_replica";

Value Text(std::string text) { return Value::String(std::move(text)); }

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() {
    for (const char* host : {"local", "east"}) {
      made_.push_back(Make(kCluster, {{"name", Text("orders")},
                                      {"host_name", Text(host)},
                                      {"deletion_protection", Value::Bool(false)}}));
    }
    reports_ = Make(kReplica, {{"name", Text("reports")}, {"cluster_id", Text("local/orders")}});
  }
  ~StreamsTest() override { EXPECT_THAT(core_.violations(), IsEmpty()); }

  Instance Make(const char* type, const Value::Map& members) {
    const Applied applied = core_.Converge(type, {}, core_.Config(type, members));
    EXPECT_TRUE(applied.ok) << ToText(applied.diagnostics);
    return applied.instance;
  }
  std::optional<std::vector<Listed>> List(const char* type, const Value::Map& members = {},
                                          bool with_objects = true, std::int64_t limit = 100) {
    return core_.List(type, Core::ConfigOf(core_.lists().at(type).type, members), with_objects,
                      limit);
  }
  std::optional<std::vector<std::string>> Invoke(const char* action, const Value::Map& members) {
    return core_.Invoke(action, Core::ConfigOf(core_.actions().at(action).type, members));
  }

  Rig rig_;
  Core core_{rig_.channel()};
  std::vector<Instance> made_;
  Instance reports_;
};

TEST_F(StreamsTest, WhatIsListedIsWhatAnImportByItsIdentityFinds) {
  std::size_t lists = 0;
  for (const auto& [type, schema] : core_.lists()) {
    const auto all = List(type.c_str());
    ASSERT_TRUE(all.has_value()) << type;
    lists += all->empty() ? 0 : 1;
    for (const Listed& one : *all) {
      const auto imported = core_.ImportByIdentity(type, one.identity);
      ASSERT_TRUE(imported.has_value()) << one.name;
      EXPECT_EQ(imported->state, one.object) << one.name;
    }
  }
  EXPECT_GE(lists, 2u) << "those of clusters and of replicas have something to tell";
}

TEST_F(StreamsTest, AllOfThemOrThoseThatAreAskedFor) {
  EXPECT_THAT(*List(kCluster), SizeIs(2));
  EXPECT_THAT(*List(kCluster, {{"host_name", Text("east")}}), SizeIs(1));
  EXPECT_THAT(*List(kReplica, {{"cluster_id", Text("local/orders")}}), SizeIs(1));
  EXPECT_THAT(*List(kReplica, {{"cluster_id", Text("east/orders")}}), IsEmpty());
}

TEST_F(StreamsTest, NoMoreThanAreAskedFor) {
  EXPECT_THAT(*List(kCluster, {}, true, 1), SizeIs(1));
  EXPECT_THAT(*List(kCluster, {}, false, 2), SizeIs(2));
}

TEST_F(StreamsTest, AListThatContradictsItselfIsRefused) {
  EXPECT_FALSE(List(kReplica, {{"host_name", Text("east")}, {"cluster_id", Text("local/orders")}}));
}

TEST_F(StreamsTest, AHostThatIsSilentLeavesTheOthers) {
  rig_.local().SetReachable(false);
  rig_.clock().Tick(Milliseconds(60'000));
  const auto all = List(kCluster);
  ASSERT_TRUE(all.has_value());
  ASSERT_THAT(*all, SizeIs(1));
  EXPECT_EQ(all->front().identity, made_[1].identity);
}

TEST_F(StreamsTest, AnActionTellsWhatItDoesAndLeavesNothingToPlan) {
  const auto told = Invoke("dbaas_restart", {{"cluster_id", Text("local/orders")}});
  ASSERT_TRUE(told.has_value());
  EXPECT_THAT(*told, Not(IsEmpty()));
  const Value config = core_.Config(
      kCluster, {{"name", Text("orders")}, {"deletion_protection", Value::Bool(false)}});
  EXPECT_EQ(core_.Plan(kCluster, made_[0], config).action, Action::kNoOp);
}

TEST_F(StreamsTest, AnActionOnNobodyIsRefused) {
  for (const auto& [action, schema] : core_.actions()) {
    EXPECT_FALSE(Invoke(action.c_str(), {{"cluster_id", Text("local/nobody")}})) << action;
    EXPECT_FALSE(Invoke(action.c_str(), {{"cluster_id", Text("no id at all")}})) << action;
  }
}

// ---- Is the net real? --------------------------------------------------------------------------

using Events = std::vector<tfplugin6::ListResource::Event>;
using Told = std::vector<tfplugin6::InvokeAction::Event>;

struct StreamFault : Tamper {
  std::string name;
  Rule rule = Rule::kList;
  std::function<void(Events&)> list;
  std::function<void(Told&)> invoke;
  using Tamper::On;
  void On(const tfplugin6::ListResource::Request&, Events& events) override {
    if (list) list(events);
  }
  void On(const tfplugin6::InvokeAction::Request&, Told& events) override {
    if (invoke) invoke(events);
  }
  StreamFault(std::string called, Rule caught_by, std::function<void(Events&)> change)
      : name(std::move(called)), rule(caught_by), list(std::move(change)) {}
  StreamFault(std::string called, std::function<void(Told&)> change)
      : name(std::move(called)), rule(Rule::kAction), invoke(std::move(change)) {}
};

TEST(StreamFaultTest, EachIsCaughtByTheRuleThatIsMeantForIt) {
  using Diagnostic = tfplugin6::Diagnostic;
  const auto fail = [](auto& diagnostic) {
    diagnostic.set_severity(Diagnostic::ERROR);
    diagnostic.set_summary("Out of luck");
  };
  const StreamFault faults[] = {
      {"an object that is listed twice", Rule::kList, [](Events& all) { all.push_back(all[0]); }},
      {"an object without a name", Rule::kList, [](Events& all) { all[0].clear_display_name(); }},
      {"an object that is left out", Rule::kList,
       [](Events& all) { all[0].clear_resource_object(); }},
      {"an event of nothing", Rule::kList, [](Events& all) { all.emplace_back(); }},
      {"more after an error", Rule::kList,
       [&](Events& all) { fail(*all.emplace(all.begin())->add_diagnostic()); }},
      {"an identity that is malformed", Rule::kWellFormed,
       [](Events& all) {
         all[0].mutable_identity()->mutable_identity_data()->set_msgpack("\x80");
       }},
      {"an object that is malformed", Rule::kWellFormed,
       [](Events& all) { all[0].mutable_resource_object()->set_msgpack("\x80"); }},
      {"an action that never ends", [](Told& all) { all.pop_back(); }},
      {"an action that ends twice", [](Told& all) { all.push_back(all.back()); }},
      {"progress without a word",
       [](Told& all) { all.emplace(all.begin())->mutable_progress()->clear_message(); }},
      {"an event of no kind", [](Told& all) { all.emplace(all.begin()); }},
  };
  for (const StreamFault& planted : faults) {
    StreamFault fault = planted;
    Rig rig;
    Core core(rig.channel(), nullptr, &fault);
    core.Converge(kCluster, {}, core.Config(kCluster, {{"name", Text("orders")}}));
    ASSERT_THAT(core.violations(), IsEmpty());
    core.List(kCluster, Core::ConfigOf(core.lists().at(kCluster).type, {}));
    core.Invoke("dbaas_restart", Core::ConfigOf(core.actions().at("dbaas_restart").type,
                                                {{"cluster_id", Text("local/orders")}}));
    EXPECT_THAT(core.violations(), Contains(Field(&Violation::rule, fault.rule))) << fault.name;
  }
}

TEST(StreamFaultTest, MoreThanWereAskedForIsCaught) {
  Rig rig;
  Core core(rig.channel());
  for (const char* name : {"orders", "shop"}) {
    core.Converge(kCluster, {}, core.Config(kCluster, {{"name", Text(name)}}));
  }
  StreamFault fault("more than were asked for", Rule::kList, [](Events& all) {
    all.push_back(all[0]);
    auto& identity = *all.back().mutable_identity()->mutable_identity_data();
    std::string bytes = identity.msgpack();
    const auto at = bytes.find("orders");
    if (at != std::string::npos) identity.set_msgpack(bytes.replace(at, 6, "ORDERS"));
  });
  Core greedy(rig.channel(), nullptr, &fault);
  greedy.List(kCluster, Core::ConfigOf(greedy.lists().at(kCluster).type, {}), true, 1);
  EXPECT_THAT(greedy.violations(),
              Contains(Field(&Violation::what, testing::HasSubstr("more than were asked for"))));
}

}  // namespace
}  // namespace dbaas::core

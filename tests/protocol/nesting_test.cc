// SPDX-License-Identifier: MPL-2.0
//
// What stands inside a resource, before core, on a type of the test's own: objects and blocks of
// every nesting, with defaults of their own, and values of any type. No resource of the provider
// needs all of it.
// The resource is a cluster of which only the name matters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/protocol/core_wire.h"
#include "tests/protocol/own_type.h"

namespace dbaas::core {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kChest = "test_chest";

struct Tray {
  std::string label;
  int depth = 0;
  std::optional<std::string> colour;
  std::optional<std::string> lining;
  friend auto operator<=>(const Tray&, const Tray&) = default;
  static Table<Tray> Attributes() {
    return Nested<Tray>()
        .Add("label", &Tray::label, Required, "Words.", NotEmpty())
        .Add("depth", &Tray::depth, Default(2), "Down.", Range(1, 9))
        .Add("colour", &Tray::colour, Default("red"), ConflictsWith({"lining"}), "Its colour.")
        .Add("lining", &Tray::lining, Optional, "What it is lined with.");
  }
};

struct Peg {
  int size = 0;
  bool painted = false;
  friend auto operator<=>(const Peg&, const Peg&) = default;
  static Table<Peg> Attributes() {
    return Nested<Peg>()
        .Add("size", &Peg::size, Required, "How long.", Range(1, 9))
        .Add("painted", &Peg::painted, Default(true), "Whether it is painted.");
  }
};

struct Drawer {
  std::optional<std::string> label;
  std::optional<Tray> tray;
  std::vector<Peg> pegs;
  friend auto operator<=>(const Drawer&, const Drawer&) = default;
  static Table<Drawer> Attributes() {
    return Nested<Drawer>()
        .Add("label", &Drawer::label, Default("none"), "Words.", NotEmpty())
        .Add("tray", &Drawer::tray, Optional, "What is in it.")
        .AddBlock("peg", &Drawer::pegs, "What hangs in it.");
  }
};

struct Lock {
  Value key;
  static Table<Lock> Attributes() {
    return Nested<Lock>().Add("key", &Lock::key, Default("iron"), "What opens it.");
  }
};

struct Chest {
  std::string name;
  std::optional<Tray> tray;
  std::vector<Tray> list;
  std::set<Tray> set;
  std::map<std::string, Tray> map;
  std::optional<Drawer> lid;
  std::vector<Drawer> drawers;
  std::set<Peg> pegs;
  std::set<Drawer> secrets;
  std::map<std::string, Drawer> doors;
  Value content;
  Value lacquer;
  std::optional<Lock> padlock;
  std::optional<Lock> bolt;
  std::string id;
  Value weight;
};

ResourceType ChestType() {
  using C = Chest;
  return OwnType<C>(
      dbaas::Resource<C>(kChest, "A chest.")
          .Add("name", &C::name, Required, RequiresReplace, "Its name, as `orders`.", Dns1123(20))
          .Add("tray", &C::tray, Optional, "One tray.")
          .Add("list", &C::list, Optional, "Trays in order.")
          .Add("set", &C::set, Optional, "Trays.")
          .Add("map", &C::map, Optional, "Trays by name.")
          .Add("content", &C::content, Optional, "What is in it.")
          .Add("lacquer", &C::lacquer, Default(3), "Its colour or number.")
          .Add("padlock", &C::padlock, Optional, "What it is locked with.")
          .AddBlock("bolt", &C::bolt, "What keeps it shut.")
          .Add("id", &C::id, Computed, ChangesWith({"name"}), "Its id.")
          .Add("weight", &C::weight, Computed, ChangesWith({"content"}), "Of all of it.")
          .AddBlock("lid", &C::lid, "On top.")
          .AddBlock("drawer", &C::drawers, "From the top.")
          .AddBlock("peg", &C::pegs, "Anywhere.")
          .AddBlock("secret", &C::secrets, "Hidden drawers.")
          .AddBlock("door", &C::doors, "By the side that it is on."),
      [](const ClusterView& view, C& chest) {
        chest.id = view.id.ToText();
        chest.weight = Value::ListOf({Value::Int(7), Value::String("kg")});
      });
}

const ProviderTypes& Types() {
  static const ProviderTypes kTypes = Only(ChestType());
  return kTypes;
}

Value Text(std::string text) { return Value::String(std::move(text)); }
Value Map(Value::Map members) { return Value::Object(std::move(members)); }
Value List(Value::List items) { return Value::ListOf(std::move(items)); }

/// A tray as it is configured: what is not said is null.
Value TrayOf(const char* label, Value::Map said = {}) {
  said.try_emplace("label", Text(label));
  for (const char* name : {"depth", "colour", "lining"}) said.try_emplace(name, Value::Null());
  return Map(std::move(said));
}
/// The same as it is planned.
Value FullTray(const char* label, Value::Map said = {}) {
  said.try_emplace("depth", Value::Int(2));
  said.try_emplace("colour", Text("red"));
  return TrayOf(label, std::move(said));
}
Value PegOf(int size, const Value& painted = {}) {
  return Map({{"size", Value::Int(size)}, {"painted", painted}});
}
Value DrawerOf(const Value& label, const Value& tray = {}, Value::List pegs = {}) {
  return Map({{"label", label}, {"tray", tray}, {"peg", List(std::move(pegs))}});
}

class NestingTest : public OwnTypeTest {
 protected:
  NestingTest() : OwnTypeTest(kChest, Types) {}

  Value Config(Value::Map members) {
    members.try_emplace("name", Text("orders"));
    return core_.Config(kChest, members);
  }
};

TEST_F(NestingTest, EveryObjectGetsItsDefaults) {
  const Instance chest =
      Make(Config({{"tray", TrayOf("a")},
                   {"list", List({TrayOf("b"), TrayOf("c", {{"depth", Value::Int(7)}})})},
                   {"set", List({TrayOf("d"), TrayOf("e", {{"lining", Text("felt")}})})},
                   {"map", Map({{"x", TrayOf("f", {{"colour", Text("blue")}})}})}}));
  EXPECT_EQ(chest.state.at("tray"), FullTray("a"));
  EXPECT_EQ(chest.state.at("list"),
            List({FullTray("b"), FullTray("c", {{"depth", Value::Int(7)}})}));
  // A default gives way to what stands in its place, here as elsewhere.
  const Value lined = FullTray("e", {{"lining", Text("felt")}, {"colour", Value::Null()}});
  EXPECT_THAT(chest.state.at("set").as_list(), testing::UnorderedElementsAre(FullTray("d"), lined));
  EXPECT_EQ(chest.state.at("map"), Map({{"x", FullTray("f", {{"colour", Text("blue")}})}}));
}

TEST_F(NestingTest, EveryBlockGetsItsDefaults) {
  const Instance chest =
      Make(Config({{"lid", DrawerOf(Value::Null())},
                   {"drawer", List({DrawerOf(Text("top"), TrayOf("a"), {PegOf(1)})})},
                   {"peg", List({PegOf(2), PegOf(1, Value::Bool(false))})},
                   {"secret", List({DrawerOf(Value::Null(), TrayOf("b"))})},
                   {"door", Map({{"left", DrawerOf(Value::Null(), {}, {PegOf(3)})}})}}));
  const Value yes = Value::Bool(true);
  EXPECT_EQ(chest.state.at("lid"), DrawerOf(Text("none")));
  EXPECT_EQ(chest.state.at("drawer"),
            List({DrawerOf(Text("top"), FullTray("a"), {PegOf(1, yes)})}));
  EXPECT_THAT(chest.state.at("peg").as_list(),
              testing::UnorderedElementsAre(PegOf(2, yes), PegOf(1, Value::Bool(false))));
  EXPECT_EQ(chest.state.at("secret"), List({DrawerOf(Text("none"), FullTray("b"))}));
  EXPECT_EQ(chest.state.at("door"), Map({{"left", DrawerOf(Text("none"), {}, {PegOf(3, yes)})}}));
}

TEST_F(NestingTest, ADefaultComesBackWhereItIsLeftOutAgain) {
  // Core proposes what was there before.
  const Value::Map deep = {{"depth", Value::Int(7)}};
  const Instance chest =
      Make(Config({{"list", List({TrayOf("a", deep)})},
                   {"door", Map({{"left", DrawerOf(Text("l"), TrayOf("b", deep))}})}}));
  const Value shallow = Config({{"list", List({TrayOf("a")})},
                                {"door", Map({{"left", DrawerOf(Value::Null(), TrayOf("b"))}})}});
  const Change change = core_.Plan(kChest, chest, shallow);
  EXPECT_EQ(change.action, Action::kUpdate);
  EXPECT_EQ(change.planned.at("list"), List({FullTray("a")}));
  EXPECT_EQ(change.planned.at("door"), Map({{"left", DrawerOf(Text("none"), FullTray("b"))}}));
}

TEST_F(NestingTest, BlocksComeChangeAndGo) {
  const Instance empty = Make(Config({}));
  EXPECT_EQ(empty.state.at("peg"), List({}));
  EXPECT_EQ(empty.state.at("door"), Map({}));
  const Instance two =
      Make(Config({{"peg", List({PegOf(1), PegOf(2)})},
                   {"door", Map({{"left", DrawerOf(Text("a"))}, {"right", DrawerOf(Text("b"))}})}}),
           empty);
  EXPECT_EQ(two.state.at("peg").as_list().size(), 2u);
  const Instance one = Make(
      Config({{"peg", List({PegOf(2)})}, {"door", Map({{"left", DrawerOf(Text("c"))}})}}), two);
  EXPECT_EQ(one.state.at("peg"), List({PegOf(2, Value::Bool(true))}));
  EXPECT_EQ(one.state.at("door"), Map({{"left", DrawerOf(Text("c"))}}));
  // The same in another order is the same.
  EXPECT_EQ(core_
                .Plan(kChest, two,
                      Config({{"peg", List({PegOf(2), PegOf(1)})}, {"door", two.state.at("door")}}))
                .action,
            Action::kNoOp);
}

TEST_F(NestingTest, ElementsOfASetThatDefaultsMakeTheSameAreRefused) {
  DiagnosticList found;
  const Value said = TrayOf("a", {{"depth", Value::Int(2)}});
  EXPECT_FALSE(core_.Validate(kChest, Config({{"set", List({TrayOf("a"), said})}}), &found));
  EXPECT_THAT(ToText(found), HasSubstr("set: The same element twice"));
  EXPECT_FALSE(core_.Validate(
      kChest, Config({{"peg", List({PegOf(1), PegOf(1, Value::Bool(true))})}}), &found));
  EXPECT_THAT(ToText(found), HasSubstr("peg: The same element twice"));
  EXPECT_TRUE(core_.Validate(kChest, Config({{"list", List({TrayOf("a"), said})}})));
}

TEST_F(NestingTest, WhatIsWrongInABlockIsToldThere) {
  DiagnosticList found;
  EXPECT_FALSE(core_.Validate(kChest, Config({{"peg", List({PegOf(99)})}}), &found));
  EXPECT_THAT(ToText(found), HasSubstr("peg: "));
  EXPECT_FALSE(
      core_.Validate(kChest, Config({{"door", Map({{"left", DrawerOf(Text(""))}})}}), &found));
  EXPECT_THAT(ToText(found), HasSubstr("door[\"left\"].label: "));
}

Value Number(std::int64_t number) { return Value::OfType(R"("number")", Value::Int(number)); }
Value Word(std::string word) { return Value::OfType(R"("string")", Text(std::move(word))); }

TEST_F(NestingTest, ADynamicValueKeepsItsType) {
  const Value texts = List({Text("b"), Text("a")});
  const std::vector<Value> all = {
      Word("1"),
      Number(1),
      Value::OfType(R"(["list","string"])", texts),
      Value::OfType(R"(["tuple",["string","string"]])", texts),
      Value::OfType(R"(["set","string"])", texts),
      Value::OfType(R"(["object",{"a":"bool"}])", Map({{"a", Value::Bool(true)}})),
      Value::OfType(R"(["map","bool"])", Map({{"a", Value::Bool(true)}})),
      Value::OfType(R"("string")", Value::Null()),
      Value::Null(),
  };
  Instance chest;
  for (const Value& content : all) {
    const Value config = Config({{"content", content}});
    if (!chest.state.is_null()) {
      EXPECT_EQ(core_.Plan(kChest, chest, config).action, Action::kUpdate) << content.type();
    }
    chest = Make(config, chest);
    EXPECT_EQ(chest.state.at("content"), config.at("content"));
    EXPECT_EQ(core_.Plan(kChest, chest, config).action, Action::kNoOp) << content.type();
  }
}

TEST_F(NestingTest, ADynamicValueMayBeADefaultOrComputed) {
  const Value none = Map({{"key", Value::Null()}});
  const Instance chest = Make(Config({{"padlock", none}, {"bolt", Map({{"key", Number(5)}})}}));
  EXPECT_EQ(chest.state.at("lacquer"), Number(3));
  EXPECT_EQ(chest.state.at("padlock"), Map({{"key", Word("iron")}}));
  EXPECT_EQ(chest.state.at("bolt"), Map({{"key", Number(5)}}));
  EXPECT_EQ(chest.state.at("weight"),
            Value::OfType(R"(["tuple",["number","string"]])", List({Value::Int(7), Text("kg")})));
}

TEST_F(NestingTest, ADynamicValueMayBeUnknownInTypeOrInValue) {
  const Value list = Value::OfType(R"(["list","string"])", List({Text("a")}));
  for (const Value& unknown :
       {Value::Unknown(), Value::OfType(R"(["list","string"])", Value::Unknown()),
        Value::OfType(R"(["list","string"])", List({Value::Unknown()}))}) {
    const Change change = core_.Plan(kChest, {}, Config({{"content", unknown}}));
    EXPECT_EQ(change.planned.at("content"), unknown);
    const Applied applied = core_.Apply(kChest, change, Config({{"content", list}}));
    EXPECT_TRUE(applied.ok) << ToText(applied.diagnostics);
    core_.Converge(kChest, applied.instance, Value());
  }
  const Value part = Value::OfType(R"(["object",{"a":"dynamic","b":"string"}])",
                                   Map({{"a", Value::Unknown()}, {"b", Text("b")}}));
  const Change change = core_.Plan(kChest, {}, Config({{"content", part}}));
  const Value whole = Value::OfType(R"(["object",{"a":"bool","b":"string"}])",
                                    Map({{"a", Value::Bool(true)}, {"b", Text("b")}}));
  EXPECT_TRUE(core_.Apply(kChest, change, Config({{"content", whole}})).ok);
}

TEST_F(NestingTest, EveryPlanIsValid) { OwnTypeTest::EveryPlanIsValid(); }

// ---- Is the net real? --------------------------------------------------------------------------

/// A provider whose plans or results are changed on their way to core.
struct Fault : Tamper {
  using Edit = std::function<void(Value::Map& object)>;
  std::string name;
  Rule rule;
  Edit plan;
  Edit apply;
  const Type* type = nullptr;

  Fault(std::string called, Rule caught_by, Edit in_plan, Edit in_apply = nullptr)
      : name(std::move(called)),
        rule(caught_by),
        plan(std::move(in_plan)),
        apply(std::move(in_apply)) {}

  void Change(const Edit& edit, tfplugin6::DynamicValue& dynamic) const {
    auto value = Decode(dynamic.msgpack(), *type);
    if (!edit || !value || value->is_null()) return;
    edit(value->as_map());
    dynamic.set_msgpack(Encode(*value, *type));
  }
  using Tamper::On;
  void On(const tfplugin6::PlanResourceChange::Request&,
          tfplugin6::PlanResourceChange::Response& answer) override {
    Change(plan, *answer.mutable_planned_state());
  }
  void On(const tfplugin6::ApplyResourceChange::Request&,
          tfplugin6::ApplyResourceChange::Response& answer) override {
    Change(apply, *answer.mutable_new_state());
  }
};

std::vector<Fault> AllFaults() {
  const auto door = [](Value::Map& chest) -> Value& { return chest["door"].as_map()["left"]; };
  return {
      {"an apply that drops a default inside a list", Rule::kResult, nullptr,
       [](Value::Map& chest) { chest["list"].as_list()[0].as_map()["depth"] = Value::Null(); }},
      {"an apply that drops a default inside a block", Rule::kResult, nullptr,
       [=](Value::Map& chest) { door(chest).as_map()["label"] = Value::Null(); }},
      {"a plan with a default in place of what is configured", Rule::kConfiguredStays,
       [](Value::Map& chest) { chest["list"].as_list()[1].as_map()["depth"] = Value::Int(2); }},
      {"a plan that makes up what only users set, inside a block", Rule::kOnlyComputed,
       [=](Value::Map& chest) { door(chest).as_map()["tray"] = FullTray("mine"); }},
      {"a plan without an element of a set of blocks", Rule::kBlocks,
       [](Value::Map& chest) { chest["peg"].as_list().pop_back(); }},
      {"a plan with another element of a set of blocks", Rule::kConfiguredStays,
       [](Value::Map& chest) { chest["peg"].as_list()[0].as_map()["size"] = Value::Int(9); }},
      {"a plan with a block under another label", Rule::kBlocks,
       [=](Value::Map& chest) {
         chest["door"] = Map({{"right", door(chest)}});
       }},
      {"a plan in which a dynamic value has lost its type", Rule::kConfiguredStays,
       [](Value::Map& chest) {
         chest["content"] = Value::OfType(R"(["tuple",["string"]])", List({Text("a")}));
       }},
      {"an apply in which a dynamic value has lost its type", Rule::kResult, nullptr,
       [](Value::Map& chest) {
         chest["content"] = Value::OfType(R"(["tuple",["string"]])", List({Text("a")}));
       }},
      {"a default of another type after the apply", Rule::kResult, nullptr,
       [](Value::Map& chest) { chest["lacquer"] = Word("3"); }},
      {"a plan of no labelled blocks as null", Rule::kWellFormed,
       [](Value::Map& chest) { chest["door"] = Value::Null(); }},
  };
}

Violations Story(Fault* fault) {
  Rig rig(1, Types);
  static const Type kType = Core(rig.service()).TypeOf(kChest);
  if (fault != nullptr) fault->type = &kType;
  Core core(rig.service(), nullptr, fault);
  const Value config =
      core.Config(kChest, {{"name", Text("orders")},
                           {"list", List({TrayOf("a"), TrayOf("b", {{"depth", Value::Int(7)}})})},
                           {"peg", List({PegOf(1), PegOf(2)})},
                           {"content", Value::OfType(R"(["list","string"])", List({Text("a")}))},
                           {"door", Map({{"left", DrawerOf(Value::Null())}})}});
  core.Converge(kChest, {}, config);
  return core.violations();
}

TEST(NestingFaultTest, AnHonestProviderPasses) { EXPECT_THAT(Story(nullptr), IsEmpty()); }

TEST(NestingFaultTest, EachIsCaughtByTheRuleThatIsMeantForIt) {
  for (Fault& fault : AllFaults()) {
    EXPECT_THAT(Story(&fault), Contains(Field(&Violation::rule, fault.rule))) << fault.name;
  }
}

}  // namespace
}  // namespace dbaas::core

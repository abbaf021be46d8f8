// SPDX-License-Identifier: MPL-2.0
//
// The rules of planning, each on a small table. Terraform core checks the same from its side.
#include "schemas/planned_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Lower case, so that "A" and "a" mean the same.
Value Lowered(const Value& value) {
  std::string text = value.as_string();
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return Text(text);
}

Schema TestSchema() {
  const Type string = Type::String();
  Schema schema;
  schema.attributes = {
      {.name = "name", .type = string, .required = true, .requires_replace = true},
      {.name = "count_of",
       .type = Type::Number(),
       .optional = true,
       .computed = true,
       .default_value = Value::Int(1)},
      {.name = "class",
       .type = string,
       .optional = true,
       .computed = true,
       .default_value = Text("small"),
       .conflicts_with = {"size"}},
      {.name = "size",
       .type =
           Type::Object({{.name = "memory", .type = string, .required = true, .canonical = Lowered},
                         {.name = "cpu", .type = Type::Number(), .required = true}}),
       .optional = true},
      {.name = "port", .type = Type::Number(), .optional = true, .computed = true},
      {.name = "host",
       .type = string,
       .optional = true,
       .computed = true,
       .requires_replace = true},
      {.name = "note", .type = string, .optional = true, .canonical = Lowered},
      {.name = "secret_wo", .type = string, .optional = true, .write_only = true},
      {.name = "id", .type = string, .computed = true},
      {.name = "endpoint", .type = string, .computed = true, .changes_with = {"port"}},
      {.name = "uri", .type = string, .computed = true, .changes_with = {"endpoint"}},
      {.name = "drift",
       .type = Type::ListOf(string),
       .computed = true,
       .planned_as = Value::ListOf({})},
  };
  return schema;
}

Value Size(const std::string& memory, std::int64_t cpu) {
  return Value::Object({{"memory", Text(memory)}, {"cpu", Value::Int(cpu)}});
}

/// A state as an apply of the default configuration would have left it.
Value Prior(const Value::Map& changes = {}) {
  return With(Whole(TestSchema(), {{"name", Text("a")},
                                   {"count_of", Value::Int(1)},
                                   {"class", Text("small")},
                                   {"port", Value::Int(5432)},
                                   {"host", Text("h")},
                                   {"id", Text("h/a")},
                                   {"endpoint", Text("h:5432")},
                                   {"uri", Text("pg://h:5432")},
                                   {"drift", Value::ListOf({})}}),
              changes);
}

Value Config(Value::Map members) {
  members.try_emplace("name", Text("a"));
  return Whole(TestSchema(), members);
}

PlannedValue Plan(const Value& prior, const Value::Map& config_members) {
  const Schema schema = TestSchema();
  const Value config = Config(config_members);
  PlannedValue plan = PlanValue(schema, prior, config);
  // Whatever the plan: planning it again from the same inputs gives the same.
  const PlannedValue again = PlanValue(schema, prior, config);
  EXPECT_EQ(plan.planned, again.planned);
  return plan;
}

std::vector<std::string> Replaces(const PlannedValue& plan) {
  std::vector<std::string> paths;
  for (const auto& path : plan.requires_replace) paths.push_back(ToText(path));
  return paths;
}

TEST(PlanValueTest, ACreateKnowsDefaultsAndLeavesTheRestOfTheComputedOpen) {
  const PlannedValue plan = Plan(Value::Null(), {});
  EXPECT_EQ(plan.planned, Whole(TestSchema(), {{"name", Text("a")},
                                               {"count_of", Value::Int(1)},
                                               {"class", Text("small")},
                                               {"port", Value::Unknown()},
                                               {"host", Value::Unknown()},
                                               {"id", Value::Unknown()},
                                               {"endpoint", Value::Unknown()},
                                               {"uri", Value::Unknown()},
                                               {"drift", Value::ListOf({})}}));
  EXPECT_THAT(plan.requires_replace, IsEmpty());
}

TEST(PlanValueTest, ACreateTakesWhatIsConfigured) {
  const PlannedValue plan =
      Plan(Value::Null(), {{"count_of", Value::Int(3)}, {"port", Value::Int(1)}});
  EXPECT_EQ(plan.planned.at("count_of"), Value::Int(3));
  EXPECT_EQ(plan.planned.at("port"), Value::Int(1));
  EXPECT_EQ(plan.planned.at("endpoint"), Value::Unknown());
}

TEST(PlanValueTest, WithoutAChangeThePriorStateComesBackUntouched) {
  const PlannedValue plan = Plan(Prior(), {});
  EXPECT_EQ(plan.planned, Prior());
  EXPECT_THAT(plan.changed, IsEmpty());
}

TEST(PlanValueTest, NullsOfAnOlderStateDoNotMakeAChange) {
  // An attribute that a newer provider added, in a state that an older one wrote.
  const Value old = Prior({{"uri", Value::Null()}});
  EXPECT_EQ(Plan(old, {}).planned, old);
  EXPECT_EQ(Plan(old, {{"count_of", Value::Int(2)}}).planned.at("uri"), Value::Unknown());
}

TEST(PlanValueTest, AnUpdateKeepsWhatDoesNotDependOnIt) {
  const PlannedValue plan = Plan(Prior(), {{"count_of", Value::Int(3)}});
  EXPECT_EQ(plan.planned, Prior({{"count_of", Value::Int(3)}}));
  EXPECT_THAT(plan.changed, ElementsAre("count_of"));
}

TEST(PlanValueTest, WhatChangesWithSomethingBecomesUnknownAndSoOn) {
  const PlannedValue plan = Plan(Prior(), {{"port", Value::Int(6000)}});
  EXPECT_EQ(plan.planned, Prior({{"port", Value::Int(6000)},
                                 {"endpoint", Value::Unknown()},
                                 {"uri", Value::Unknown()}}));
  EXPECT_THAT(plan.changed, ElementsAre("port", "endpoint", "uri"));
}

TEST(PlanValueTest, ADefaultComesBackWhenTheAttributeIsRemoved) {
  const PlannedValue plan = Plan(Prior({{"count_of", Value::Int(3)}}), {});
  EXPECT_EQ(plan.planned.at("count_of"), Value::Int(1));
}

TEST(PlanValueTest, WhatTheProviderChoseStaysWhenTheAttributeIsRemoved) {
  EXPECT_THAT(Plan(Prior({{"port", Value::Int(7000)}}), {}).changed, IsEmpty());
}

TEST(PlanValueTest, ReplacementOnlyForWhatReallyChanged) {
  EXPECT_THAT(Replaces(Plan(Prior(), {{"name", Text("b")}})), ElementsAre("name"));
  EXPECT_THAT(Replaces(Plan(Prior(), {{"host", Text("h")}})), IsEmpty());
  EXPECT_THAT(Replaces(Plan(Prior(), {{"host", Text("g")}, {"name", Text("b")}})),
              ElementsAre("name", "host"));
  EXPECT_THAT(Replaces(Plan(Prior(), {{"count_of", Value::Int(3)}})), IsEmpty());
  // Unknown may differ, so core has to be told.
  EXPECT_THAT(Replaces(Plan(Prior(), {{"name", Value::Unknown()}})), ElementsAre("name"));
  EXPECT_THAT(Replaces(Plan(Value::Null(), {{"host", Text("g")}})), IsEmpty());
}

TEST(PlanValueTest, AnUnknownValueStaysUnknownAndTheSecondPlanMayFindNoChange) {
  const PlannedValue first = Plan(Prior(), {{"port", Value::Unknown()}});
  EXPECT_EQ(first.planned.at("port"), Value::Unknown());
  EXPECT_EQ(first.planned.at("endpoint"), Value::Unknown());
  EXPECT_EQ(Plan(Prior(), {{"port", Value::Int(5432)}}).planned, Prior());
}

TEST(PlanValueTest, WriteOnlyIsNeverPlanned) {
  EXPECT_EQ(Plan(Prior(), {{"secret_wo", Text("hush")}}).planned, Prior());
  const PlannedValue create = Plan(Value::Null(), {{"secret_wo", Text("hush")}});
  EXPECT_TRUE(create.planned.at("secret_wo").is_null());
}

TEST(PlanValueTest, WriteOnlyIsNeverPlannedWhereverItIs) {
  const Attribute secret{
      .name = "secret_wo", .type = Type::String(), .optional = true, .write_only = true};
  const Type object =
      Type::Object({{.name = "url", .type = Type::String(), .optional = true}, secret});
  Schema schema;
  schema.attributes = {{.name = "one", .type = object, .optional = true},
                       {.name = "many", .type = Type::ListOf(object), .optional = true},
                       {.name = "named", .type = Type::MapOf(object), .optional = true}};
  const auto values = [](const Value& hidden) {
    const Value inner = Value::Object({{"url", Text("u")}, {"secret_wo", hidden}});
    return Value::Object({{"one", inner},
                          {"many", Value::ListOf({inner})},
                          {"named", Value::Object({{"a", inner}})}});
  };
  const Value state = values(Value::Null());
  for (const Value& hidden : {Text("hush"), Value::Unknown()}) {
    const Value config = values(hidden);
    EXPECT_EQ(PlanValue(schema, Value::Null(), config).planned, state);
    const PlannedValue update = PlanValue(schema, state, config);
    EXPECT_EQ(update.planned, state);
    EXPECT_TRUE(update.changed.empty());
    EXPECT_EQ(StateValue(schema, config, config, /*refresh=*/false), state);
  }
}

TEST(PlanValueTest, DriftIsPlannedToGo) {
  const PlannedValue plan = Plan(Prior({{"drift", Texts({"instance a-2 is missing"})}}), {});
  EXPECT_EQ(plan.planned, Prior());
  EXPECT_THAT(plan.changed, ElementsAre("drift"));
}

TEST(PlanValueTest, ADefaultGivesWayToWhatStandsInItsPlace) {
  const PlannedValue create = Plan(Value::Null(), {{"size", Size("1GiB", 2)}});
  EXPECT_TRUE(create.planned.at("class").is_null());
  const PlannedValue update = Plan(Prior(), {{"size", Size("1GiB", 2)}});
  EXPECT_TRUE(update.planned.at("class").is_null());
  EXPECT_THAT(update.changed, ElementsAre("class", "size"));
  // And back again.
  const Value sized = Prior({{"class", Value::Null()}, {"size", Size("1GiB", 2)}});
  EXPECT_EQ(Plan(sized, {}).planned, Prior());
}

TEST(PlanValueTest, ADefaultWaitsForAnUnknownThatMayStandInItsPlace) {
  // Were it null or "small" already, the plan of the apply could contradict this one.
  EXPECT_EQ(Plan(Value::Null(), {{"size", Value::Unknown()}}).planned.at("class"),
            Value::Unknown());
}

TEST(PlanValueTest, AnotherSpellingOfTheSameIsNoChange) {
  const Value prior = Prior({{"note", Text("Hello")}});
  EXPECT_EQ(Plan(prior, {{"note", Text("HELLO")}}).planned, prior);
  EXPECT_EQ(Plan(prior, {{"note", Text("bye")}}).planned.at("note"), Text("bye"));
  // Removing it is a change: a plan must not turn absence into a value.
  EXPECT_TRUE(Plan(prior, {}).planned.at("note").is_null());
}

TEST(PlanValueTest, SpellingIsKeptInsideObjectsToo) {
  const Value prior = Prior({{"class", Value::Null()}, {"size", Size("1GiB", 2)}});
  EXPECT_EQ(Plan(prior, {{"size", Size("1gib", 2)}}).planned, prior);
  EXPECT_EQ(Plan(prior, {{"size", Size("1gib", 3)}}).planned.at("size"), Size("1GiB", 3));
}

/// A schema with an object of every nesting, as attributes and as blocks.
Schema NestedSchema() {
  const std::vector<Attribute> members = {
      {.name = "label", .type = Type::String(), .optional = true},
      {.name = "size",
       .type = Type::Number(),
       .optional = true,
       .computed = true,
       .default_value = Value::Int(2),
       .conflicts_with = {"label"}}};
  const Type object = Type::Object(members);
  Schema schema;
  schema.attributes = {{.name = "one", .type = object, .optional = true},
                       {.name = "list", .type = Type::ListOf(object), .optional = true},
                       {.name = "set", .type = Type::SetOf(object), .optional = true},
                       {.name = "map", .type = Type::MapOf(object), .optional = true}};
  using Nesting = Block::Nesting;
  const Block inner{.name = "inner", .nesting = Nesting::kMap, .attributes = members};
  schema.blocks = {{.name = "lone", .nesting = Nesting::kSingle, .attributes = members},
                   {.name = "listed", .nesting = Nesting::kList, .blocks = {inner}},
                   {.name = "loose", .nesting = Nesting::kSet, .attributes = members}};
  return schema;
}

/// `object` wherever that schema may have one.
Value Everywhere(const Value& object) {
  const Value map = Value::Object({{"k", object}});
  return Value::Object({{"one", object},
                        {"list", Value::ListOf({object, object})},
                        {"set", Value::SetOf({object})},
                        {"map", map},
                        {"lone", object},
                        {"listed", Value::ListOf({Value::Object({{"inner", map}})})},
                        {"loose", Value::SetOf({object})}});
}

TEST(PlanValueTest, DefaultsStandWhereverAnObjectIsConfigured) {
  const Schema schema = NestedSchema();
  const auto object = [](const Value& label, const Value& size) {
    return Everywhere(Value::Object({{"label", label}, {"size", size}}));
  };
  const Value null;
  const Value with_default = object(null, Value::Int(2));
  const auto planned = [&](const Value& prior, const Value& config) {
    return PlanValue(schema, prior, config).planned;
  };
  EXPECT_EQ(planned(null, object(null, null)), with_default);
  EXPECT_EQ(planned(null, object(null, Value::Int(5))), object(null, Value::Int(5)));
  EXPECT_EQ(planned(null, object(Text("a"), null)), object(Text("a"), null));
  EXPECT_EQ(planned(null, object(Value::Unknown(), null)),
            object(Value::Unknown(), Value::Unknown()));
  EXPECT_EQ(planned(with_default, object(null, null)), with_default);
  // What core proposes has the value of before, because to core it is computed.
  const Value before = object(null, Value::Int(5));
  EXPECT_EQ(PlanValue(schema, before, object(null, null)).planned, with_default);
}

TEST(PlanValueTest, WhatIsNotConfiguredGetsNoDefaults) {
  const Schema schema = NestedSchema();
  const Value empty = Whole(schema, {});
  EXPECT_EQ(PlanValue(schema, Value::Null(), empty).planned, empty);
  const Value unknown = Whole(schema, {{"one", Value::Unknown()},
                                       {"list", Value::ListOf({Value::Unknown()})},
                                       {"listed", Value::Unknown()}});
  EXPECT_EQ(PlanValue(schema, Value::Null(), unknown).planned, unknown);
}

TEST(PlanValueTest, WriteOnlyIsNeverPlannedInBlocks) {
  const Attribute secret{
      .name = "secret_wo", .type = Type::String(), .optional = true, .write_only = true};
  Schema schema;
  schema.blocks = {{.name = "door", .nesting = Block::Nesting::kMap, .attributes = {secret}}};
  const auto door = [](const Value& key) {
    return Value::Object(
        {{"door", Value::Object({{"left", Value::Object({{"secret_wo", key}})}})}});
  };
  const Value config = door(Text("hush"));
  EXPECT_EQ(PlanValue(schema, Value::Null(), config).planned, door(Value::Null()));
}

// ---- StateValue --------------------------------------------------------------------------------

TEST(StateValueTest, AnApplyKeepsEveryKnownPlannedValue) {
  const Value planned = With(Prior(), {{"port", Value::Unknown()}, {"endpoint", Value::Unknown()}});
  const Value found = With(Prior(), {{"port", Value::Int(6000)},
                                     {"endpoint", Text("h:6000")},
                                     {"count_of", Value::Int(9)},
                                     {"drift", Texts({"late news"})}});
  EXPECT_EQ(StateValue(TestSchema(), planned, found, false),
            Prior({{"port", Value::Int(6000)}, {"endpoint", Text("h:6000")}}));
}

TEST(StateValueTest, ARefreshTakesWhatIsThere) {
  const Value found = Prior({{"count_of", Value::Int(9)}, {"note", Text("new")}});
  EXPECT_EQ(StateValue(TestSchema(), Prior(), found, true), found);
}

TEST(StateValueTest, ARefreshKeepsTheSpellingOfTheUser) {
  const Value base = Prior({{"note", Text("Hello")}, {"size", Size("1GiB", 2)}});
  const Value found = Prior({{"note", Text("hello")}, {"size", Size("1gib", 2)}});
  EXPECT_EQ(StateValue(TestSchema(), base, found, true), base);
  const Value other = Prior({{"note", Text("hello")}, {"size", Size("2gib", 2)}});
  EXPECT_EQ(StateValue(TestSchema(), base, other, true).at("size"), Size("2gib", 2));
}

TEST(StateValueTest, NullAndEmptyMeanTheSame) {
  const Attribute map{.name = "m", .type = Type::MapOf(Type::String())};
  EXPECT_TRUE(MeanTheSame(map, Value::Null(), Value::Object({})));
  EXPECT_TRUE(MeanTheSame(map, Value::ListOf({}), Value::Null()));
  EXPECT_FALSE(MeanTheSame(map, Value::Null(), Value::Object({{"a", Text("b")}})));
  EXPECT_FALSE(MeanTheSame(map, Value::Null(), Text("")));
  EXPECT_FALSE(MeanTheSame(map, Value::Unknown(), Value::Null()));
}

TEST(StateValueTest, AnElementThatIsNullIsLeftOut) {
  const Attribute map{.name = "m", .type = Type::MapOf(Type::String())};
  const Value a = Value::Object({{"a", Text("1")}});
  const Value a_and_null = Value::Object({{"a", Text("1")}, {"b", Value::Null()}});
  EXPECT_TRUE(MeanTheSame(map, a, a_and_null));
  EXPECT_TRUE(MeanTheSame(map, Value::Object({{"b", Value::Null()}}), Value::Null()));
  EXPECT_FALSE(MeanTheSame(map, a_and_null, Value::Object({{"b", Value::Null()}})));
  EXPECT_FALSE(MeanTheSame(map, a_and_null, Value::Object({{"a", Text("1")}, {"b", Text("2")}})));

  Schema schema;
  schema.attributes = {{.name = "m", .type = Type::MapOf(Type::String()), .optional = true}};
  const Value planned = Value::Object({{"m", a_and_null}});
  EXPECT_EQ(StateValue(schema, planned, Value::Object({{"m", a}}), true), planned);
}

TEST(StateValueTest, SecretsNeverReachTheState) {
  const Value leaky = Prior({{"secret_wo", Text("hush")}});
  EXPECT_EQ(StateValue(TestSchema(), leaky, leaky, false), Prior());
  EXPECT_EQ(StateValue(TestSchema(), leaky, leaky, true), Prior());
}

TEST(PlanValueTest, ABlockThatComesChangesOrGoesIsAChange) {
  Schema schema = TestSchema();
  schema.blocks = {{.name = "timeouts", .nesting = Block::Nesting::kSingle}};
  const auto with = [&](const Value& timeouts) {
    Value::Map members = Prior().as_map();
    members["timeouts"] = timeouts;
    return Whole(schema, members);
  };
  const Value half_an_hour = Value::Object({{"create", Text("30m")}});
  const Value an_hour = Value::Object({{"create", Text("1h")}});
  for (const auto& [before, after] :
       {std::pair{Value::Null(), half_an_hour}, std::pair{half_an_hour, an_hour},
        std::pair{an_hour, Value::Null()}}) {
    const PlannedValue plan = PlanValue(schema, with(before), with(after));
    EXPECT_EQ(plan.planned.at("timeouts"), after);
    EXPECT_THAT(plan.changed, ElementsAre("timeouts"));
    EXPECT_THAT(plan.requires_replace, IsEmpty());
  }
}

TEST(PlanValueTest, SomeChangesOfAnAttributeReplace) {
  Schema schema;
  schema.attributes = {{.name = "size",
                        .type = Type::Number(),
                        .optional = true,
                        .replace_if = [](auto& a, auto& b) {
                          return *b.as_number().AsInt() < *a.as_number().AsInt();
                        }}};
  const auto replaces = [&](const Value& before, const Value& after) {
    const Value prior = Value::Object({{"size", before}});
    const Value config = Value::Object({{"size", after}});
    return PlanValue(schema, prior, config).requires_replace.size();
  };
  EXPECT_EQ(replaces(Value::Int(2), Value::Int(3)), 0u);
  EXPECT_EQ(replaces(Value::Int(2), Value::Int(1)), 1u);
  EXPECT_EQ(replaces(Value::Int(2), Value::Int(2)), 0u);
  // The apply will know, and must not find that it has to replace after all.
  EXPECT_EQ(replaces(Value::Int(2), Value::Unknown()), 1u);
  EXPECT_EQ(replaces(Value::Int(2), Value::Null()), 1u);
  EXPECT_EQ(replaces(Value::Null(), Value::Int(2)), 1u);
}

TEST(StateValueTest, ANullKeepsTheTypeThatTheUserGaveIt) {
  Schema schema;
  schema.attributes = {{.name = "any", .type = Type::Dynamic(), .optional = true}};
  const auto with = [](const Value& value) { return Value::Object({{"any", value}}); };
  const Value state = with(Value::OfType("\"string\"", Value::Null()));
  EXPECT_EQ(StateValue(schema, state, with(Value::Null()), /*refresh=*/true), state);
}

TEST(StateValueTest, AStubIsFilledWholly) {
  Schema schema = TestSchema();
  schema.blocks = {{.name = "timeouts", .nesting = Block::Nesting::kSingle},
                   {.name = "rule", .nesting = Block::Nesting::kList}};
  const Value state = StateValue(schema, Value::Null(), Prior(), true);
  EXPECT_EQ(state, Whole(schema, Prior().as_map()));
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/least_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/planned_value.h"
#include "schemas/resource_type.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

const Schema& Cluster() { return AllTypes().FindResource("dbaas_cluster")->schema; }

/// A state with what every cluster has, and `members`.
Value State(Value::Map members) {
  members.try_emplace("name", Text("orders"));
  Value state = Whole(Cluster(), members);
  for (const Attribute& attribute : Cluster().attributes) {
    Value& value = state.as_map()[attribute.name];
    if (!value.is_null()) continue;
    if (attribute.default_value) value = *attribute.default_value;
  }
  state.as_map()["host_name"] = Text("east");
  state.as_map()["port"] = Value::Int(15432);
  state.as_map()["id"] = Text("east/orders");
  state.as_map()["drift"] = Value::ListOf({});
  return state;
}

/// What is in the configuration of `state`.
Value::Map Said(const Value& state) {
  Value::Map said;
  const Value config = LeastConfig(Cluster(), state);
  for (const auto& [name, value] : config.as_map()) {
    if (!value.is_null()) said[name] = value;
  }
  return said;
}

TEST(LeastConfigTest, DefaultsAndWhatTheProviderChoseAreLeftOut) {
  EXPECT_EQ(Said(State({})), (Value::Map{{"name", Text("orders")}}));
  EXPECT_EQ(
      Said(State({{"node_count", Value::Int(3)}, {"username", Text("root")}})),
      (Value::Map{
          {"name", Text("orders")}, {"node_count", Value::Int(3)}, {"username", Text("root")}}));
}

TEST(LeastConfigTest, OfTwoThatExcludeEachOtherTheOneThatIsSet) {
  const Value size = Value::Object({{"cpu", Value::Int(2)}, {"memory", Text("1GiB")}});
  Value state = State({{"resources", size}});
  state.as_map()["instance_class"] = Value::Null();
  const Value::Map said = Said(state);
  EXPECT_EQ(said.at("resources"), size);
  EXPECT_FALSE(said.contains("instance_class"));
}

TEST(LeastConfigTest, ItsPlanIsEmpty) {
  const Value state = State({{"parameters", Value::Object({{"work_mem", Text("9MB")}})},
                             {"deletion_protection", Value::Bool(false)}});
  const Value config = LeastConfig(Cluster(), state);
  EXPECT_THAT(PlanValue(Cluster(), state, config).changed, testing::IsEmpty());
}

TEST(LeastConfigTest, NoSecretAndNothingThatNeedsOne) {
  Value state = State({{"password_wo_version", Value::Int(3)}});
  state.as_map()["password_wo"] = Text("hush");
  const Value::Map said = Said(state);
  EXPECT_FALSE(said.contains("password_wo"));
  EXPECT_FALSE(said.contains("password_wo_version"));
}

TEST(LeastConfigTest, NoSecretInsideAnObjectEither) {
  const Value all = Value::Object({{"watch", Value::Bool(true)},
                                   {"webhook_url", Text("https://example.com/token")},
                                   {"webhook_secret_wo", Value::Null()},
                                   {"webhook_secret_wo_version", Value::Int(3)}});
  EXPECT_EQ(Said(State({{"failover", all}})).at("failover"),
            Value::Object({{"watch", Value::Bool(true)},
                           {"webhook_url", Value::Null()},
                           {"webhook_secret_wo", Value::Null()},
                           {"webhook_secret_wo_version", Value::Null()}}));
}

TEST(LeastConfigTest, DriftIsNoReasonToSayEverything) {
  Value state = State({});
  state.as_map()["drift"] = Value::ListOf({Text("a member is missing")});
  EXPECT_EQ(Said(state).size(), 1u);
}

}  // namespace
}  // namespace dbaas

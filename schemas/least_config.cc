// SPDX-License-Identifier: MPL-2.0
#include "schemas/least_config.h"

#include <algorithm>
#include <utility>

#include "schemas/planned_value.h"

namespace dbaas {
namespace {

/// Not secrets, and not what is only allowed beside one. `all` are the attributes of its object.
bool IsSettable(const std::vector<Attribute>& all, const Attribute& attribute) {
  const auto is_secret = [](const Attribute& other) { return other.write_only || other.sensitive; };
  const bool beside_a_secret = std::any_of(all.begin(), all.end(), [&](const Attribute& other) {
    return is_secret(other) && std::find(attribute.needs.begin(), attribute.needs.end(),
                                         other.name) != attribute.needs.end();
  });
  const bool settable =
      attribute.required || attribute.optional || attribute.default_value.has_value();
  return settable && !is_secret(attribute) && !beside_a_secret;
}

/// What of a state's value may be in a configuration.
Value Settable(const std::vector<Attribute>& all, const Attribute& attribute, const Value& value) {
  if (!IsSettable(all, attribute)) return Value::Null();
  if (attribute.type.kind != Type::Kind::kObject || !value.is_known()) return value;
  Value::Map members;
  for (const Attribute& member : attribute.type.members) {
    members[member.name] = Settable(attribute.type.members, member, value.at(member.name));
  }
  return Value::Object(std::move(members));
}

}  // namespace

Value LeastConfig(const Schema& schema, const Value& state) {
  Value::Map config;
  // An object with a secret in it differs from any configuration; what else it says still counts.
  Value::Map stored = state.as_map();
  for (const Attribute& attribute : schema.attributes) {
    config[attribute.name] = Settable(schema.attributes, attribute, state.at(attribute.name));
    if (attribute.type.kind == Type::Kind::kObject) stored[attribute.name] = config[attribute.name];
  }
  const Value prior = Value::Object(std::move(stored));
  const auto changed = [&](const Value& tried) { return PlanValue(schema, prior, tried).changed; };
  // There may be drift, which every plan shows.
  const auto at_best = changed(Value::Object(config));
  for (const Attribute& attribute : schema.attributes) {
    if (attribute.required) continue;
    const Value kept = std::exchange(config[attribute.name], Value::Null());
    if (changed(Value::Object(config)) != at_best) config[attribute.name] = kept;
  }
  return Value::Object(std::move(config));
}

}  // namespace dbaas

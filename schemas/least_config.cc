// SPDX-License-Identifier: MPL-2.0
#include "schemas/least_config.h"

#include <algorithm>
#include <utility>

#include "schemas/planned_value.h"

namespace dbaas {
namespace {

/// Not secrets, and not what is only allowed beside one.
bool IsSettable(const Schema& schema, const Attribute& attribute) {
  const auto is_secret = [](const Attribute& other) { return other.write_only || other.sensitive; };
  const bool beside_a_secret =
      std::any_of(attribute.needs.begin(), attribute.needs.end(), [&](const std::string& needed) {
        const Attribute* other = schema.Find(needed);
        return other != nullptr && is_secret(*other);
      });
  const bool settable =
      attribute.required || attribute.optional || attribute.default_value.has_value();
  return settable && !is_secret(attribute) && !beside_a_secret;
}

}  // namespace

Value LeastConfig(const Schema& schema, const Value& state) {
  Value::Map config;
  for (const Attribute& attribute : schema.attributes) {
    const Value& value = state.at(attribute.name);
    config[attribute.name] = IsSettable(schema, attribute) ? value : Value::Null();
  }
  const auto changed = [&](const Value& tried) {
    return PlanValue(schema, state, tried, tried).changed;
  };
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

// SPDX-License-Identifier: MPL-2.0
//
// Values as Terraform core would send them: whole objects with a null for whatever is not set.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// How failures show values.
inline void PrintTo(const Value& value, std::ostream* out) { *out << value.ToText(); }

inline Value Text(std::string text) { return Value::String(std::move(text)); }
inline Value Texts(const std::vector<std::string>& texts) {
  Value::List list;
  for (const auto& text : texts) list.push_back(Value::String(text));
  return Value::ListOf(std::move(list));
}

/// An object of this schema with these members, and null everywhere else. A member that the schema
/// does not have fails the test.
inline Value Whole(const Schema& schema, const Value::Map& members) {
  Value::Map whole;
  for (const Attribute& attribute : schema.attributes) whole[attribute.name] = Value::Null();
  for (const Block& block : schema.blocks) whole[block.name] = block.None();
  for (const auto& [name, value] : members) {
    EXPECT_TRUE(whole.contains(name)) << "no attribute " << name;
    whole[name] = value;
  }
  return Value::Object(std::move(whole));
}

/// `object` with some members changed.
inline Value With(Value object, const Value::Map& members) {
  for (const auto& [name, value] : members) {
    EXPECT_TRUE(object.as_map().contains(name)) << "no attribute " << name;
    object.as_map()[name] = value;
  }
  return object;
}

}  // namespace dbaas

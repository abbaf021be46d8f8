// SPDX-License-Identifier: MPL-2.0
//
// What a resource type looks like from outside, as data: GetProviderSchema, decoding, validation,
// planning and the docs pages are all derived from it. Built by the kit (kit.h) from one table per
// resource; read by provider/ and by the docs generator.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemas/diagnostic.h"
#include "schemas/value.h"

namespace dbaas {

struct Attribute;

/// A type constraint. Objects are nested attributes ("resources = { cpu = 2 }").
struct Type {
  enum class Kind { kString, kNumber, kBool, kList, kSet, kMap, kObject };
  Kind kind = Kind::kString;
  std::shared_ptr<const Type> element;  ///< Of kList, kSet, kMap.
  std::vector<Attribute> members;       ///< Of kObject.

  static Type String();
  static Type Number();
  static Type Bool();
  static Type ListOf(Type element);
  static Type SetOf(Type element);
  static Type MapOf(Type element);
  static Type Object(std::vector<Attribute> members);
  /// The type constraint as JSON, as the protocol wants it: ["map","string"].
  std::string ToJson() const;
};

/// Checks one known value; says what is wrong with it, or nothing. `rule` is for the docs page:
/// "between 1 and 9".
struct Validator {
  std::string rule;
  std::function<std::optional<std::string>(const Value&)> check;
};

struct Attribute {
  std::string name;
  Type type;
  std::string description;
  bool required = false;
  bool optional = false;
  bool computed = false;  ///< Also set by a default: the provider then chooses the value.
  bool sensitive = false;
  bool write_only = false;
  bool requires_replace = false;
  std::optional<Value> default_value;
  std::vector<Validator> validators;
  /// For computed attributes: names of attributes whose change makes this one unknown in a plan. A
  /// computed attribute keeps its prior value otherwise.
  std::vector<std::string> changes_with;
  /// For computed attributes: every plan sets this value (`drift` is planned to become empty).
  std::optional<Value> planned_as;
};

/// A nested block, where HCL wants one: `host { docker { } }`, `timeouts { }`.
struct Block {
  enum class Nesting { kSingle, kList };
  std::string name;
  Nesting nesting = Nesting::kSingle;
  std::string description;
  std::vector<Attribute> attributes;
  std::vector<Block> blocks;
};

struct Schema {
  int version = 0;
  std::string description;
  std::vector<Attribute> attributes;  ///< In the order of the table; docs keep it.
  std::vector<Block> blocks;
};

}  // namespace dbaas

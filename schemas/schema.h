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

#include "engine/base/result.h"
#include "schemas/diagnostic.h"
#include "schemas/value.h"

namespace dbaas {

struct Attribute;

/// A type constraint. Objects are nested attributes ("resources = { cpu = 2 }").
struct Type {
  enum class Kind {
    kString,
    kNumber,
    kBool,
    kList,
    kSet,
    kMap,
    kObject,
    kTuple,    ///< Of no attribute, but a list that was written down may be one where kDynamic is.
    kDynamic,  ///< Any; each value says which (Value::OfType).
  };
  Kind kind = Kind::kString;
  std::shared_ptr<const Type> element;  ///< Of kList, kSet, kMap.
  std::vector<Attribute> members;       ///< Of kObject; of kTuple in order, without names.

  static Type String();
  static Type Number();
  static Type Bool();
  static Type ListOf(Type element);
  static Type SetOf(Type element);
  static Type MapOf(Type element);
  static Type Object(std::vector<Attribute> members);
  static Type Tuple(const std::vector<Type>& items);
  static Type Dynamic();
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
  /// Which changes from one known value to another ask for a replacement; one to or from unknown
  /// does, since what a plan says cannot become a replacement later. Empty: `requires_replace`
  /// speaks for every change.
  std::function<bool(const Value& before, const Value& after)> replace_if;
  /// What to use instead, in one sentence. Empty: it is not deprecated.
  std::string deprecated;
  std::optional<Value> default_value;
  std::vector<Validator> validators;
  /// For computed attributes: names of attributes whose change makes this one unknown in a plan. A
  /// computed attribute keeps its prior value otherwise.
  std::vector<std::string> changes_with;
  /// For computed attributes: every plan sets this value (`drift` is planned to become empty).
  std::optional<Value> planned_as;
  /// Names of attributes that may not be configured together with this one. When one of them is,
  /// this one is planned to be null, and its default does not apply.
  std::vector<std::string> conflicts_with;
  /// Names of attributes that have to be configured whenever this one is.
  std::vector<std::string> needs;
  /// Names of attributes of which one has to be configured when this one is not.
  std::vector<std::string> required_unless;
  /// Values with the same canonical form mean the same ("1GiB", "1024MiB"): a plan then keeps the
  /// spelling of the state, and a refresh that of the user. Empty: every value is its own form.
  std::function<Value(const Value&)> canonical;
  /// Counts when the object is made, and a later change changes nothing.
  bool create_only = false;
  /// One of those that tell this object from all others of its type (identity.h).
  bool identity = false;
  /// Fields of the spec, beside the one of the same name, whose errors belong to this attribute:
  /// "password" for password_wo.
  std::vector<std::string> spec_fields;
};

/// A nested block, where HCL wants one: `host { docker { } }`, `timeouts { }`, `slot "left" { }`.
struct Block {
  enum class Nesting {
    kSingle,
    kList,
    kSet,  ///< In no order, and none twice.
    kMap,  ///< By the label that each of them has.
  };
  std::string name;
  Nesting nesting = Nesting::kSingle;
  std::string description;
  std::vector<Attribute> attributes;
  std::vector<Block> blocks;

  /// What stands in an object that has none of them: null, or an empty collection.
  Value None() const;
};

/// Why Terraform would refuse a schema with this in it; empty when it would not.
std::string Unlawful(const Type& type);
std::string Unlawful(const Block& block);

/// `value` with the type that Terraform gives to what is written down so: a list is a tuple, a map
/// an object. A value that has a type keeps it; null and unknown have none.
Value Dynamic(Value value);

/// Makes of what one version of a schema stored what the next one would have (upgrade.h).
using Upgrade = std::function<Result<void>(Value::Map& stored)>;

struct Schema {
  std::string description;
  std::vector<Attribute> attributes;  ///< In the order of the table; docs keep it.
  std::vector<Block> blocks;
  /// The first leads from version 0 to version 1, and so on. Their number is the version of today.
  std::vector<Upgrade> upgrades;

  int version() const { return static_cast<int>(upgrades.size()); }

  /// Null when there is none of that name.
  const Attribute* Find(const std::string& name) const;
};

/// The place in a configuration that a field of a spec belongs to: "resources.memory",
/// "parameters.work_mem". Empty when no attribute answers for it.
AttributePath PathOfField(const Schema& schema, const std::string& field);

}  // namespace dbaas

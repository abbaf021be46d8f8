// SPDX-License-Identifier: MPL-2.0
//
// The kit: one table of member pointers per type, and everything else follows from it: the schema,
// decoding a Value into a struct, encoding a struct into a Value, defaults, validators, what forces
// a replacement, and the docs page. docs/adding_a_resource.md walks through one.
//
//   struct TopicConfig {
//     std::string name;
//     std::int64_t partitions = 1;
//     std::string id;
//   };
//
//   Table<TopicConfig> topic =
//       Resource<TopicConfig>("dbaas_topic", "A topic.")
//           .Add("name", &TopicConfig::name, Required, RequiresReplace, "Its name.", Dns1123())
//           .Add("partitions", &TopicConfig::partitions, Default(1), "How many.", Range(1, 9))
//           .Add("id", &TopicConfig::id, Computed, "`host/name`.");
//
// Three parts, top to bottom: the words of a row; Codec, which says how a C++ type looks as a
// Value; Table, which holds the rows. ManagedResource() and ReadOnly() at the end turn a table and
// a few functions into the type-erased ResourceType and DataSourceType.
//
// Used by schemas/ alone, while the list of types is built. Tables are immutable afterwards and may
// be shared between threads. Errors: decoding fails only on values of another shape than the schema
// says, which is a bug of ours; what users can get wrong is for validators to say.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "schemas/planned_value.h"
#include "schemas/resource_type.h"
#include "schemas/schema.h"
#include "schemas/timeouts.h"
#include "schemas/validators.h"

namespace dbaas {

// ---- The words of a row ------------------------------------------------------------------------
// A word is anything that can be called with an Attribute and changes it. A text is the
// description, a Validator a check. Add() takes them in any order.

using Word = std::function<void(Attribute&)>;

inline void Required(Attribute& attribute) { attribute.required = true; }
inline void Optional(Attribute& attribute) { attribute.optional = true; }
/// The provider sets it; together with Optional, where the user does not.
inline void Computed(Attribute& attribute) { attribute.computed = true; }
/// A change cannot be made in place.
inline void RequiresReplace(Attribute& attribute) { attribute.requires_replace = true; }
/// Counts when the object is made. Whoever changes it later is warned that this changes nothing.
inline void CreateOnly(Attribute& attribute) { attribute.create_only = true; }
/// One of those that tell this object from all others of its type: it can be imported by these, and
/// `terraform query` lists it with them. Of an attribute whose change is a replacement.
inline void Identity(Attribute& attribute) { attribute.identity = true; }
/// Not shown in plans and outputs.
inline void Sensitive(Attribute& attribute) { attribute.sensitive = true; }
/// Only ever in the configuration: never in a plan or state.
inline void WriteOnly(Attribute& attribute) { attribute.write_only = true; }

/// The value when the user says nothing. Makes the attribute optional.
Word Default(const char* text);
Word Default(int number);
Word Default(bool yes);
/// A change of one of these makes this computed attribute unknown in a plan.
Word ChangesWith(std::vector<std::string> attributes);
/// Every plan sets this value.
Word PlannedAs(Value value);
/// May not be set together with any of these; one of them being set switches off the default here.
Word ConflictsWith(std::vector<std::string> attributes);
/// These have to be set too.
Word Needs(std::vector<std::string> attributes);
/// Has to be set unless one of these is.
Word RequiredUnless(std::vector<std::string> attributes);
/// Only such a change cannot be made in place. Asked about known values that differ; a value that
/// is not known yet, or is only now set or left out, counts as such a change.
Word RequiresReplaceIf(std::function<bool(const Value& before, const Value& after)> cannot);
/// Still works, and Terraform warns whoever sets it; `instead` says in a sentence what to do.
Word Deprecated(const char* instead);
/// Values for which `canonical` gives the same mean the same (spellings.h has those of amounts).
Word Canonical(std::function<Value(const Value&)> canonical);
/// Errors of these fields of the spec are errors of this attribute.
Word SpecFields(std::vector<std::string> fields);

// ---- Codec -------------------------------------------------------------------------------------

template <typename C>
class Table;

/// How a C++ type looks as a Value: TypeOf(), Encode(), and Decode(), which is false when the value
/// has another shape. Null and unknown never reach Decode: Table leaves those members alone.
///
/// This first one is for structs that say their own rows in `static Table<T> Attributes()`. They
/// become objects.
template <typename T>
struct Codec {
  static const Table<T>& Rows() {
    static const Table<T> kRows = T::Attributes();
    return kRows;
  }
  static Type TypeOf() { return Type::Object(Rows().attributes()); }
  static bool Decode(const Value& value, T& out) { return Rows().DecodeInto(value, out).empty(); }
  static Value Encode(const T& object) { return Rows().Encode(object); }
};

template <>
struct Codec<std::string> {
  static Type TypeOf() { return Type::String(); }
  static bool Decode(const Value& value, std::string& out);
  static Value Encode(const std::string& text) { return Value::String(text); }
};

template <>
struct Codec<Secret<std::string>> {
  static Type TypeOf() { return Type::String(); }
  static bool Decode(const Value& value, Secret<std::string>& out);
  static Value Encode(const Secret<std::string>& text) { return Value::String(text.Reveal()); }
};

template <>
struct Codec<bool> {
  static Type TypeOf() { return Type::Bool(); }
  static bool Decode(const Value& value, bool& out);
  static Value Encode(bool yes) { return Value::Bool(yes); }
};

template <>
struct Codec<double> {
  static Type TypeOf() { return Type::Number(); }
  static bool Decode(const Value& value, double& out);
  static Value Encode(double number) { return Value::Num(Number::FromDouble(number)); }
};

template <>
struct Codec<std::int64_t> {
  static Type TypeOf() { return Type::Number(); }
  static bool Decode(const Value& value, std::int64_t& out);
  static Value Encode(std::int64_t number) { return Value::Int(number); }
};

template <>
struct Codec<int> {
  static Type TypeOf() { return Type::Number(); }
  static bool Decode(const Value& value, int& out);
  static Value Encode(int number) { return Value::Int(number); }
};

/// Of any type, which it says itself; null when absent.
template <>
struct Codec<Value> {
  static Type TypeOf() { return Type::Dynamic(); }
  static bool Decode(const Value& value, Value& out) {
    out = value;
    return true;
  }
  static Value Encode(const Value& value) { return Dynamic(value); }
};

/// Null when absent.
template <typename T>
struct Codec<std::optional<T>> {
  static Type TypeOf() { return Codec<T>::TypeOf(); }
  static bool Decode(const Value& value, std::optional<T>& out) {
    return Codec<T>::Decode(value, out.emplace());
  }
  static Value Encode(const std::optional<T>& maybe) {
    return maybe ? Codec<T>::Encode(*maybe) : Value::Null();
  }
};

template <typename T>
struct Codec<std::vector<T>> {
  static Type TypeOf() { return Type::ListOf(Codec<T>::TypeOf()); }
  static bool Decode(const Value& value, std::vector<T>& out) {
    if (value.kind() != Value::Kind::kList) return false;
    out.clear();
    for (const Value& item : value.as_list()) {
      if (!item.is_known()) continue;
      if (!Codec<T>::Decode(item, out.emplace_back())) return false;
    }
    return true;
  }
  static Value Encode(const std::vector<T>& items) {
    Value::List list;
    for (const T& item : items) list.push_back(Codec<T>::Encode(item));
    return Value::ListOf(std::move(list));
  }
};

template <typename T>
struct Codec<std::set<T>> {
  static Type TypeOf() { return Type::SetOf(Codec<T>::TypeOf()); }
  static bool Decode(const Value& value, std::set<T>& out) {
    std::vector<T> items;
    if (!Codec<std::vector<T>>::Decode(value, items)) return false;
    out = std::set<T>(items.begin(), items.end());
    return true;
  }
  static Value Encode(const std::set<T>& items) {
    Value::List list;
    for (const T& item : items) list.push_back(Codec<T>::Encode(item));
    return Value::SetOf(std::move(list));
  }
};

/// A null element is the user's way to leave a key out.
template <typename T>
struct Codec<std::map<std::string, T>> {
  static Type TypeOf() { return Type::MapOf(Codec<T>::TypeOf()); }
  static bool Decode(const Value& value, std::map<std::string, T>& out) {
    if (value.kind() != Value::Kind::kMap) return false;
    out.clear();
    for (const auto& [key, element] : value.as_map()) {
      if (element.is_known() && !Codec<T>::Decode(element, out[key])) return false;
    }
    return true;
  }
  static Value Encode(const std::map<std::string, T>& elements) {
    Value::Map map;
    for (const auto& [key, element] : elements) map.emplace(key, Codec<T>::Encode(element));
    return Value::Object(std::move(map));
  }
};

/// How many bits a whole number of this type has, also one in a collection; 0 for other types.
template <typename T>
inline constexpr int kWholeNumberBits = std::same_as<T, int>            ? 32
                                        : std::same_as<T, std::int64_t> ? 64
                                                                        : 0;
template <typename T>
inline constexpr int kWholeNumberBits<std::optional<T>> = kWholeNumberBits<T>;
template <typename T>
inline constexpr int kWholeNumberBits<std::vector<T>> = kWholeNumberBits<T>;
template <typename T>
inline constexpr int kWholeNumberBits<std::set<T>> = kWholeNumberBits<T>;
template <typename T>
inline constexpr int kWholeNumberBits<std::map<std::string, T>> = kWholeNumberBits<T>;

// ---- Table -------------------------------------------------------------------------------------

/// Ends the program when there is a reason why Terraform would refuse the member `name` of a table:
/// a table that says this never starts.
void RequireLawful(const char* name, const std::string& why_not);

/// The rows of a struct: which member is which attribute or block, and what is said about it.
template <typename C>
class Table {
 public:
  Table() = default;
  Table(std::string name, std::string description) : name_(std::move(name)) {
    schema_.description = std::move(description);
  }

  /// An attribute. REQUIRES: one of Required, Optional, Computed or Default among the words.
  template <typename T, typename... Words>
  Table& Add(const char* name, T C::*member, Words... words) {
    Attribute attribute{.name = name, .type = Codec<T>::TypeOf()};
    (Say(attribute, words), ...);
    if constexpr (std::same_as<T, Value>) {  // As one that is configured would come.
      if (attribute.default_value) attribute.default_value = Dynamic(*attribute.default_value);
    }
    if constexpr (constexpr int kBits = kWholeNumberBits<T>; kBits != 0) {
      attribute.validators.push_back(WholeNumber(kBits));
    }
    RequireLawful(name, Unlawful(attribute.type));
    schema_.attributes.push_back(std::move(attribute));
    return Bind(name, member);
  }

  /// A nested block: at most one for a std::optional, else repeatable: in order for a std::vector,
  /// in none for a std::set, each with a label for a std::map.
  template <typename T>
  Table& AddBlock(const char* name, std::vector<T> C::*member, const char* description) {
    AddBlockOf<T>(name, Block::Nesting::kList, description);
    return Bind(name, member);
  }
  template <typename T>
  Table& AddBlock(const char* name, std::set<T> C::*member, const char* description) {
    AddBlockOf<T>(name, Block::Nesting::kSet, description);
    return Bind(name, member);
  }
  template <typename T>
  Table& AddBlock(const char* name, std::map<std::string, T> C::*member, const char* description) {
    AddBlockOf<T>(name, Block::Nesting::kMap, description);
    return Bind(name, member);
  }
  template <typename T>
  Table& AddBlock(const char* name, std::optional<T> C::*member, const char* description) {
    AddBlockOf<T>(name, Block::Nesting::kSingle, description);
    return Bind(name, member);
  }

  /// `timeouts { create, update, delete }` (timeouts.h). Nothing of the struct: the block goes with
  /// the apply and not into the cluster.
  Table& Timeouts() {
    schema_.blocks.push_back(TimeoutsBlock());
    return *this;
  }

  /// What to make of a state that version `from` of this table stored (upgrade.h). REQUIRES: in
  /// order, from 0 on; the version of today is one more than the last.
  Table& UpgradeFrom(int from, Upgrade upgrade) {
    if (from != schema_.version()) std::abort();  // A table that says this never starts.
    schema_.upgrades.push_back(std::move(upgrade));
    return *this;
  }

  const std::string& name() const { return name_; }
  const Schema& schema() const { return schema_; }
  const std::vector<Attribute>& attributes() const { return schema_.attributes; }

  /// Members whose value is null or unknown keep what the struct is initialised with.
  Result<C> Decode(const Value& object) const {
    C out{};
    const std::string culprit = DecodeInto(object, out);
    if (culprit.empty()) return out;
    return Internal(name_ + ": the value of " + culprit + " does not have the shape of its schema",
                    "This is a bug in the provider.");
  }

  Value Encode(const C& object) const {
    Value::Map members;
    for (const Binding& binding : bindings_) members.emplace(binding.name, binding.encode(object));
    return Value::Object(std::move(members));
  }

  /// The name of the first member that cannot be decoded; empty when all of them can.
  std::string DecodeInto(const Value& object, C& out) const {
    if (object.kind() != Value::Kind::kMap) return "the object";
    for (const Binding& binding : bindings_) {
      const Value& value = object.at(binding.name);
      if (value.is_known() && !binding.decode(value, out)) return binding.name;
    }
    return {};
  }

 private:
  struct Binding {
    std::string name;
    std::function<bool(const Value&, C&)> decode;
    std::function<Value(const C&)> encode;
  };

  template <typename W>
  static void Say(Attribute& attribute, const W& word) {
    if constexpr (std::convertible_to<W, std::string>) {
      attribute.description = word;
    } else if constexpr (std::same_as<W, Validator>) {
      attribute.validators.push_back(word);
    } else {
      word(attribute);
    }
  }

  template <typename T>
  void AddBlockOf(const char* name, Block::Nesting nesting, const char* description) {
    const Schema& inner = Codec<T>::Rows().schema();
    schema_.blocks.push_back({.name = name,
                              .nesting = nesting,
                              .description = description,
                              .attributes = inner.attributes,
                              .blocks = inner.blocks});
    RequireLawful(name, Unlawful(schema_.blocks.back()));
  }

  template <typename T>
  Table& Bind(const char* name, T C::*member) {
    bindings_.push_back({
        .name = name,
        .decode = [member](const Value& v, C& out) { return Codec<T>::Decode(v, out.*member); },
        .encode = [member](const C& object) { return Codec<T>::Encode(object.*member); },
    });
    return *this;
  }

  std::string name_;
  Schema schema_;
  std::vector<Binding> bindings_;
};

// Where a table begins, in the word for what it describes.
template <typename C>
Table<C> Resource(const char* name, const char* description) {
  return Table<C>(name, description);
}
template <typename C>
Table<C> DataSource(const char* name, const char* description) {
  return Table<C>(name, description);
}
template <typename C>
Table<C> EphemeralResource(const char* name, const char* description) {
  return Table<C>(name, description);
}
template <typename C>
Table<C> ListResource(const char* name, const char* description) {
  return Table<C>(name, description);
}
/// Of an object inside another one, or of a block.
template <typename C>
Table<C> Nested() {
  return Table<C>();
}

// ---- From a table to a type --------------------------------------------------------------------

/// The attribute of a resource that tells why its host does not match, if it has one.
inline constexpr const char* kDriftAttribute = "drift";

/// What a table cannot say about a resource: how its words map to the engine's, and back.
template <typename C>
struct ResourceMapping {
  std::function<Result<PartAddress>(const C& object)> address;
  /// `planned` has the values, defaults included; `config` what is write-only.
  std::function<Result<PartSpec>(const C& planned, const C& config)> to_spec;
  /// Sets every member that the view knows: what is configured as the record has it, and all that
  /// is computed. The part is in the view.
  std::function<void(const ClusterView& view, const PartAddress& address, C& object)> from_view;
  std::function<Result<PartAddress>(const std::string& id)> parse_id;
  /// Rules across attributes that the words do not cover; values may be unknown. May be empty.
  std::function<Diagnostics(const Value& config)> check = nullptr;
  std::string protection_attribute = {};
};

/// `state` with the news that the removal of its part was begun and did not end.
Value HalfRemoved(const Schema& schema, Value state);

template <typename C>
ResourceType ManagedResource(Table<C> table, ResourceMapping<C> mapping) {
  ResourceType type{.name = table.name(), .schema = table.schema()};
  type.protection_attribute = mapping.protection_attribute;
  type.parse_id = mapping.parse_id;
  type.validate = [check = mapping.check](const Value& config) {
    return check ? check(config) : Diagnostics{};
  };
  type.address = [table, mapping](const Value& object) -> Result<PartAddress> {
    return mapping.address(TRY(table.Decode(object)));
  };
  type.to_spec = [table, mapping](const Value& planned, const Value& config) -> Result<PartSpec> {
    return mapping.to_spec(TRY(table.Decode(planned)), TRY(table.Decode(config)));
  };
  type.to_state = [table, mapping](const Value& base, const ClusterView& view,
                                   const PartAddress& address, bool refresh) {
    if (!view.parts.contains(address.key)) return HalfRemoved(table.schema(), base);
    C object{};
    table.DecodeInto(base, object);
    mapping.from_view(view, address, object);
    return StateValue(table.schema(), base, table.Encode(object), refresh);
  };
  return type;
}

/// What a table cannot say about a data source: what to ask, and how the answer fills it.
template <typename C>
struct DataMapping {
  std::function<Result<DataQuery>(const C& config)> query;
  /// Fills in what is computed; configured members stay as they are.
  std::function<Result<void>(const DataAnswer& answer, C& object)> fill;
  std::string cluster_attribute = {};
};

template <typename C>
DataSourceType ReadOnly(Table<C> table, DataMapping<C> mapping) {
  DataSourceType type{.name = table.name(), .schema = table.schema()};
  type.cluster_attribute = mapping.cluster_attribute;
  type.query = [table, mapping](const Value& config) -> Result<DataQuery> {
    return mapping.query(TRY(table.Decode(config)));
  };
  type.to_state = [table, mapping](const Value& config, const DataAnswer& answer) -> Result<Value> {
    C object = TRY(table.Decode(config));
    TRY(mapping.fill(answer, object));
    return table.Encode(object);
  };
  return type;
}

/// What a table cannot say about a list: where to look, and which parts of clusters are meant.
template <typename C>
struct ListMapping {
  std::function<Result<ListQuery>(const C& config)> query;
  std::function<bool(const PartSpec& part)> lists;
};

template <typename C>
ListResourceType Listing(Table<C> table, ListMapping<C> mapping) {
  ListResourceType type{.name = table.name(), .schema = table.schema(), .lists = mapping.lists};
  type.query = [table, mapping](const Value& config) -> Result<ListQuery> {
    // A list without a `config` block has nothing to say.
    if (config.is_null()) return mapping.query(C{});
    return mapping.query(TRY(table.Decode(config)));
  };
  return type;
}

}  // namespace dbaas

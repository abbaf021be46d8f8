// SPDX-License-Identifier: MPL-2.0
//
// A provider's schema as Terraform core understands it: read from the answer to GetProviderSchema
// and from nothing else, so that what core expects is never taken from the provider's own tables.
// Used by everything in tests/protocol/. Plain data.
//
//   const Schema schema = ReadSchema(response.resource_schemas().at("dbaas_cluster"), complaints);
//
// Source of the rules: terraform's docs/plugin-protocol/tfplugin6.proto and internal validation of
// schemas (configschema).
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "provider/proto/tfplugin6.pb.h"
#include "schemas/value.h"

namespace dbaas::core {

/// How failures show values.
inline void PrintTo(const Value& value, std::ostream* out) { *out << value.ToText(); }

struct Member;

/// What a value may look like. Blocks are members like attributes.
struct Type {
  enum class Kind { kString, kNumber, kBool, kList, kSet, kMap, kObject, kTuple, kDynamic };
  Kind kind = Kind::kString;
  std::vector<Type> element;    ///< One, of kList, kSet, kMap; any number, of kTuple.
  std::vector<Member> members;  ///< Of kObject, by name.

  const Member* Find(std::string_view name) const;
};

enum class Nesting { kSingle, kGroup, kList, kSet, kMap };

struct Member {
  enum class Form {
    kPlain,   ///< An attribute with a type constraint.
    kNested,  ///< An attribute with attributes of its own.
    kBlock,
  };
  std::string name;
  Type type;
  Form form = Form::kPlain;
  Nesting nesting = Nesting::kSingle;  ///< Of kNested and kBlock.
  bool required = false;
  bool optional = false;
  bool computed = false;
  bool write_only = false;
  std::int64_t min_items = 0;
  std::int64_t max_items = 0;  ///< 0: any number.
  std::string description;

  /// REQUIRES: kNested or kBlock. The object that it holds one or many of.
  const Type& Object() const;
};

struct Schema {
  std::int64_t version = 0;
  std::string description;
  Type type;  ///< An object.
};

/// What core would refuse about the schema is added to `complaints`.
Schema ReadSchema(const tfplugin6::Schema& proto, std::vector<std::string>& complaints);

/// The same of an identity: an object of strings, numbers, bools, and lists of them.
Type ReadIdentitySchema(const tfplugin6::ResourceIdentitySchema& proto, const std::string& where,
                        std::vector<std::string>& complaints);

/// Whether a value of it may have a type that is only known with the value.
bool HasDynamic(const Type& type);

/// A type constraint as JSON: ["map","string"].
Type ReadType(const std::string& json, const std::string& where,
              std::vector<std::string>& complaints);

/// A value with null everywhere and no blocks: an empty configuration.
Value EmptyObject(const Type& object);

/// Calls `visit` for every attribute, at any depth, that `value` holds; `path` is for people.
void ForEachAttribute(
    const Type& object, const Value& value, const std::string& path,
    const std::function<void(const Member&, const Value&, const std::string& path)>& visit);

}  // namespace dbaas::core

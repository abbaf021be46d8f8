// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/core_schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/json.h"

namespace dbaas::core {
namespace {

using ProtoAttribute = tfplugin6::Schema::Attribute;
using ProtoBlock = tfplugin6::Schema::Block;
using ProtoNested = tfplugin6::Schema::NestedBlock;
using Complaints = std::vector<std::string>;

// Names that mean something else at the root of a resource block.
const std::set<std::string> kReserved = {"count",    "for_each",    "depends_on", "lifecycle",
                                         "provider", "provisioner", "connection"};

bool IsName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Type Collection(Type::Kind kind, Type element) {
  return {.kind = kind, .element = {std::move(element)}, .members = {}};
}

Type ObjectOf(std::vector<Member> members) {
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  return {.kind = Type::Kind::kObject, .element = {}, .members = std::move(members)};
}

Type Nest(Nesting nesting, Type object) {
  switch (nesting) {
    case Nesting::kSingle:
    case Nesting::kGroup: return object;
    case Nesting::kList: return Collection(Type::Kind::kList, std::move(object));
    case Nesting::kSet: return Collection(Type::Kind::kSet, std::move(object));
    case Nesting::kMap: return Collection(Type::Kind::kMap, std::move(object));
  }
  return object;
}

Type FromJson(const Json& json, const std::string& where, Complaints& complaints) {
  if (json == "string") return {.kind = Type::Kind::kString, .element = {}, .members = {}};
  if (json == "number") return {.kind = Type::Kind::kNumber, .element = {}, .members = {}};
  if (json == "bool") return {.kind = Type::Kind::kBool, .element = {}, .members = {}};
  if (json == "dynamic") return {.kind = Type::Kind::kDynamic, .element = {}, .members = {}};
  const bool pair = json.is_array() && json.size() == 2 && json[0].is_string();
  if (pair && json[0] == "list") {
    return Collection(Type::Kind::kList, FromJson(json[1], where, complaints));
  }
  if (pair && json[0] == "set") {
    return Collection(Type::Kind::kSet, FromJson(json[1], where, complaints));
  }
  if (pair && json[0] == "map") {
    return Collection(Type::Kind::kMap, FromJson(json[1], where, complaints));
  }
  if (pair && json[0] == "tuple" && json[1].is_array()) {
    Type tuple{.kind = Type::Kind::kTuple, .element = {}, .members = {}};
    for (const Json& item : json[1]) tuple.element.push_back(FromJson(item, where, complaints));
    return tuple;
  }
  if (pair && json[0] == "object" && json[1].is_object()) {
    std::vector<Member> members;
    for (const auto& [name, type] : json[1].items()) {
      members.push_back({.name = name, .type = FromJson(type, where + "." + name, complaints)});
    }
    return ObjectOf(std::move(members));
  }
  complaints.push_back(where + ": no type constraint that core knows: " + Dump(json));
  return {};
}

void CheckFlags(const ProtoAttribute& proto, const std::string& where, Complaints& complaints) {
  const auto complain = [&](const char* what) { complaints.push_back(where + ": " + what); };
  if (!IsName(proto.name())) complain("not a name");
  if (!proto.required() && !proto.optional() && !proto.computed()) {
    complain("neither required nor optional nor computed");
  }
  if (proto.required() && proto.optional()) complain("required and optional");
  if (proto.required() && proto.computed()) complain("required and computed");
  if (proto.write_only() && proto.computed()) complain("write-only and computed");
  if (proto.write_only() && !proto.required() && !proto.optional()) {
    complain("write-only and not configurable");
  }
  if (proto.type().empty() == !proto.has_nested_type()) {
    complain("needs either a type or a nested type");
  }
  if (!proto.deprecation_message().empty() && !proto.deprecated()) {
    complain("a deprecation message without a deprecation");
  }
}

/// Core itself forbids it in sets only, and makes tuples and objects of such lists and maps; the
/// framework of Go forbids all of these.
void CheckDynamic(const Member& member, const std::string& where, Complaints& complaints) {
  const bool one = member.nesting == Nesting::kSingle || member.nesting == Nesting::kGroup;
  if (!one && HasDynamic(member.type)) complaints.push_back(where + ": dynamic in a collection");
}

Member ReadAttribute(const ProtoAttribute& proto, const std::string& path, Complaints& complaints) {
  const std::string where = path + proto.name();
  CheckFlags(proto, where, complaints);
  Member member{.name = proto.name(),
                .required = proto.required(),
                .optional = proto.optional(),
                .computed = proto.computed(),
                .write_only = proto.write_only(),
                .description = proto.description()};
  if (!proto.has_nested_type()) {
    member.type = ReadType(proto.type(), where, complaints);
    return member;
  }
  member.form = Member::Form::kNested;
  using Object = tfplugin6::Schema::Object;
  switch (proto.nested_type().nesting()) {
    case Object::SINGLE: member.nesting = Nesting::kSingle; break;
    case Object::LIST: member.nesting = Nesting::kList; break;
    case Object::SET: member.nesting = Nesting::kSet; break;
    case Object::MAP: member.nesting = Nesting::kMap; break;
    default: complaints.push_back(where + ": nested without a nesting");
  }
  std::vector<Member> members;
  for (const ProtoAttribute& inner : proto.nested_type().attributes()) {
    members.push_back(ReadAttribute(inner, where + ".", complaints));
    if (member.nesting == Nesting::kSet && inner.write_only()) {
      complaints.push_back(where + ": write-only inside a set");
    }
  }
  member.type = Nest(member.nesting, ObjectOf(std::move(members)));
  CheckDynamic(member, where, complaints);
  return member;
}

Type ReadBlock(const ProtoBlock& proto, const std::string& path, Complaints& complaints);

Member ReadNestedBlock(const ProtoNested& proto, const std::string& path, Complaints& complaints) {
  const std::string where = path + proto.type_name();
  const auto complain = [&](const char* what) { complaints.push_back(where + ": " + what); };
  Member member{.name = proto.type_name(),
                .form = Member::Form::kBlock,
                .min_items = proto.min_items(),
                .max_items = proto.max_items(),
                .description = proto.block().description()};
  if (!IsName(member.name)) complain("not a name");
  switch (proto.nesting()) {
    case ProtoNested::SINGLE: member.nesting = Nesting::kSingle; break;
    case ProtoNested::GROUP: member.nesting = Nesting::kGroup; break;
    case ProtoNested::LIST: member.nesting = Nesting::kList; break;
    case ProtoNested::SET: member.nesting = Nesting::kSet; break;
    case ProtoNested::MAP: member.nesting = Nesting::kMap; break;
    default: complain("a block without a nesting");
  }
  const bool counted = member.nesting == Nesting::kList || member.nesting == Nesting::kSet;
  if (member.nesting == Nesting::kSingle &&
      (member.min_items != member.max_items || member.min_items > 1)) {
    complain("a single block has 0 or 1 items");
  } else if (!counted && member.nesting != Nesting::kSingle &&
             (member.min_items != 0 || member.max_items != 0)) {
    complain("no limits for this nesting");
  } else if (counted && member.max_items != 0 && member.min_items > member.max_items) {
    complain("more items needed than allowed");
  }
  member.type = Nest(member.nesting, ReadBlock(proto.block(), where + ".", complaints));
  CheckDynamic(member, where, complaints);
  return member;
}

Type ReadBlock(const ProtoBlock& proto, const std::string& path, Complaints& complaints) {
  std::vector<Member> members;
  std::set<std::string> names;
  for (const ProtoAttribute& attribute : proto.attributes()) {
    members.push_back(ReadAttribute(attribute, path, complaints));
  }
  for (const ProtoNested& block : proto.block_types()) {
    members.push_back(ReadNestedBlock(block, path, complaints));
  }
  for (const Member& member : members) {
    if (!names.insert(member.name).second) complaints.push_back(path + member.name + ": twice");
    if (path.empty() && kReserved.contains(member.name)) {
      complaints.push_back(member.name + ": reserved");
    }
  }
  return ObjectOf(std::move(members));
}

}  // namespace

const Member* Type::Find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

bool HasDynamic(const Type& type) {
  const auto member_has = [](const Member& member) { return HasDynamic(member.type); };
  return type.kind == Type::Kind::kDynamic ||
         std::any_of(type.element.begin(), type.element.end(), HasDynamic) ||
         std::any_of(type.members.begin(), type.members.end(), member_has);
}

const Type& Member::Object() const {
  return type.kind == Type::Kind::kObject ? type : type.element.front();
}

Schema ReadSchema(const tfplugin6::Schema& proto, Complaints& complaints) {
  return {.version = proto.version(),
          .description = proto.block().description(),
          .type = ReadBlock(proto.block(), "", complaints)};
}

Type ReadIdentitySchema(const tfplugin6::ResourceIdentitySchema& proto, const std::string& where,
                        Complaints& complaints) {
  const auto is_simple = [](const Type& type) {
    return type.kind == Type::Kind::kString || type.kind == Type::Kind::kNumber ||
           type.kind == Type::Kind::kBool;
  };
  std::vector<Member> members;
  for (const auto& attribute : proto.identity_attributes()) {
    const std::string here = where + "." + attribute.name();
    Type type = ReadType(attribute.type(), here, complaints);
    const bool is_list = type.kind == Type::Kind::kList && is_simple(type.element.front());
    if (!is_simple(type) && !is_list) complaints.push_back(here + ": not a flat identity");
    if (attribute.required_for_import() == attribute.optional_for_import()) {
      complaints.push_back(here + ": either required or optional for an import");
    }
    if (!IsName(attribute.name())) complaints.push_back(here + ": not a name");
    members.push_back({.name = attribute.name(),
                       .type = std::move(type),
                       .required = attribute.required_for_import(),
                       .optional = attribute.optional_for_import()});
  }
  if (members.empty()) complaints.push_back(where + ": an identity of nothing");
  return ObjectOf(std::move(members));
}

Type ReadType(const std::string& json, const std::string& where, Complaints& complaints) {
  const auto parsed = ParseJson(json, "the type");
  if (parsed) return FromJson(*parsed, where, complaints);
  complaints.push_back(where + ": the type is not JSON, which core does not survive: " + json);
  return {};
}

Value EmptyObject(const Type& object) {
  Value::Map members;
  for (const Member& member : object.members) {
    Value value;
    if (member.form == Member::Form::kBlock) {
      switch (member.nesting) {
        case Nesting::kSingle: break;
        case Nesting::kGroup: value = EmptyObject(member.Object()); break;
        case Nesting::kMap: value = Value::Object({}); break;
        case Nesting::kList:
        case Nesting::kSet: value = Value::ListOf({}); break;
      }
    }
    members.emplace(member.name, std::move(value));
  }
  return Value::Object(std::move(members));
}

void ForEachAttribute(
    const Type& object, const Value& value, const std::string& path,
    const std::function<void(const Member&, const Value&, const std::string& path)>& visit) {
  if (value.kind() != Value::Kind::kMap) return;
  for (const Member& member : object.members) {
    const Value& inside = value.at(member.name);
    const std::string here = path.empty() ? member.name : path + "." + member.name;
    if (member.form != Member::Form::kBlock) visit(member, inside, here);
    if (member.form == Member::Form::kPlain || !inside.is_known()) continue;
    const Type& nested = member.Object();
    if (member.type.kind == Type::Kind::kObject) {
      ForEachAttribute(nested, inside, here, visit);
    } else if (inside.kind() == Value::Kind::kList) {
      for (std::size_t i = 0; i < inside.as_list().size(); ++i) {
        ForEachAttribute(nested, inside.as_list()[i], here + "[" + std::to_string(i) + "]", visit);
      }
    } else {
      for (const auto& [key, element] : inside.as_map()) {
        ForEachAttribute(nested, element, here + "[\"" + key + "\"]", visit);
      }
    }
  }
}

}  // namespace dbaas::core

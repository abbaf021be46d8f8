// SPDX-License-Identifier: MPL-2.0
#include "schemas/schema.h"

#include <algorithm>

#include "engine/base/json.h"

namespace dbaas {
namespace {

Type OfElement(Type::Kind kind, Type element) {
  return {.kind = kind, .element = std::make_shared<const Type>(std::move(element))};
}

Json TypeConstraint(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kString: return "string";
    case Type::Kind::kNumber: return "number";
    case Type::Kind::kBool: return "bool";
    case Type::Kind::kList: return Json::array({"list", TypeConstraint(*type.element)});
    case Type::Kind::kSet: return Json::array({"set", TypeConstraint(*type.element)});
    case Type::Kind::kMap: return Json::array({"map", TypeConstraint(*type.element)});
    case Type::Kind::kDynamic: return "dynamic";
    case Type::Kind::kTuple: {
      Json items = Json::array();
      for (const Attribute& item : type.members) items.push_back(TypeConstraint(item.type));
      return Json::array({"tuple", std::move(items)});
    }
    case Type::Kind::kObject: break;
  }
  Json members = Json::object();
  for (const Attribute& member : type.members) {
    members[member.name] = TypeConstraint(member.type);
  }
  return Json::array({"object", std::move(members)});
}

const Attribute* FindIn(const std::vector<Attribute>& attributes, const std::string& name) {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

/// The attribute that the user would edit for `field`. One that is only computed cannot be meant,
/// even if it has that name.
const Attribute* AttributeForField(const std::vector<Attribute>& attributes,
                                   const std::string& field) {
  const auto answers = [&](const Attribute& attribute) {
    if (!attribute.required && !attribute.optional) return false;
    const auto& fields = attribute.spec_fields;
    return attribute.name == field ||
           std::find(fields.begin(), fields.end(), field) != fields.end();
  };
  const auto found = std::find_if(attributes.begin(), attributes.end(), answers);
  return found == attributes.end() ? nullptr : &*found;
}

/// `path` leads to the attribute's value; the rest of the field leads on into it.
AttributePath PathInside(const Type& type, AttributePath path, const std::string& field) {
  // A key of a map may hold dots itself: "parameters.pg_stat_statements.max".
  if (type.kind == Type::Kind::kMap) return Key(std::move(path), field);
  const auto dot = field.find('.');
  const Attribute* member = AttributeForField(type.members, field.substr(0, dot));
  if (member == nullptr) return path;
  path = Member(std::move(path), member->name);
  if (dot == std::string::npos) return path;
  return PathInside(member->type, std::move(path), field.substr(dot + 1));
}

/// What an object, or a type, is inside of, however deep.
struct Surroundings {
  bool collection = false;
  bool set = false;
};

std::string UnlawfulInside(const Type& type, Surroundings in);

std::string UnlawfulObject(const std::vector<Attribute>& attributes,
                           const std::vector<Block>& blocks, Surroundings in) {
  for (const Attribute& attribute : attributes) {
    // A plan has null in its place, and elements of sets are known by their whole value.
    if (in.set && attribute.write_only) return attribute.name + " is write-only inside a set";
    const std::string why = UnlawfulInside(attribute.type, in);
    if (!why.empty()) return attribute.name + " " + why;
  }
  for (const Block& block : blocks) {
    const bool repeated = block.nesting != Block::Nesting::kSingle;
    const bool set = block.nesting == Block::Nesting::kSet;
    std::string why =
        UnlawfulObject(block.attributes, block.blocks, {in.collection || repeated, in.set || set});
    if (!why.empty()) return why;
  }
  return {};
}

std::string UnlawfulInside(const Type& type, Surroundings in) {
  // All elements of a list, set or map have one type.
  if (type.kind == Type::Kind::kDynamic && in.collection) return "is dynamic inside a collection";
  if (type.kind == Type::Kind::kObject) return UnlawfulObject(type.members, {}, in);
  if (type.element == nullptr) return {};
  return UnlawfulInside(*type.element, {true, in.set || type.kind == Type::Kind::kSet});
}

/// As Dynamic() has it.
Type TypeOf(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
    case Value::Kind::kUnknown: break;
    case Value::Kind::kBool: return Type::Bool();
    case Value::Kind::kNumber: return Type::Number();
    case Value::Kind::kString: return Type::String();
    case Value::Kind::kList: {
      std::vector<Type> items;
      for (const Value& item : value.as_list()) items.push_back(TypeOf(item));
      return Type::Tuple(items);
    }
    case Value::Kind::kMap: {
      std::vector<Attribute> members;
      for (const auto& [name, member] : value.as_map()) {
        members.push_back({.name = name, .type = TypeOf(member)});
      }
      return Type::Object(std::move(members));
    }
  }
  return Type::Dynamic();
}

}  // namespace

Type Type::String() { return {.kind = Kind::kString}; }
Type Type::Number() { return {.kind = Kind::kNumber}; }
Type Type::Bool() { return {.kind = Kind::kBool}; }
Type Type::ListOf(Type element) { return OfElement(Kind::kList, std::move(element)); }
Type Type::SetOf(Type element) { return OfElement(Kind::kSet, std::move(element)); }
Type Type::MapOf(Type element) { return OfElement(Kind::kMap, std::move(element)); }
Type Type::Object(std::vector<Attribute> members) {
  return {.kind = Kind::kObject, .members = std::move(members)};
}

Type Type::Tuple(const std::vector<Type>& items) {
  std::vector<Attribute> members;
  for (const Type& item : items) members.push_back({.name = {}, .type = item});
  return {.kind = Kind::kTuple, .members = std::move(members)};
}
Type Type::Dynamic() { return {.kind = Kind::kDynamic}; }

std::string Type::ToJson() const { return Dump(TypeConstraint(*this)); }

Value Block::None() const {
  switch (nesting) {
    case Nesting::kSingle: break;
    case Nesting::kList:
    case Nesting::kSet: return Value::ListOf({});
    case Nesting::kMap: return Value::Object({});
  }
  return {};
}

std::string Unlawful(const Type& type) { return UnlawfulInside(type, {}); }
std::string Unlawful(const Block& block) { return UnlawfulObject({}, {block}, {}); }

Value Dynamic(Value value) {
  if (!value.is_known() || !value.type().empty()) return value;
  std::string type = TypeOf(value).ToJson();
  return Value::OfType(std::move(type), std::move(value));
}

const Attribute* Schema::Find(const std::string& name) const { return FindIn(attributes, name); }

AttributePath PathOfField(const Schema& schema, const std::string& field) {
  const auto dot = field.find('.');
  const Attribute* attribute = AttributeForField(schema.attributes, field.substr(0, dot));
  if (attribute == nullptr) return {};
  AttributePath path = Attr({}, attribute->name);
  if (dot == std::string::npos) return path;
  return PathInside(attribute->type, std::move(path), field.substr(dot + 1));
}

}  // namespace dbaas

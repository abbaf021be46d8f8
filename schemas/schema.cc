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

std::string Type::ToJson() const { return Dump(TypeConstraint(*this)); }

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

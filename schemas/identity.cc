// SPDX-License-Identifier: MPL-2.0
#include "schemas/identity.h"

namespace dbaas {

Schema IdentitySchema(const Schema& schema) {
  Schema identity;
  for (const Attribute& attribute : schema.attributes) {
    if (attribute.identity) identity.attributes.push_back(attribute);
  }
  // A view of the object is stored anew, and renamed, together with it.
  if (!identity.attributes.empty()) identity.upgrades = schema.upgrades;
  return identity;
}

Value IdentityOf(const Schema& schema, const Value& object) {
  Value::Map identity;
  if (!object.is_known()) return Value::Null();
  for (const Attribute& attribute : schema.attributes) {
    if (attribute.identity) identity[attribute.name] = object.at(attribute.name);
  }
  return identity.empty() ? Value::Null() : Value::Object(std::move(identity));
}

}  // namespace dbaas

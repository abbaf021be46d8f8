// SPDX-License-Identifier: MPL-2.0
//
// Objects and their identities on their way out, as the answers of several calls have them.
// Called by server*.cc. Pure.
#pragma once

#include <utility>

#include "provider/object_type.h"
#include "provider/to_proto.h"
#include "schemas/identity.h"
#include "schemas/resource_type.h"

namespace dbaas {

/// An object on its way out, as state or result.
template <typename Entry>
Result<tfplugin6::DynamicValue> EncodeObject(Value object, const Entry& entry) {
  return ToProto(WithEmptyBlocks(std::move(object), entry.type->schema), entry.object);
}

/// Writes the identity of `object`, a `resource` of the catalog, into `*place()`. Asks for no place
/// when there is none, or none yet: in the plan of a create Terraform would take an unknown one,
/// but OpenTofu 1.12.6 cannot store it ("failed to encode ... in state: value is not known").
template <typename Resource, typename Place>
Result<void> PutIdentity(const Value& object, const Resource& resource, const Place& place) {
  const Value identity = IdentityOf(resource.type->schema, object);
  if (!identity.is_wholly_known() || identity.is_null()) return Ok();
  *place()->mutable_identity_data() = TRY(ToProto(identity, resource.identity_object));
  return Ok();
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Identity: the few attributes that tell one object of a type from all others. Terraform keeps them
// beside the state, so that an import block and `terraform query` can name what no id was typed
// for. They are a view of the object and nothing of their own: the attributes that the table marks
// with the word Identity, with the values that they have in a state or plan. None of these changes
// but by a replacement, which is all that Terraform asks of an identity.
//
// Called by provider/, the docs generator and tests. Pure.
#pragma once

#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// The identity as a schema of its own; no attributes when the type has none.
Schema IdentitySchema(const Schema& schema);

/// That of `object`, a state or plan; null when it is null or its type has none.
Value IdentityOf(const Schema& schema, const Value& object);

}  // namespace dbaas

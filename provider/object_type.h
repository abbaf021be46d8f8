// SPDX-License-Identifier: MPL-2.0
//
// The object that a schema describes: what stands in configuration, plan and state for one resource
// or one block. A block is a member like an attribute: an object, or a list, set or map of objects.
// Called by server.*. Pure.
#pragma once

#include "schemas/schema.h"

namespace dbaas {

/// Members in order of name at every depth, which is the order that the wire wants them in.
Type ObjectType(const Schema& schema);
Type ObjectType(const Block& block);

/// `object` with every block that may be repeated present, empty where it was null: Terraform knows
/// no null list, set or map of blocks.
Value WithEmptyBlocks(Value object, const Schema& schema);

}  // namespace dbaas

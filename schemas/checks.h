// SPDX-License-Identifier: MPL-2.0
//
// Checks of a configuration against its schema: everything that the table of a type says about its
// attributes one by one, before anything is decoded. Called by provider/lifecycle.* for every type.
// Pure. Unknown values pass: they are checked again once they are known.
//
//   Diagnostics found = CheckValues(type.schema, config);
#pragma once

#include "schemas/diagnostic.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// Validators, and the rules between attributes (conflicts_with, needs), at every depth. One error
/// per attribute at most, with its path.
Diagnostics CheckValues(const Schema& schema, const Value& config);

/// An error for each write-only attribute that is set: for versions of Terraform that would store
/// it.
Diagnostics RefuseWriteOnly(const Schema& schema, const Value& config);

}  // namespace dbaas

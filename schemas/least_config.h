// SPDX-License-Identifier: MPL-2.0
//
// The configuration of an object that is there already, as short as it can be. Called by provider/
// for `terraform query -generate-config-out` and by `dbaas import --generate`. Pure.
#pragma once

#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// What must be in a configuration for `state` to be planned as it is: an attribute that may be
/// left out is null. So is every secret, for no state has it, and what is only allowed beside one:
/// a state with a password_wo_version has no configuration without a change. The same inside an
/// attribute that is an object.
Value LeastConfig(const Schema& schema, const Value& state);

}  // namespace dbaas

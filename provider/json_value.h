// SPDX-License-Identifier: MPL-2.0
//
// Values as JSON, the way Terraform keeps them in a state file. Called by from_proto.* for
// UpgradeResourceState. Pure, thread-safe.
//
//   Result<Value> state = DecodeJson(request.raw_state().json(), type);
//
// Numbers keep every digit: they are read as text, never through a double. Unknown has no form
// here. Where the schema leaves the type open, there is {"value":…,"type":…}.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// What the text says, whatever its type. Fails on text that is not JSON.
Result<Value> ParseJsonValue(std::string_view json);

/// Lenient, because `value` may have been stored by another version of the schema: members that
/// `type` does not have are dropped, missing ones are null, and a scalar is converted where the
/// meaning is plain (5432 and "5432"). Fails where no reading fits.
Result<Value> ReadAs(Value value, const Type& type);

/// Both, one after the other.
Result<Value> DecodeJson(std::string_view json, const Type& type);

/// The type that a value of a dynamic attribute brings along: ["list","string"]. Inside of it there
/// may be "dynamic", where a value is null or unknown.
Result<Type> ReadTypeOfValue(const Value& constraint);

/// Compact, members in the order of `type`. Fails when `value` is not of `type`, is unknown
/// somewhere, or holds an infinity.
Result<std::string> EncodeJson(const Value& value, const Type& type);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Values as msgpack, the way Terraform writes them into a DynamicValue. Called by from_proto.* and
// to_proto.*. Pure, thread-safe.
//
//   Result<Value> config = DecodeMsgpack(request.config().msgpack(), type);
//
// The type is not in the bytes: both sides derive it from the schema. What is particular to
// Terraform, beside the format itself (https://github.com/msgpack/msgpack/blob/master/spec.md):
// - Unknown is an extension of any code. Code 12 carries what is already known about the value
//   ("not null, begins with db-"); it is read over, and never written.
// - A number is an integer where it fits 64 bits, a float64 where that is exact, and decimal text
//   otherwise. Text is read back digit for digit (see Number).
// - An object carries every attribute, null where unset.
// - Where the schema leaves the type open (`dynamic`), there is an array of two: the type as JSON,
//   and the value. Null and unknown without a type stand alone.
// - Strings are in Unicode's form NFC already when they come from Terraform. We hand them back as
//   they came and compose none that is not ASCII, so nothing is normalised here.
// Source: docs/plugin-protocol/object-wire-format.md of OpenTofu.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// Reads every form of a number or a string that the protocol allows, members that `type` does not
/// have, and objects that lack some. Fails, with the place, on bytes that are malformed or cut off,
/// or that hold something of another kind.
Result<Value> DecodeMsgpack(std::string_view bytes, const Type& type);

/// Fails when `value` is not of `type`, which is a bug of ours: Terraform would refuse it, with a
/// message that helps nobody.
Result<std::string> EncodeMsgpack(const Value& value, const Type& type);

}  // namespace dbaas

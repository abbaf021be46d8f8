// SPDX-License-Identifier: MPL-2.0
//
// Values on the wire, as core reads and writes them. Written apart from provider/msgpack.*, so that
// a mistake there is not made twice. Core's reader is strict where the provider's is lenient:
// an object has every attribute and no other one, a block of the list kind is never null.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "tests/fakes/seeded_random.h"
#include "tests/protocol/core_schema.h"

namespace dbaas::core {

/// kInvalid where `bytes` are no value of `type`. Sets come out sorted, without duplicates.
Result<Value> Decode(std::string_view bytes, const Type& type);

/// As core writes it. With `variety`, in any of the other ways that the format allows and that a
/// provider has to read as the same: keys and elements of sets in another order, wider heads,
/// unknown values with what is already known about them, text as binary data.
std::string Encode(const Value& value, const Type& type, SeededRandom* variety = nullptr);

/// The type that a value of a dynamic attribute has brought along.
Type TypeOf(const Value& value);

/// As core keeps it in a state file. REQUIRES: `value` is wholly known.
std::string ToJson(const Value& value, const Type& type);

/// `value` with its sets sorted and without duplicates, as far as it is known.
Value Canonical(Value value, const Type& type);

}  // namespace dbaas::core

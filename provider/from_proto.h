// SPDX-License-Identifier: MPL-2.0
//
// Requests in, values out: the one place where incoming protobuf is read. Called by server.*.
// Pure, thread-safe.
#pragma once

#include <cstdint>

#include "engine/base/result.h"
#include "provider/proto/tfplugin6.pb.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// The value of `type` in `dynamic`: msgpack, or JSON when there is none, or null when there is
/// neither. The error says what it was called (`what`: "the configuration") and where it is broken.
Result<Value> FromProto(const tfplugin6::DynamicValue& dynamic, const Type& type, const char* what);

/// Whether it says null. Without looking into anything else that it may say.
bool IsNull(const tfplugin6::DynamicValue& dynamic);

/// A stored object of `version` of the schema, upgraded and read leniently as one of today's.
Result<Value> FromProto(const tfplugin6::RawState& raw, std::int64_t version, const Schema& schema,
                        const Type& type);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// JSON at the edges (records, drivers' APIs, probes): nlohmann_json, with parse errors as Results.
// Json keeps object keys sorted, so Dump() is canonical and may be hashed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace dbaas {

using Json = nlohmann::json;

/// `what` names the text in the error: "the answer of the Docker engine".
Result<Json> ParseJson(std::string_view text, std::string_view what);

/// Compact, keys sorted; bytes that are not UTF-8 are replaced rather than thrown about.
std::string Dump(const Json& json);
/// As Dump() of a string.
std::string Quoted(const std::string& text);

// Lenient readers: the fallback where the key is missing or of another type.
std::string GetString(const Json& object, std::string_view key, std::string fallback = {});
std::int64_t GetInt(const Json& object, std::string_view key, std::int64_t fallback = 0);
double GetDouble(const Json& object, std::string_view key, double fallback = 0);
bool GetBool(const Json& object, std::string_view key, bool fallback = false);
/// A reference into `object`, or to a null value.
const Json& GetMember(const Json& object, std::string_view key);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace dbaas {

Result<Json> ParseJson(std::string_view text, std::string_view what) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Internal(fmt::format("{} is not valid JSON", what));
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Quoted(const std::string& text) {
  // Nothing to escape, as nearly always: dump() would make a serializer for it.
  static constexpr auto kIsPlain = [] {
    std::array<bool, 256> plain{};
    for (int c = ' '; c < 127; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
  }();
  const auto is_plain = [](unsigned char c) { return kIsPlain[c]; };
  if (!std::all_of(text.begin(), text.end(), is_plain)) return Dump(text);
  std::string quoted;
  quoted.reserve(text.size() + 2);
  return quoted.append("\"").append(text).append("\"");
}

const Json& GetMember(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string GetString(const Json& object, std::string_view key, std::string fallback) {
  const Json& member = GetMember(object, key);
  return member.is_string() ? member.get<std::string>() : std::move(fallback);
}
std::int64_t GetInt(const Json& object, std::string_view key, std::int64_t fallback) {
  const Json& member = GetMember(object, key);
  if (member.is_number_integer()) return member.get<std::int64_t>();
  if (!member.is_number()) return fallback;
  // Some write 3.0 for 3. What an int64 cannot hold must not be converted at all.
  const auto number = member.get<double>();
  return std::abs(number) < 9.2e18 ? static_cast<std::int64_t>(number) : fallback;
}
double GetDouble(const Json& object, std::string_view key, double fallback) {
  const Json& member = GetMember(object, key);
  return member.is_number() ? member.get<double>() : fallback;
}
bool GetBool(const Json& object, std::string_view key, bool fallback) {
  const Json& member = GetMember(object, key);
  return member.is_boolean() ? member.get<bool>() : fallback;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/spellings.h"

#include <string_view>

#include "engine/model/cron.h"
#include "engine/model/units.h"
#include "schemas/timeouts.h"
#include "schemas/timestamp.h"
#include "schemas/validators.h"

namespace dbaas {
namespace {

/// What a text means, told by `read`; one that cannot be read stands for itself.
template <typename Read>
Value Meaning(const Value& value, const Read& read) {
  if (value.kind() != Value::Kind::kString) return value;
  const auto meaning = read(value.as_string());
  return meaning ? Value::Object({{meaning->first, meaning->second}}) : value;
}

using Amount = std::optional<std::pair<std::string, Value>>;

constexpr const char* kBytes = "bytes";

Amount ReadParameter(const std::string& text) {
  const auto digits = text.find_first_not_of("0123456789.");
  if (digits == std::string::npos || digits == 0) return std::nullopt;
  const auto number = Number::FromText(text.substr(0, digits));
  const auto unit_at = text.find_first_not_of(' ', digits);
  if (!number || unit_at == std::string::npos) return std::nullopt;
  const std::string_view unit = std::string_view(text).substr(unit_at);
  const auto times = [&](double size) {
    return Value::Num(Number::FromDouble(number->AsDouble() * size));
  };
  const double bytes = SizeOf(kPostgresqlMemory, unit);
  if (bytes > 0) return std::pair{std::string(kBytes), times(bytes)};
  const double microseconds = SizeOf(kPostgresqlTime, unit);
  if (microseconds > 0) return std::pair{std::string("microseconds"), times(microseconds)};
  return std::nullopt;
}

}  // namespace

void MemoryAmount(Attribute& attribute) {
  attribute.validators.push_back(Memory());
  attribute.canonical = [](const Value& value) {
    return Meaning(value, [](const std::string& text) -> Amount {
      const auto bytes = ParseMemory(text);
      if (!bytes) return std::nullopt;
      return std::pair{std::string(kBytes), Value::Int(*bytes)};
    });
  };
}

void Duration(Attribute& attribute) {
  attribute.validators.push_back({.rule = "a duration such as `30m` or `1h30m`",
                                  .check = [](const Value& value) -> std::optional<std::string> {
                                    if (ParseDuration(value.as_string())) return std::nullopt;
                                    return "must be a duration such as 30m or 1h30m, not \"" +
                                           value.as_string() + "\"";
                                  }});
  attribute.canonical = [](const Value& value) {
    return Meaning(value, [](const std::string& text) -> Amount {
      const auto duration = ParseDuration(text);
      if (!duration) return std::nullopt;
      return std::pair{std::string("milliseconds"), Value::Int(duration->count())};
    });
  };
}

void CronTimes(Attribute& attribute) {
  attribute.validators.push_back(Cron());
  attribute.canonical = [](const Value& value) {
    return Meaning(value, [](const std::string& text) -> Amount {
      const auto schedule = CronSchedule::Parse(text);
      if (!schedule) return std::nullopt;
      return std::pair{std::string("times"), Value::String(schedule->CanonicalText())};
    });
  };
}

void PointInTime(Attribute& attribute) {
  attribute.validators.push_back({.rule = "a moment such as `2026-11-21T10:30:00Z`",
                                  .check = [](const Value& value) -> std::optional<std::string> {
                                    const auto time = ParseTimestamp(value.as_string());
                                    if (time) return std::nullopt;
                                    return time.error().ToLine();
                                  }});
  attribute.canonical = [](const Value& value) {
    return Meaning(value, [](const std::string& text) -> Amount {
      const auto time = ParseTimestamp(text);
      if (!time) return std::nullopt;
      return std::pair{std::string("milliseconds"), Value::Int(time->time_since_epoch().count())};
    });
  };
}

void ParameterAmounts(Attribute& attribute) {
  attribute.canonical = [](const Value& value) {
    if (value.kind() != Value::Kind::kMap) return value;
    Value::Map meanings;
    for (const auto& [name, text] : value.as_map()) {
      // A null element is a key that was left out.
      if (!text.is_null()) meanings.emplace(name, Meaning(text, ReadParameter));
    }
    return Value::Object(std::move(meanings));
  };
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/timestamp.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>
#include <string_view>

namespace dbaas {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Takes `digits` digits off the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool TakeOneOf(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+01:00"
std::optional<minutes> TakeOffset(std::string_view& text) {
  if (TakeOneOf(text, "Zz")) return minutes(0);
  const bool is_west = text.starts_with('-');
  if (!TakeOneOf(text, "+-")) return std::nullopt;
  const auto hour = TakeNumber(text, 2);
  if (!hour || !TakeOneOf(text, ":")) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return is_west ? -offset : offset;
}

std::optional<TimePoint> Read(std::string_view text) {
  const auto year = TakeNumber(text, 4);
  if (!year || !TakeOneOf(text, "-")) return std::nullopt;
  const auto month = TakeNumber(text, 2);
  if (!month || !TakeOneOf(text, "-")) return std::nullopt;
  const auto day = TakeNumber(text, 2);
  if (!day || !TakeOneOf(text, "Tt ")) return std::nullopt;
  const auto hour = TakeNumber(text, 2);
  if (!hour || !TakeOneOf(text, ":")) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || !TakeOneOf(text, ":")) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second) return std::nullopt;
  Milliseconds fraction{0};
  if (TakeOneOf(text, ".")) {
    int unit = 100;
    std::optional<int> digit = TakeNumber(text, 1);
    if (!digit) return std::nullopt;
    for (; digit; digit = TakeNumber(text, 1), unit /= 10) fraction += Milliseconds(*digit * unit);
  }
  const auto offset = TakeOffset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // A leap second is there in the format, and nowhere else.
  if (!offset || !text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) +
         fraction - *offset;
}

}  // namespace

Result<TimePoint> ParseTimestamp(const std::string& text) {
  if (const auto time = Read(text)) return *time;
  return Invalid("", fmt::format("\"{}\" is not a moment such as 2026-11-21T10:30:00Z", text));
}

std::string TimestampText(TimePoint time) {
  return ToText(time).substr(0, std::string_view("2026-11-21T10:30:00").size()) + "Z";
}

}  // namespace dbaas

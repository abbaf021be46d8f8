// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/parameter_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>

#include "engine/dbms/postgresql/embedded.h"
#include "engine/model/units.h"

namespace dbaas::postgresql {
namespace {

using Type = ParameterDefinition::Type;

double UnitMicroseconds(std::string_view unit) { return SizeOf(kPostgresqlTime, unit); }

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

Type ReadType(std::string_view text) {
  if (text == "bool") return Type::kBool;
  if (text == "enum") return Type::kEnum;
  if (text == "integer") return Type::kInteger;
  if (text == "real") return Type::kReal;
  return Type::kString;
}

/// The number at the start of `text`, which is cut off. from_chars knows no locale and no "inf".
std::optional<double> TakeNumber(std::string_view& text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || !std::isfinite(number)) return std::nullopt;
  text = digits.substr(end - digits.data());
  return number;
}

double ReadNumber(std::string_view text) { return TakeNumber(text).value_or(0); }

std::string AcceptedUnits(std::string_view unit) {
  if (UnitBytes(unit) > 0) return "B, kB, MB, GB or TB";
  if (UnitMicroseconds(unit) > 0) return "us, ms, s, min, h or d";
  return "no unit";
}

/// The number that `text` gives, in the parameter's own unit.
Result<double> ReadQuantity(const ParameterDefinition& definition, std::string_view text) {
  std::string_view rest = text;
  const auto number = TakeNumber(rest);
  if (!number) return Invalid("", fmt::format("\"{}\" is not a number", text));
  const std::string_view unit = Trim(rest);
  if (unit.empty()) return *number;
  const double memory = UnitBytes(definition.unit);
  const double given_memory = SizeOf(kPostgresqlMemory, unit);
  if (memory > 0 && given_memory > 0) return *number * given_memory / memory;
  const double time = UnitMicroseconds(definition.unit);
  const double given_time = UnitMicroseconds(unit);
  if (time > 0 && given_time > 0) return *number * given_time / time;
  return Invalid("", fmt::format("\"{}\" has the unit \"{}\"; it takes {}", text, unit,
                                 AcceptedUnits(definition.unit)));
}

std::string PlainNumber(double number) {
  const bool is_whole = number == std::floor(number) && std::abs(number) < 1e15;
  if (is_whole) return std::to_string(static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

std::string RangeText(const ParameterDefinition& definition) {
  const std::string minimum = WithUnit(definition.minimum, definition.unit);
  constexpr double kAsGoodAsUnlimited = 1e300;
  if (definition.maximum > kAsGoodAsUnlimited) return "at least " + minimum;
  return minimum + " to " + WithUnit(definition.maximum, definition.unit);
}

Result<ParameterValue> ReadNumeric(const ParameterDefinition& definition, std::string_view text) {
  double number = TRY(ReadQuantity(definition, text));
  if (definition.type == Type::kInteger) number = std::nearbyint(number);
  if (number < definition.minimum || number > definition.maximum) {
    return Invalid("", fmt::format("\"{}\" is out of range: {}", text, RangeText(definition)));
  }
  return ParameterValue{WithUnit(number, definition.unit), PlainNumber(number), number};
}

/// The server takes these words and their unambiguous beginnings.
std::optional<bool> ReadBool(std::string_view text) {
  const std::string word = LowerCase(text);
  if (word.empty()) return std::nullopt;
  if (word == "1" || word == "on") return true;
  if (word == "0" || (word.size() >= 2 && std::string_view("off").starts_with(word))) return false;
  for (const std::string_view yes : {"true", "yes"}) {
    if (yes.starts_with(word)) return true;
  }
  for (const std::string_view no : {"false", "no"}) {
    if (no.starts_with(word)) return false;
  }
  return std::nullopt;
}

Result<ParameterValue> ReadBoolean(std::string_view text) {
  const auto value = ReadBool(text);
  if (!value) return Invalid("", fmt::format("\"{}\" is neither on nor off", text));
  const std::string word = *value ? "on" : "off";
  return ParameterValue{word, word};
}

Result<ParameterValue> ReadEnum(const ParameterDefinition& definition, std::string_view text) {
  const auto find = [&](std::string_view word) {
    return std::find_if(definition.choices.begin(), definition.choices.end(),
                        [&](auto choice) { return LowerCase(choice) == LowerCase(word); });
  };
  auto found = find(text);
  // Where "on" and "off" are among the choices the server also takes the other words for them.
  if (found == definition.choices.end()) {
    if (const auto value = ReadBool(text)) found = find(*value ? "on" : "off");
  }
  if (found == definition.choices.end()) {
    return Invalid(
        "", fmt::format("\"{}\" is not one of {}", text, fmt::join(definition.choices, ", ")));
  }
  return ParameterValue{std::string(*found), std::string(*found)};
}

Result<ParameterValue> ReadString(std::string_view text) {
  for (const unsigned char character : text) {
    if (character < 0x20 || character == 0x7f) {
      return Invalid("", "the value has a line break or another control character");
    }
  }
  return ParameterValue{std::string(text), std::string(text)};
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 32);
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

double UnitBytes(std::string_view unit) {
  // A page: a unit of pg_settings that nobody writes.
  return unit == "8kB" ? 8192 : SizeOf(kPostgresqlMemory, unit);
}

std::string WithUnit(double number, std::string_view unit) {
  // -1 and 0 are words ("never", "default") rather than amounts.
  if (unit.empty() || number <= 0) return PlainNumber(number);
  const auto in_largest = [&](const auto& units, double amount) {
    for (const Unit& each : units) {
      const double count = amount / each.size;
      if (count >= 1 && count == std::floor(count)) return PlainNumber(count).append(each.name);
    }
    return PlainNumber(amount / units.back().size).append(units.back().name);
  };
  if (UnitBytes(unit) > 0) return in_largest(kPostgresqlMemory, number * UnitBytes(unit));
  return in_largest(kPostgresqlTime, number * UnitMicroseconds(unit));
}

ParameterTable::ParameterTable(std::string_view csv) {
  for (const std::string_view line : Split(csv, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto fields = Split(line, ',');
    if (fields.size() != 7) continue;
    ParameterDefinition definition{.name = fields[0],
                                   .context = fields[1],
                                   .type = ReadType(fields[2]),
                                   .unit = fields[3],
                                   .minimum = ReadNumber(fields[4]),
                                   .maximum = ReadNumber(fields[5])};
    if (definition.type == Type::kEnum) definition.choices = Split(fields[6], '|');
    definitions_.push_back(std::move(definition));
  }
}

const ParameterDefinition* ParameterTable::Find(std::string_view name) const {
  const std::string lower = LowerCase(name);
  const auto found =
      std::lower_bound(definitions_.begin(), definitions_.end(), lower,
                       [](const ParameterDefinition& definition, const std::string& wanted) {
                         return definition.name < wanted;
                       });
  return found != definitions_.end() && found->name == lower ? &*found : nullptr;
}

std::string ParameterTable::Nearest(std::string_view name) const {
  const std::string lower = LowerCase(name);
  // Further away than a third of its letters, a name is another name rather than a slip.
  std::size_t best = std::max<std::size_t>(lower.size() / 3, 1) + 1;
  std::string nearest;
  for (const auto& definition : definitions_) {
    if (definition.internal()) continue;
    const std::size_t distance = EditDistance(lower, definition.name);
    if (distance >= best) continue;
    best = distance;
    nearest = definition.name;
  }
  return nearest;
}

const ParameterTable* FindParameterTable(std::string_view major) {
  static const ParameterTable k15(embedded::kSettings15);
  static const ParameterTable k17(embedded::kSettings17);
  if (major == "15") return &k15;
  if (major == "17") return &k17;
  return nullptr;
}

Result<ParameterValue> ReadValue(const ParameterDefinition& definition, std::string_view text) {
  const std::string_view trimmed = Trim(text);
  switch (definition.type) {
    case Type::kBool: return ReadBoolean(trimmed);
    case Type::kEnum: return ReadEnum(definition, trimmed);
    case Type::kInteger:
    case Type::kReal: return ReadNumeric(definition, trimmed);
    case Type::kString: return ReadString(text);
  }
  return Internal("a parameter of a type that nobody knows");
}

}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
#include "schemas/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "engine/base/json.h"

namespace dbaas {
namespace {

// A number has one representation only, so that equality is equality of representations: an int64
// where it fits; a double where it is a fraction that a double holds exactly or came as a double;
// decimal text for everything else. The text has no exponent, no leading or trailing zeros.

// "1e999999999" is nine characters on the wire and a gigabyte of zeros in memory. Terraform's own
// numbers carry 512 bits, which is 155 digits; the largest double has 309.
constexpr int kMaxExponent = 10'000;

struct Decimal {
  bool negative = false;
  std::string whole;     ///< Without leading zeros; may be empty.
  std::string fraction;  ///< Without trailing zeros; may be empty.
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Moves the digits at the front of `text` behind `digits`.
void TakeDigits(std::string_view& text, std::string& digits) {
  while (!text.empty() && IsDigit(text.front())) {
    digits += text.front();
    text.remove_prefix(1);
  }
}

std::optional<int> TakeExponent(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (exponent > kMaxExponent || exponent < -kMaxExponent) return std::nullopt;
  return exponent;
}

/// Moves the decimal point `exponent` places to the right, or to the left when that is negative.
void MovePoint(int exponent, Decimal& decimal) {
  if (exponent > 0) {
    const auto places = static_cast<std::size_t>(exponent);
    decimal.fraction.resize(std::max(decimal.fraction.size(), places), '0');
    decimal.whole += decimal.fraction.substr(0, places);
    decimal.fraction.erase(0, places);
    return;
  }
  const auto places = static_cast<std::size_t>(-exponent);
  if (decimal.whole.size() < places) decimal.whole.insert(0, places - decimal.whole.size(), '0');
  decimal.fraction.insert(0, decimal.whole.substr(decimal.whole.size() - places));
  decimal.whole.erase(decimal.whole.size() - places);
}

std::optional<Decimal> ReadDecimal(std::string_view text) {
  Decimal decimal;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    decimal.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  TakeDigits(text, decimal.whole);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    TakeDigits(text, decimal.fraction);
  }
  if (decimal.whole.empty() && decimal.fraction.empty()) return std::nullopt;
  if (!text.empty()) {
    if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
    const auto exponent = TakeExponent(text.substr(1));
    if (!exponent) return std::nullopt;
    MovePoint(*exponent, decimal);
  }
  decimal.whole.erase(0, decimal.whole.find_first_not_of('0'));
  decimal.fraction.erase(decimal.fraction.find_last_not_of('0') + 1);
  return decimal;
}

std::string ToText(const Decimal& decimal) {
  std::string text = decimal.negative ? "-" : "";
  text += decimal.whole.empty() ? "0" : decimal.whole;
  if (!decimal.fraction.empty()) text += "." + decimal.fraction;
  return text;
}

/// How many binary digits `value` has behind the point. It has as many decimal ones, for each
/// halving of a decimal fraction adds one digit.
int FractionDigits(double value) {
  int exponent = 0;
  // The mantissa scaled to an integer: value = mantissa * 2^(exponent - 53).
  auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  int digits = 53 - exponent;
  for (; mantissa != 0 && mantissa % 2 == 0; mantissa /= 2) --digits;
  return digits;
}

/// The double that `decimal` is, to the last digit, if there is one.
std::optional<double> ExactDouble(const Decimal& decimal) {
  const int digits = static_cast<int>(decimal.fraction.size());
  if (digits == 0 || digits > 1074 || decimal.fraction.back() != '5') return std::nullopt;
  const std::string text = ToText(decimal);
  const double value = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(value) || FractionDigits(value) != digits) return std::nullopt;
  if (fmt::format("{:.{}f}", value, digits) != text) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ToInt(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The fewest digits that mean this double and no other, without exponent.
std::string ShortestText(double value) {
  std::string text(400, '\0');
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  text.resize(end - text.data());
  return text;
}

}  // namespace

Number Number::FromDouble(double value) {
  // 2^63 itself is outside of int64; the comparison is exact, for both bounds are powers of two.
  const bool fits = value >= -0x1.0p63 && value < 0x1.0p63;
  if (fits && std::trunc(value) == value) return Number(static_cast<std::int64_t>(value));
  Number number;
  if (std::isfinite(value) && !fits) {
    number.value_ = fmt::format("{:.0f}", value);  // All of these are whole, and printed exactly.
  } else {
    number.value_ = value;
  }
  return number;
}

std::optional<Number> Number::FromText(const std::string& text) {
  const auto decimal = ReadDecimal(text);
  if (!decimal) return std::nullopt;
  std::string canonical = dbaas::ToText(*decimal);
  if (const auto integer = ToInt(canonical)) return Number(*integer);
  Number number;
  if (const auto exact = ExactDouble(*decimal)) {
    number.value_ = *exact;
  } else {
    number.value_ = std::move(canonical);
  }
  return number;
}

std::optional<std::int64_t> Number::AsInt() const {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) return *integer;
  return std::nullopt;
}

double Number::AsDouble() const {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value_)) return *real;
  return std::strtod(std::get<std::string>(value_).c_str(), nullptr);
}

std::string Number::ToText() const {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value_)) return ShortestText(*real);
  return std::get<std::string>(value_);
}

bool operator==(const Number& a, const Number& b) {
  if (a.value_.index() == b.value_.index()) return a.value_ == b.value_;
  // An int64 has no other form; what remains is a double against text: 0.1 is 0.1.
  if (a.AsInt() || b.AsInt()) return false;
  return a.ToText() == b.ToText();
}

bool Value::is_wholly_known() const {
  switch (kind()) {
    case Kind::kUnknown: return false;
    case Kind::kList:
      for (const Value& item : as_list()) {
        if (!item.is_wholly_known()) return false;
      }
      return true;
    case Kind::kMap:
      for (const auto& [name, member] : as_map()) {
        if (!member.is_wholly_known()) return false;
      }
      return true;
    default: return true;
  }
}

Value Value::SetOf(List items) {
  std::map<std::string, Value> known;
  List unknown;
  for (Value& item : items) {
    if (item.is_wholly_known()) {
      known.emplace(item.ToText(), std::move(item));
    } else {
      unknown.push_back(std::move(item));
    }
  }
  List set;
  for (auto& [text, item] : known) set.push_back(std::move(item));
  std::move(unknown.begin(), unknown.end(), std::back_inserter(set));
  return ListOf(std::move(set));
}

const Value& Value::at(const std::string& name) const {
  static const Value kNullValue;
  if (kind() != Kind::kMap) return kNullValue;
  const auto found = as_map().find(name);
  return found == as_map().end() ? kNullValue : found->second;
}

std::string Value::ToText() const {
  switch (kind()) {
    case Kind::kNull: return "null";
    case Kind::kUnknown: return "(known after apply)";
    case Kind::kBool: return as_bool() ? "true" : "false";
    case Kind::kNumber: return as_number().ToText();
    case Kind::kString: return Dump(as_string());
    case Kind::kList: {
      std::string text;
      for (const Value& item : as_list()) text += (text.empty() ? "" : ", ") + item.ToText();
      return "[" + text + "]";
    }
    case Kind::kMap: {
      std::string text;
      for (const auto& [name, member] : as_map()) {
        text += (text.empty() ? "" : ", ") + name + " = " + member.ToText();
      }
      return text.empty() ? "{}" : "{ " + text + " }";
    }
  }
  return {};
}

}  // namespace dbaas

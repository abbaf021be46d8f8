// SPDX-License-Identifier: MPL-2.0
//
// Value: one value of Terraform's type system, as configuration, plan or state carry it. It may be
// null, or unknown until apply. The wire formats (msgpack, JSON) live in provider/; here is only
// what schemas and the lifecycle need to compare, merge and read values.
//
//   Value::Object({{"name", Value::String("orders")}, {"port", Value::Unknown()}})
//
// Values are plain data: copy, compare with ==, no sharing. Type is not carried: both sides derive
// it from the schema, so a list, set and tuple are all kList (a set by SetOf), and a map and an
// object all kMap. Only where the schema leaves it open (`dynamic`) does a value bring its type
// along, and is another value with another type.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dbaas {

/// A number of Terraform: arbitrary precision. What fits an int64 or is exactly a double is kept
/// so; everything else stays the decimal text that it came as, for no digit may be lost on the way.
/// Equality is by value where both sides are integers, else by shortest decimal text.
class Number {
 public:
  Number() = default;
  explicit Number(std::int64_t value) : value_(value) {}
  static Number FromDouble(double value);
  /// Plain decimal text, with or without exponent. Nothing when it is not a number.
  static std::optional<Number> FromText(const std::string& text);

  std::optional<std::int64_t> AsInt() const;  ///< Only when it is an integer that fits.
  double AsDouble() const;                    ///< Nearest; may lose digits.
  bool IsDouble() const { return std::holds_alternative<double>(value_); }
  std::string ToText() const;  ///< Decimal without exponent.
  friend bool operator==(const Number& a, const Number& b);

 private:
  std::variant<std::int64_t, double, std::string> value_ = std::int64_t{0};
};

class Value {
 public:
  enum class Kind { kNull, kUnknown, kBool, kNumber, kString, kList, kMap };
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value>;

  Value() = default;  ///< null
  static Value Null() { return {}; }
  static Value Unknown() { return Value(UnknownTag{}); }
  static Value Bool(bool value) { return Value(value); }
  static Value Int(std::int64_t value) { return Value(Number(value)); }
  static Value Num(Number value) { return Value(std::move(value)); }
  static Value String(std::string value) { return Value(std::move(value)); }
  static Value ListOf(List items) { return Value(std::move(items)); }
  /// Items in an order of their own and none twice, so that == compares what is in two sets. One
  /// that is not wholly known may turn out to be another, and stays.
  static Value SetOf(List items);
  static Value Object(Map members) { return Value(std::move(members)); }
  /// `value` for an attribute that takes values of any type. `type` is a type constraint as JSON:
  /// ["list","string"]. Null and unknown may have one, and do without where nothing is known.
  static Value OfType(std::string type, Value value) {
    value.type_ = std::move(type);
    return value;
  }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_unknown() const { return kind() == Kind::kUnknown; }
  bool is_known() const { return !is_null() && !is_unknown(); }
  /// What OfType() was told; empty for all other values.
  const std::string& type() const { return type_; }
  /// True when nothing inside, at any depth, is unknown.
  bool is_wholly_known() const;

  // REQUIRES: kind() says so.
  bool as_bool() const { return std::get<bool>(data_); }
  const Number& as_number() const { return std::get<Number>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const List& as_list() const { return std::get<List>(data_); }
  List& as_list() { return std::get<List>(data_); }
  const Map& as_map() const { return std::get<Map>(data_); }
  Map& as_map() { return std::get<Map>(data_); }

  /// The member of an object, null when this is not an object or has no such member.
  const Value& at(const std::string& name) const;

  friend bool operator==(const Value& a, const Value& b) = default;
  /// For people: `"orders"`, `3`, `[…]`, `null`, `(known after apply)`.
  std::string ToText() const;

 private:
  struct UnknownTag {
    friend bool operator==(const UnknownTag&, const UnknownTag&) = default;
  };
  using Data = std::variant<std::monostate, UnknownTag, bool, Number, std::string, List, Map>;
  template <typename T>
  explicit Value(T data) : data_(std::move(data)) {}

  Data data_;
  std::string type_;
};

}  // namespace dbaas

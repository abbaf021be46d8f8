// SPDX-License-Identifier: MPL-2.0
#include "schemas/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dbaas {
namespace {

std::string Canonical(const std::string& text) {
  const auto number = Number::FromText(text);
  return number ? number->ToText() : "not a number";
}

TEST(NumberTest, TextBecomesPlainDecimal) {
  EXPECT_EQ(Canonical("0"), "0");
  EXPECT_EQ(Canonical("-0"), "0");
  EXPECT_EQ(Canonical("007"), "7");
  EXPECT_EQ(Canonical("+5"), "5");
  EXPECT_EQ(Canonical("1.50"), "1.5");
  EXPECT_EQ(Canonical(".5"), "0.5");
  EXPECT_EQ(Canonical("-0.10"), "-0.1");
  EXPECT_EQ(Canonical("1e3"), "1000");
  EXPECT_EQ(Canonical("1.25e1"), "12.5");
  EXPECT_EQ(Canonical("125E-4"), "0.0125");
  EXPECT_EQ(Canonical("1e20"), "100000000000000000000");
  EXPECT_EQ(Canonical("1e400").size(), 401u);
}

TEST(NumberTest, RejectsWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "e5", "1e", "1e+", "0x10", "1 ", " 1", "1,5", "1.2.3",
                           "NaN", "inf", "1e999999999", "1e-999999999", "1e99999999999999999999"}) {
    EXPECT_FALSE(Number::FromText(text).has_value()) << text;
  }
}

TEST(NumberTest, IntegersOfInt64AreIntegersWhateverTheirSpelling) {
  EXPECT_EQ(Number::FromText("9223372036854775807")->AsInt(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Number::FromText("-9223372036854775808")->AsInt(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Number::FromText("3.000")->AsInt(), 3);
  EXPECT_EQ(Number::FromDouble(3.0).AsInt(), 3);
  EXPECT_EQ(Number::FromDouble(-0.0).AsInt(), 0);
  EXPECT_FALSE(Number::FromText("9223372036854775808")->AsInt().has_value());
  EXPECT_FALSE(Number::FromText("1.5")->AsInt().has_value());
}

TEST(NumberTest, NoDigitIsLost) {
  const std::string long_integer = "123456789012345678901234567890";
  EXPECT_EQ(Canonical(long_integer), long_integer);
  const std::string third = "0.3333333333333333333333333333333333333333";
  EXPECT_EQ(Canonical(third), third);
  EXPECT_FALSE(*Number::FromText(third) == *Number::FromText(third + "3"));
}

TEST(NumberTest, OnlyExactFractionsBecomeDoubles) {
  EXPECT_TRUE(Number::FromText("1.5")->IsDouble());
  EXPECT_TRUE(Number::FromText("-0.0009765625")->IsDouble());  // 2^-10
  EXPECT_FALSE(Number::FromText("0.1")->IsDouble());
  EXPECT_FALSE(Number::FromText("0.15")->IsDouble());
  EXPECT_FALSE(Number::FromText("0.30000000000000005")->IsDouble());
  // All 55 digits of the double nearest to 0.1.
  EXPECT_TRUE(
      Number::FromText("0.1000000000000000055511151231257827021181583404541015625")->IsDouble());
  EXPECT_FALSE(Number::FromDouble(1e20).IsDouble());
  EXPECT_TRUE(Number::FromDouble(0.1).IsDouble());
}

TEST(NumberTest, EqualityIsByValue) {
  EXPECT_EQ(*Number::FromText("1e20"), Number::FromDouble(1e20));
  EXPECT_EQ(Number::FromDouble(0.1), *Number::FromText("0.1"));
  EXPECT_EQ(*Number::FromText("0.1"), Number::FromDouble(0.1));
  EXPECT_EQ(Number(2), Number::FromDouble(2.0));
  EXPECT_FALSE(Number(2) == Number::FromDouble(2.5));
  EXPECT_FALSE(*Number::FromText("9223372036854775808") ==
               *Number::FromText("9223372036854775809"));
}

TEST(NumberTest, DoublesPrintWithoutExponent) {
  EXPECT_EQ(Number::FromDouble(1e20).ToText(), "100000000000000000000");
  EXPECT_EQ(Number::FromDouble(1e-7).ToText(), "0.0000001");
  EXPECT_EQ(Number::FromDouble(0.1).ToText(), "0.1");
  EXPECT_EQ(Number::FromDouble(std::numeric_limits<double>::max()).ToText().size(), 309u);
  EXPECT_GT(Number::FromDouble(std::numeric_limits<double>::denorm_min()).ToText().size(), 320u);
  EXPECT_TRUE(std::isinf(Number::FromDouble(HUGE_VAL).AsDouble()));
}

TEST(NumberTest, AsDoubleIsTheNearest) {
  EXPECT_DOUBLE_EQ(Number::FromText("0.1")->AsDouble(), 0.1);
  EXPECT_DOUBLE_EQ(Number::FromText("1e30")->AsDouble(), 1e30);
  EXPECT_DOUBLE_EQ(Number(7).AsDouble(), 7.0);
}

TEST(ValueTest, KindsFollowTheFactories) {
  EXPECT_EQ(Value().kind(), Value::Kind::kNull);
  EXPECT_EQ(Value::Unknown().kind(), Value::Kind::kUnknown);
  EXPECT_EQ(Value::Bool(true).kind(), Value::Kind::kBool);
  EXPECT_EQ(Value::Int(1).kind(), Value::Kind::kNumber);
  EXPECT_EQ(Value::String("a").kind(), Value::Kind::kString);
  EXPECT_EQ(Value::ListOf({}).kind(), Value::Kind::kList);
  EXPECT_EQ(Value::Object({}).kind(), Value::Kind::kMap);
  EXPECT_FALSE(Value().is_known());
  EXPECT_FALSE(Value::Unknown().is_known());
  EXPECT_TRUE(Value::ListOf({}).is_known());
}

TEST(ValueTest, EqualityGoesAllTheWayDown) {
  const auto object = [](std::int64_t port) {
    return Value::Object({{"ports", Value::ListOf({Value::Int(port), Value::Unknown()})},
                          {"name", Value::String("orders")}});
  };
  EXPECT_EQ(object(5432), object(5432));
  EXPECT_FALSE(object(5432) == object(5433));
  EXPECT_FALSE(Value::Null() == Value::Unknown());
  EXPECT_FALSE(Value::String("1") == Value::Int(1));
  EXPECT_FALSE(Value::ListOf({}) == Value::Object({}));
}

TEST(ValueTest, ATypeThatWasBroughtAlongMakesAnotherValue) {
  const Value text = Value::OfType("\"string\"", Value::String("a"));
  EXPECT_EQ(text.as_string(), "a");
  EXPECT_EQ(text.type(), "\"string\"");
  EXPECT_EQ(Value::String("a").type(), "");
  EXPECT_FALSE(text == Value::String("a"));
  EXPECT_TRUE(Value::OfType("\"string\"", Value::Null()).is_null());
  EXPECT_TRUE(Value::OfType("\"string\"", Value::Unknown()).is_unknown());
}

TEST(ValueTest, WhollyKnownLooksInside) {
  EXPECT_TRUE(Value::Null().is_wholly_known());
  EXPECT_TRUE(Value::Object({{"a", Value::ListOf({Value::Null()})}}).is_wholly_known());
  EXPECT_FALSE(Value::Object({{"a", Value::ListOf({Value::Unknown()})}}).is_wholly_known());
}

TEST(ValueTest, AtIsNullWhereThereIsNothing) {
  const Value object = Value::Object({{"name", Value::String("orders")}});
  EXPECT_EQ(object.at("name"), Value::String("orders"));
  EXPECT_TRUE(object.at("port").is_null());
  EXPECT_TRUE(Value::Null().at("name").is_null());
  EXPECT_TRUE(Value::String("name").at("name").is_null());
}

TEST(ValueTest, TextIsForPeople) {
  const Value value = Value::Object({{"a", Value::ListOf({Value::Int(1), Value::Null()})},
                                     {"b", Value::String("say \"hi\"")},
                                     {"c", Value::Unknown()},
                                     {"d", Value::Bool(false)},
                                     {"e", Value::Object({})}});
  EXPECT_EQ(value.ToText(),
            R"({ a = [1, null], b = "say \"hi\"", c = (known after apply), d = false, e = {} })");
}

TEST(ValueTest, SetsCompareByWhatIsInThem) {
  const Value a = Value::String("a");
  const Value b = Value::String("b");
  EXPECT_EQ(Value::SetOf({b, a, b}), Value::SetOf({a, b}));
  EXPECT_FALSE(Value::SetOf({a}) == Value::SetOf({a, b}));
  // Two that are unknown may turn out to be two.
  EXPECT_EQ(Value::SetOf({Value::Unknown(), a, Value::Unknown()}).as_list().size(), 3u);
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "provider/json_value.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/provider/object_types.h"

namespace dbaas {
namespace {

Type ClusterType() {
  return ObjectOf({{"name", Type::String()},
                   {"parameters", Type::MapOf(Type::String())},
                   {"port", Type::Number()},
                   {"protected", Type::Bool()},
                   {"resources", ObjectOf({{"cpu", Type::Number()}})},
                   {"tags", Type::SetOf(Type::String())}});
}

std::string Reencoded(const std::string& json, const Type& type) {
  const auto value = DecodeJson(json, type);
  if (!value) return value.error().ToLine();
  const auto text = EncodeJson(*value, type);
  return text ? *text : text.error().ToLine();
}

TEST(JsonValueTest, EveryKindComesBackAsItWas) {
  const std::string json =
      R"({"name":"orders","parameters":{"a.b":"1","c":null},"port":5432,"protected":true,)"
      R"("resources":{"cpu":0.5},"tags":["x","y"]})";
  EXPECT_EQ(Reencoded(json, ClusterType()), json);
}

TEST(JsonValueTest, NumbersKeepEveryDigit) {
  for (const char* number :
       {"0", "-7", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551616", "123456789012345678901234567890", "0.1",
        "0.3333333333333333333333333333333333333", "-1.5"}) {
    EXPECT_EQ(Reencoded(number, Type::Number()), number);
  }
  EXPECT_EQ(Reencoded("1e30", Type::Number()), "1000000000000000000000000000000");
}

TEST(JsonValueTest, OtherVersionsOfTheSchemaAreRead) {
  const auto value =
      DecodeJson(R"({"name":42,"port":"5432","protected":"false","gone":{"deep":[1]},"tags":null})",
                 ClusterType());
  ASSERT_TRUE(value.has_value()) << value.error().ToLine();
  EXPECT_EQ(*value, Value::Object({{"name", Value::String("42")},
                                   {"parameters", Value::Null()},
                                   {"port", Value::Int(5432)},
                                   {"protected", Value::Bool(false)},
                                   {"resources", Value::Null()},
                                   {"tags", Value::Null()}}));
}

TEST(JsonValueTest, ADynamicValueIsStoredWithItsType) {
  for (const char* json :
       {"null", R"({"value":"x","type":"string"})", R"({"value":null,"type":["list","bool"]})",
        R"({"value":["a"],"type":["set","string"]})",
        R"({"value":[1,null],"type":["tuple",["number","dynamic"]]})",
        R"({"value":{"a":{"k":true},"b":[]},"type":["object",{"a":["map","bool"],)"
        R"("b":["list","number"]}]})"}) {
    EXPECT_EQ(Reencoded(json, Type::Dynamic()), json);
  }
}

TEST(JsonValueTest, WhatWasStoredBeforeItsAttributeBecameDynamicIsRead) {
  EXPECT_EQ(*DecodeJson("5432", Type::Dynamic()), Value::OfType("\"number\"", Value::Int(5432)));
  EXPECT_EQ(Reencoded(R"({"value":["a",null]})", Type::Dynamic()),
            R"({"value":{"value":["a",null]},"type":)"
            R"(["object",{"value":["tuple",["string","dynamic"]]}]})");
}

TEST(JsonValueTest, ADynamicValueWithoutAProperTypeIsAnError) {
  for (const char* json :
       {R"({"value":1,"type":"text"})", R"({"value":1,"type":"dynamic"})",
        R"({"value":1,"type":["list"]})", R"({"value":"x","type":"number"})",
        R"({"value":[1],"type":["tuple",[]]})", R"({"value":{},"type":["tuple",[]]})"}) {
    EXPECT_FALSE(DecodeJson(json, Type::Dynamic()).has_value()) << json;
  }
  for (const Value& value :
       {Value::String("x"), Value::Unknown(), Value::OfType("\"string\"", Value::Unknown()),
        Value::OfType(R"(["tuple",[]])", Value::String("x")),
        Value::OfType(R"(["tuple",[]])", Value::ListOf({Value::Null()}))}) {
    EXPECT_FALSE(EncodeJson(value, Type::Dynamic()).has_value()) << value.type();
  }
}

TEST(JsonValueTest, NullIsNullOfAnyType) {
  EXPECT_TRUE(DecodeJson("null", ClusterType())->is_null());
}

TEST(JsonValueTest, ErrorsSayWhere) {
  EXPECT_EQ(Reencoded(R"({"resources":{"cpu":"many"}})", ClusterType()),
            "resources: cpu: a stored value does not fit the schema: a number was expected");
  EXPECT_EQ(Reencoded(R"({"tags":["a",{}]})", ClusterType()),
            "tags: item 1: a stored value does not fit the schema: a string was expected");
}

TEST(JsonValueTest, WhatIsNotJsonIsAnError) {
  for (const char* json :
       {"", "{", "[1,]", "nul", "{\"a\":1}}", "\"\xff\"", "{\"a\" 1}", "1e999999"}) {
    EXPECT_FALSE(DecodeJson(json, Type::String()).has_value()) << json;
  }
}

TEST(JsonValueTest, DepthIsLimited) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const Type type = ObjectOf({{"a", Type::String()}});
  EXPECT_TRUE(DecodeJson("{\"gone\":" + nested(100) + "}", type).has_value());
  EXPECT_FALSE(DecodeJson("{\"gone\":" + nested(1'000'000) + "}", type).has_value());
}

TEST(JsonValueTest, UnknownAndInfinityHaveNoForm) {
  EXPECT_FALSE(EncodeJson(Value::Unknown(), Type::String()).has_value());
  EXPECT_FALSE(EncodeJson(Value::Num(Number::FromDouble(HUGE_VAL)), Type::Number()).has_value());
  EXPECT_FALSE(EncodeJson(Value::Int(1), Type::String()).has_value());
}

}  // namespace
}  // namespace dbaas

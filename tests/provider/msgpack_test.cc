// SPDX-License-Identifier: MPL-2.0
// The bytes here were written by Terraform's own encoder (go-cty 1.19) unless a test says
// otherwise.
#include "provider/msgpack.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/provider/object_types.h"

namespace dbaas {
namespace {

Value Text(const char* text) { return Value::String(text); }
Value Numeral(const char* text) { return Value::Num(*Number::FromText(text)); }

struct Golden {
  const char* what;
  Type type;
  Value value;
  const char* hex;
};

constexpr const char* kString = "\"string\"";

std::vector<Golden> Goldens() {
  const Type object = ObjectOf({{"a", Type::String()}, {"b", Type::Bool()}});
  return {
      {"null", Type::String(), Value::Null(), "c0"},
      {"unknown", Type::Number(), Value::Unknown(), "d40000"},
      {"false", Type::Bool(), Value::Bool(false), "c2"},
      {"true", Type::Bool(), Value::Bool(true), "c3"},
      {"string", Type::String(), Text("\u00e9"), "a2c3a9"},
      {"zero", Type::Number(), Value::Int(0), "00"},
      {"127", Type::Number(), Value::Int(127), "7f"},
      {"128", Type::Number(), Value::Int(128), "cc80"},
      {"-1", Type::Number(), Value::Int(-1), "ff"},
      {"-32", Type::Number(), Value::Int(-32), "e0"},
      {"-33", Type::Number(), Value::Int(-33), "d0df"},
      {"-128", Type::Number(), Value::Int(-128), "d080"},
      {"-129", Type::Number(), Value::Int(-129), "d1ff7f"},
      {"-32769", Type::Number(), Value::Int(-32769), "d2ffff7fff"},
      {"-2^31-1", Type::Number(), Value::Int(-2147483649), "d3ffffffff7fffffff"},
      {"256", Type::Number(), Value::Int(256), "cd0100"},
      {"65536", Type::Number(), Value::Int(65536), "ce00010000"},
      {"2^63-1", Type::Number(), Numeral("9223372036854775807"), "cf7fffffffffffffff"},
      {"2^63", Type::Number(), Numeral("9223372036854775808"),
       "b339323233333732303336383534373735383038"},
      {"1e20", Type::Number(), Numeral("1e20"), "b5313030303030303030303030303030303030303030"},
      {"1.5", Type::Number(), Numeral("1.5"), "cb3ff8000000000000"},
      {"0.1 as written", Type::Number(), Numeral("0.1"), "a3302e31"},
      {"0.1 as a double", Type::Number(), Value::Num(Number::FromDouble(0.1)),
       "cb3fb999999999999a"},
      {"infinity", Type::Number(), Value::Num(Number::FromDouble(HUGE_VAL)), "cb7ff0000000000000"},
      {"empty list", Type::ListOf(Type::String()), Value::ListOf({}), "90"},
      {"list", Type::ListOf(Type::Number()), Value::ListOf({Value::Int(1), Value::Unknown()}),
       "9201d40000"},
      {"set", Type::SetOf(Type::String()), Value::ListOf({Text("a"), Text("b")}), "92a161a162"},
      {"map", Type::MapOf(Type::Number()), Value::Object({{"k", Value::Int(7)}}), "81a16b07"},
      {"object", object, Value::Object({{"a", Value::Null()}, {"b", Value::Bool(true)}}),
       "82a161c0a162c3"},
      {"dynamic", Type::Dynamic(), Value::OfType(kString, Text("x")), "92c40822737472696e6722a178"},
      {"dynamic, null of a type", Type::Dynamic(), Value::OfType(kString, Value::Null()),
       "92c40822737472696e6722c0"},
      {"dynamic, unknown of a type", Type::Dynamic(), Value::OfType(kString, Value::Unknown()),
       "92c40822737472696e6722d40000"},
      {"dynamic, null", Type::Dynamic(), Value::Null(), "c0"},
      {"dynamic, unknown", Type::Dynamic(), Value::Unknown(), "d40000"},
  };
}

TEST(MsgpackTest, WritesTheBytesOfTerraform) {
  for (const Golden& golden : Goldens()) {
    const auto bytes = EncodeMsgpack(golden.value, golden.type);
    ASSERT_TRUE(bytes.has_value()) << golden.what << ": " << bytes.error().ToLine();
    EXPECT_EQ(ToHex(*bytes), golden.hex) << golden.what;
  }
}

TEST(MsgpackTest, ReadsTheBytesOfTerraform) {
  for (const Golden& golden : Goldens()) {
    const auto value = DecodeMsgpack(FromHex(golden.hex), golden.type);
    ASSERT_TRUE(value.has_value()) << golden.what << ": " << value.error().ToLine();
    EXPECT_EQ(*value, golden.value) << golden.what;
  }
}

/// A dynamic value on the wire: its type, of less than 256 bytes, and what follows.
std::string Typed(std::string_view type, const std::string& hex) {
  return "\x92\xc4" + std::string(1, static_cast<char>(type.size())) + std::string(type) +
         FromHex(hex);
}

TEST(MsgpackTest, ADynamicValueBringsItsType) {
  const Value items = Value::ListOf({Text("a"), Value::Unknown()});
  for (const Value& value :
       {Value::OfType(R"(["list","string"])", items), Value::OfType(R"(["set","string"])", items),
        Value::OfType(R"(["tuple",["string","dynamic"]])", items),
        Value::OfType(R"(["object",{"a":"dynamic","b":["map","bool"]}])",
                      Value::Object({{"a", Value::Null()}, {"b", Value::Object({})}}))}) {
    const auto bytes = EncodeMsgpack(value, Type::Dynamic());
    ASSERT_TRUE(bytes.has_value()) << bytes.error().ToLine();
    EXPECT_EQ(*DecodeMsgpack(*bytes, Type::Dynamic()), value);
  }
  // Whatever the spelling of the type, it is the same one.
  EXPECT_EQ(*DecodeMsgpack(Typed(R"(["object", {"b":"bool", "a":"bool"}])", "82a161c2a162c3"),
                           Type::Dynamic()),
            Value::OfType(R"(["object",{"a":"bool","b":"bool"}])",
                          Value::Object({{"a", Value::Bool(false)}, {"b", Value::Bool(true)}})));
}

TEST(MsgpackTest, ADynamicValueWithoutAProperTypeIsAnError) {
  const auto error = [](const std::string& bytes) {
    const auto value = DecodeMsgpack(bytes, Type::Dynamic());
    return value ? "read: " + value->ToText() : value.error().ToLine();
  };
  const auto says = [&](const std::string& bytes, const char* part) {
    EXPECT_TRUE(error(bytes).find(part) != std::string::npos) << error(bytes);
  };
  says(FromHex("a178"), "a type and a value");
  says(FromHex("91c0"), "a type and a value");
  says(FromHex("92c0c0"), "a type");
  says(Typed("[\"list\"", "90"), "not valid JSON");
  says(Typed(R"("text")", "90"), "a type");
  says(Typed(R"(["tuple",["bool"]])", "90"), "a list of its length");
  says(Typed(R"("dynamic")", "c0"), "a type of a value");
  // Each level would say that there is another one inside.
  says(Typed(R"(["tuple",["dynamic"]])", "9192"), "null, or an unknown value");
  for (const Value& value :
       {Text("x"), Value::OfType("?", Text("x")), Value::OfType(R"("dynamic")", Value::Null()),
        Value::OfType(R"("number")", Text("x")),
        Value::OfType(R"(["tuple",[]])", Value::ListOf({Text("x")}))}) {
    EXPECT_FALSE(EncodeMsgpack(value, Type::Dynamic()).has_value()) << value.type();
  }
}

TEST(MsgpackTest, EveryCutIsAnError) {
  for (const Golden& golden : Goldens()) {
    const std::string bytes = FromHex(golden.hex);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(DecodeMsgpack(bytes.substr(0, length), golden.type).has_value())
          << golden.what << " cut to " << length;
    }
    EXPECT_FALSE(DecodeMsgpack(bytes + '\xc0', golden.type).has_value()) << golden.what;
  }
}

TEST(MsgpackTest, LengthsTakeTheShortestForm) {
  const auto head = [](std::size_t length, std::size_t bytes) {
    const std::string text(length, 'x');
    const std::string encoded = *EncodeMsgpack(Value::String(text), Type::String());
    EXPECT_EQ(*DecodeMsgpack(encoded, Type::String()), Value::String(text)) << length;
    return ToHex(encoded.substr(0, bytes));
  };
  EXPECT_EQ(head(31, 1), "bf");
  EXPECT_EQ(head(32, 2), "d920");
  EXPECT_EQ(head(255, 2), "d9ff");
  EXPECT_EQ(head(256, 3), "da0100");
  EXPECT_EQ(head(65535, 3), "daffff");
  EXPECT_EQ(head(65536, 5), "db00010000");

  const auto list_head = [](std::size_t length, std::size_t bytes) {
    const Value list = Value::ListOf(Value::List(length, Value::Bool(true)));
    const std::string encoded = *EncodeMsgpack(list, Type::ListOf(Type::Bool()));
    EXPECT_EQ(*DecodeMsgpack(encoded, Type::ListOf(Type::Bool())), list) << length;
    return ToHex(encoded.substr(0, bytes));
  };
  EXPECT_EQ(list_head(15, 1), "9f");
  EXPECT_EQ(list_head(16, 3), "dc0010");
  EXPECT_EQ(list_head(65536, 5), "dd00010000");

  Value::Map members;
  for (int i = 0; i < 66000; ++i) members["k" + std::to_string(i)] = Value::Int(i);
  const Value map = Value::Object(std::move(members));
  const std::string encoded = *EncodeMsgpack(map, Type::MapOf(Type::Number()));
  EXPECT_EQ(ToHex(encoded.substr(0, 5)), "df000101d0");
  EXPECT_EQ(*DecodeMsgpack(encoded, Type::MapOf(Type::Number())), map);
}

TEST(MsgpackTest, EveryExtensionIsUnknown) {
  for (const char* hex : {"d40000",                    // plain
                          "c7030c8101c2",              // not null
                          "c7090c82039201c3049205c3",  // a number from 1 to 5
                          "c70005",                    // empty, of a code of its own
                          "c800010000", "c90000000100ff", "d5010203", "d60101020304",
                          "d7000102030405060708", "d8000102030405060708090a0b0c0d0e0f10"}) {
    const auto value = DecodeMsgpack(FromHex(hex), Type::Number());
    ASSERT_TRUE(value.has_value()) << hex;
    EXPECT_TRUE(value->is_unknown()) << hex;
  }
  EXPECT_TRUE(DecodeMsgpack(FromHex("d40000"), ObjectOf({{"a", Type::String()}}))->is_unknown());
}

TEST(MsgpackTest, NumbersComeInEveryForm) {
  const auto read = [](const char* hex) {
    const auto value = DecodeMsgpack(FromHex(hex), Type::Number());
    return value.has_value() ? value->ToText() : value.error().ToLine();
  };
  EXPECT_EQ(read("cc05"), "5");
  EXPECT_EQ(read("cd0005"), "5");
  EXPECT_EQ(read("cf0000000000000005"), "5");
  EXPECT_EQ(read("cfffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(read("d3ffffffffffffffff"), "-1");
  EXPECT_EQ(read("d1ff7f"), "-129");
  EXPECT_EQ(read("d2ffff7fff"), "-32769");
  EXPECT_EQ(read("ca3fc00000"), "1.5");
  EXPECT_EQ(read("cb4014000000000000"), "5");
  EXPECT_EQ(read("a135"), "5");
  EXPECT_EQ(read("c403312e35"), "1.5");
  EXPECT_EQ(read("a3316533"), "1000");
}

TEST(MsgpackTest, BinaryDataIsAString) {
  EXPECT_EQ(*DecodeMsgpack(FromHex("c4026869"), Type::String()), Text("hi"));
  EXPECT_EQ(*DecodeMsgpack(FromHex("c500026869"), Type::String()), Text("hi"));
  EXPECT_EQ(*DecodeMsgpack(FromHex("c6000000026869"), Type::String()), Text("hi"));
}

TEST(MsgpackTest, ObjectsHaveTheMembersOfTheirType) {
  const Type type = ObjectOf({{"a", Type::String()}, {"b", Type::Bool()}});
  // {"a": "x", "z": [{"q": [1, 2]}, "…"]}: z is of another version, b is missing.
  const auto value = DecodeMsgpack(FromHex("82 a161 a178 a17a 92 81 a171 92 01 02 a3e280a6"), type);
  ASSERT_TRUE(value.has_value()) << value.error().ToLine();
  EXPECT_EQ(*value, Value::Object({{"a", Text("x")}, {"b", Value::Null()}}));

  const auto bytes = EncodeMsgpack(Value::Object({{"b", Value::Bool(true)}}), type);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(ToHex(*bytes), "82a161c0a162c3");
}

TEST(MsgpackTest, ErrorsSayWhere) {
  const Type type = ObjectOf({{"sizes", Type::ListOf(Type::Number())}});
  const auto value = DecodeMsgpack(FromHex("81 a573697a6573 92 01 c3"), type);
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().ToLine(),
            "sizes: item 1: a value does not fit the schema: a number was expected");
  const auto bytes =
      EncodeMsgpack(Value::Object({{"sizes", Value::ListOf({Value::Int(1), Text("two")})}}), type);
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().ToLine(),
            "sizes: item 1: a value does not fit the schema: a number was expected");
}

TEST(MsgpackTest, WrongKindsAreErrors) {
  const Type list = Type::ListOf(Type::String());
  const Type object = ObjectOf({{"a", Type::String()}});
  for (const auto& [hex, type] :
       std::vector<std::pair<const char*, Type>>{{"01", Type::String()},
                                                 {"c3", Type::String()},
                                                 {"90", Type::String()},
                                                 {"c3", Type::Number()},
                                                 {"a178", Type::Number()},
                                                 {"01", Type::Bool()},
                                                 {"a474727565", Type::Bool()},
                                                 {"80", list},
                                                 {"a178", list},
                                                 {"90", object},
                                                 {"81c0c0", object},
                                                 {"8101c0", Type::MapOf(Type::String())},
                                                 {"cb7ff8000000000000", Type::Number()},
                                                 {"c1", Type::String()}}) {
    EXPECT_FALSE(DecodeMsgpack(FromHex(hex), type).has_value()) << hex;
  }
  for (const auto& [value, type] :
       std::vector<std::pair<Value, Type>>{{Value::Int(1), Type::String()},
                                           {Text("1"), Type::Number()},
                                           {Text("true"), Type::Bool()},
                                           {Value::Object({}), list},
                                           {Value::ListOf({}), object},
                                           {Value::ListOf({}), Type::MapOf(Type::String())},
                                           {Value::Object({{"stray", Text("x")}}), object}}) {
    EXPECT_FALSE(EncodeMsgpack(value, type).has_value()) << value.ToText();
  }
}

TEST(MsgpackTest, ClaimedSizesCostNothing) {
  // Four thousand million items, of which none is there.
  for (const char* hex : {"ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff"}) {
    EXPECT_FALSE(DecodeMsgpack(FromHex(hex), Type::ListOf(Type::String())).has_value()) << hex;
    EXPECT_FALSE(DecodeMsgpack(FromHex(hex), Type::MapOf(Type::String())).has_value()) << hex;
    EXPECT_FALSE(DecodeMsgpack(FromHex(hex), Type::String()).has_value()) << hex;
  }
}

TEST(MsgpackTest, DepthIsThatOfTheType) {
  // A member that the type does not have, nested four hundred thousand lists deep.
  const Type type = ObjectOf({{"a", Type::String()}});
  const std::string bytes = FromHex("81a17a") + std::string(400'000, '\x91') + '\xc0';
  ASSERT_TRUE(DecodeMsgpack(bytes, type).has_value());
  EXPECT_FALSE(DecodeMsgpack(bytes.substr(0, bytes.size() - 1), type).has_value());
}

TEST(MsgpackTest, TooManyItemsAreRefusedBeforeTheyFillTheMemory) {
  const std::string bytes = FromHex("dd000f4240") + std::string(1'000'000, '\xc0');
  const auto value = DecodeMsgpack(bytes, Type::ListOf(Type::String()));
  ASSERT_FALSE(value.has_value());
  EXPECT_NE(value.error().ToLine().find("too many items"), std::string::npos);
}

}  // namespace
}  // namespace dbaas

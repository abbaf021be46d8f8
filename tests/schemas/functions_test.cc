// SPDX-License-Identifier: MPL-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/resource_type.h"
#include "schemas/timestamp.h"

namespace dbaas {
namespace {

using testing::HasSubstr;
using testing::Not;

Value Text(const char* text) { return Value::String(text); }

Result<Value> Call(const char* name, const std::vector<Value>& arguments) {
  const FunctionType* type = AllTypes().FindFunction(name);
  if (type == nullptr) return NotFound(name);
  return type->call(arguments);
}

std::string Fails(const char* name, const std::vector<Value>& arguments) {
  const auto result = Call(name, arguments);
  return result ? result->ToText() : result.error().field + ": " + result.error().ToLine();
}

TEST(FunctionsTest, QuantityReadsThreeDialects) {
  const std::pair<const char*, std::int64_t> amounts[] = {{"17", 17},
                                                          {"8B", 8},
                                                          {"256MB", 268435456},
                                                          {"262144kB", 268435456},
                                                          {"4GiB", 4294967296},
                                                          {"512Mi", 536870912},
                                                          {"1.5G", 1500000000},
                                                          {"1TB", 1099511627776},
                                                          {"0", 0}};
  for (const auto& [text, bytes] : amounts) {
    const auto result = Call("quantity", {Text(text)});
    ASSERT_TRUE(result.has_value()) << text;
    EXPECT_EQ(*result, Value::Int(bytes)) << text;
  }
  for (const char* text :
       {"", "MB", "-1", "1.5B", "1 GB", "1mb", "99999999TB", "1.1.1MB", "0.3kB"}) {
    EXPECT_THAT(Fails("quantity", {Text(text)}), HasSubstr("text: ")) << text;
  }
}

TEST(FunctionsTest, UrisGoBothWays) {
  const auto uri = Call("connection_uri", {Text("db1:15432"), Text("orders"), Text("app"),
                                           Text("p@ss"), Text("application_name=bill ing")});
  ASSERT_TRUE(uri.has_value());
  EXPECT_EQ(uri->as_string(),
            "postgresql://app:p%40ss@db1:15432/orders?application_name=bill%20ing&sslmode=require");
  const auto parts = Call("parse_uri", {*uri});
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->at("password"), Text("p@ss"));
  EXPECT_EQ(parts->at("port"), Value::Int(15432));
  EXPECT_EQ(parts->at("options").at("sslmode"), Text("require"));
  EXPECT_TRUE(Call("parse_uri", {Text("postgresql://db1")})->at("port").is_null());
  EXPECT_EQ(*Call("connection_uri",
                  {Text("db1"), Text("x"), Text("a"), Text(""), Text("sslmode=verify-full")}),
            Text("postgresql://a@db1/x?sslmode=verify-full"));
}

TEST(FunctionsTest, WrongArgumentsAreNamedWithoutTheirSecrets) {
  EXPECT_THAT(Fails("connection_uri", {Text("db1:x"), Text("d"), Text("u"), Text("p")}),
              HasSubstr("endpoint: "));
  EXPECT_THAT(Fails("connection_uri", {Text("db1"), Text("d"), Text("u"), Text("p"), Text("tls")}),
              HasSubstr("options: "));
  const std::string line = Fails("parse_uri", {Text("postgresql://app:secret@db1:x")});
  EXPECT_THAT(line, HasSubstr("uri: is not a connection URI"));
  EXPECT_THAT(line, Not(HasSubstr("secret")));
  EXPECT_THAT(Fails("instance_class", {Text("db.huge")}), HasSubstr("there are db.micro"));
  EXPECT_THAT(Fails("cron_next", {Text("* *"), Text("2026-11-21T10:30:00Z")}),
              HasSubstr("schedule: "));
  EXPECT_THAT(Fails("cron_next", {Text("@daily"), Text("today")}), HasSubstr("after: "));
  EXPECT_THAT(Fails("cron_next", {Text("0 0 30 2 *"), Text("2026-11-21T10:30:00Z")}),
              HasSubstr("schedule: no date ever fits"));
  EXPECT_THAT(Fails("next_window", {Text("sunday"), Text("2026-11-21T10:30:00Z")}),
              HasSubstr("window: "));
}

TEST(FunctionsTest, SizesAndTimes) {
  EXPECT_EQ(Call("instance_class", {Text("db.medium")})->at("memory_bytes"),
            Value::Int(std::int64_t{4} << 30));
  EXPECT_EQ(*Call("cron_next", {Text("0 2 * * *"), Text("2026-11-21T10:30:00+09:00")}),
            Text("2026-11-21T02:00:00Z"));
  const auto window =
      Call("next_window", {Text("sun:03:00-sun:05:00"), Text("2026-11-21T10:30:00Z")});
  EXPECT_EQ(window->at("begin"), Text("2026-11-22T03:00:00Z"));
  EXPECT_EQ(window->at("end"), Text("2026-11-22T05:00:00Z"));
}

TEST(TimestampTest, EveryFormOfTheStandardIsRead) {
  for (const char* text : {"2026-11-21T10:30:00Z", "2026-11-21t10:30:00z", "2026-11-21 10:30:00Z",
                           "2026-11-21T12:00:00+01:30", "2026-11-20T22:30:00.000-12:00"}) {
    const auto time = ParseTimestamp(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(TimestampText(*time), "2026-11-21T10:30:00Z") << text;
  }
  EXPECT_EQ(ToText(*ParseTimestamp("2026-11-21T10:30:00.1239Z")), "2026-11-21T10:30:00.123Z");
  for (const char* text : {"", "2026-11-21", "2026-11-21T10:30Z", "2026-02-29T10:30:00Z",
                           "2026-11-21T24:30:00Z", "2026-11-21T10:30:00", "2026-11-21T10:30:00.Z",
                           "2026-11-21T10:30:00Zx", "2026-11-21T10:30:00+1"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dbaas

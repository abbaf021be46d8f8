// SPDX-License-Identifier: MPL-2.0
#include "schemas/validators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::HasSubstr;
using testing::Not;

/// "ok", or the complaint.
std::string Say(const Validator& validator, const Value& value) {
  return validator.check(value).value_or("ok");
}
std::string Say(const Validator& validator, const std::string& text) {
  return Say(validator, Text(text));
}
Value Num(const std::string& text) { return Value::Num(*Number::FromText(text)); }

TEST(ValidatorsTest, WholeNumber) {
  EXPECT_EQ(Say(WholeNumber(), Num("3")), "ok");
  EXPECT_EQ(Say(WholeNumber(), Num("1.5")), "must be a whole number, not 1.5");
  EXPECT_THAT(Say(WholeNumber(), Num("1e30")), HasSubstr("must be a whole number"));
  EXPECT_EQ(Say(WholeNumber(32), Num("2147483647")), "ok");
  EXPECT_EQ(Say(WholeNumber(32), Num("-2147483648")), "ok");
  EXPECT_EQ(Say(WholeNumber(32), Num("2147483648")), "must fit 32 bits, unlike 2147483648");
  EXPECT_EQ(Say(WholeNumber(32), Num("-2147483649")), "must fit 32 bits, unlike -2147483649");
  EXPECT_EQ(Say(WholeNumber(), Value::ListOf({Num("1"), Num("2")})), "ok");
  EXPECT_EQ(Say(WholeNumber(), Value::ListOf({Num("1"), Value::Null(), Num("2.5")})),
            "must be a whole number, not 2.5");
  EXPECT_EQ(Say(WholeNumber(), Value::Object({{"a", Num("0.5")}})),
            "must be a whole number, not 0.5");
}

TEST(ValidatorsTest, RangeHoldsItsBounds) {
  EXPECT_EQ(Say(Range(1, 9), Num("1")), "ok");
  EXPECT_EQ(Say(Range(1, 9), Num("9")), "ok");
  EXPECT_EQ(Say(Range(1, 9), Num("0")), "must be between 1 and 9, not 0");
  EXPECT_EQ(Say(Range(1, 9), Num("99")), "must be between 1 and 9, not 99");
  EXPECT_EQ(Say(Range(1, 9), Num("9.5")), "must be between 1 and 9, not 9.5");
  EXPECT_EQ(Say(Range(1, 9), Num("-1e30")),
            "must be between 1 and 9, not -1000000000000000000000000000000");
  EXPECT_EQ(Range(1, 9).rule, "between 1 and 9");
}

TEST(ValidatorsTest, PositiveUpTo) {
  EXPECT_EQ(Say(PositiveUpTo(8), Num("0.1")), "ok");
  EXPECT_EQ(Say(PositiveUpTo(8), Num("8")), "ok");
  EXPECT_EQ(Say(PositiveUpTo(8), Num("0")), "must be greater than 0 and at most 8, not 0");
  EXPECT_EQ(Say(PositiveUpTo(8), Num("-2")), "must be greater than 0 and at most 8, not -2");
  EXPECT_EQ(Say(PositiveUpTo(8), Num("1e20")),
            "must be greater than 0 and at most 8, not 100000000000000000000");
}

TEST(ValidatorsTest, OneOf) {
  EXPECT_EQ(Say(OneOf({"a", "b"}), "b"), "ok");
  EXPECT_EQ(Say(OneOf({"a", "b"}), "c"), R"(must be one of "a", "b", not "c")");
  EXPECT_EQ(Say(OneOf({"a"}), "c"), R"(must be "a", not "c")");
  EXPECT_EQ(OneOf({"a", "b"}).rule, "one of `a`, `b`");
  EXPECT_EQ(OneOf({"a"}).rule, "`a`");
}

TEST(ValidatorsTest, NotEmpty) {
  EXPECT_EQ(Say(NotEmpty(), "x"), "ok");
  EXPECT_EQ(Say(NotEmpty(), ""), "must not be empty; leave it out instead");
}

TEST(ValidatorsTest, Dns1123) {
  for (const char* good : {"a", "orders", "orders-2", "a1-b2-c3"}) {
    EXPECT_EQ(Say(Dns1123(8), good), "ok") << good;
  }
  for (const char* bad :
       {"", "Orders", "1orders", "-a", "a-", "a_b", "a.b", "a b", "ä", "ninechars"}) {
    EXPECT_THAT(Say(Dns1123(8), bad), HasSubstr("must be at most 8 lower-case letters")) << bad;
  }
  EXPECT_THAT(Say(Dns1123(40), std::string(80, 'a')), HasSubstr("has 80 characters"));
  EXPECT_EQ(Say(Dns1123(40), std::string(40, 'a')), "ok");
}

TEST(ValidatorsTest, NotReserved) {
  EXPECT_EQ(Say(NotReserved({"etcd"}), "orders"), "ok");
  EXPECT_EQ(Say(NotReserved({"etcd"}), "etcd"),
            R"(must be another name: "etcd" is used by dbaas itself)");
}

TEST(ValidatorsTest, VersionPrefix) {
  for (const char* good : {"17", "17.6", "8.0.36"}) EXPECT_EQ(Say(VersionPrefix(), good), "ok");
  for (const char* bad : {"", "17.", ".17", "17..6", "v17", "17 ", "latest"}) {
    EXPECT_THAT(Say(VersionPrefix(), bad), HasSubstr("must be a version such as")) << bad;
  }
}

TEST(ValidatorsTest, SqlIdentifier) {
  for (const char* good : {"admin", "_x", "app_2", "a"}) {
    EXPECT_EQ(Say(SqlIdentifier(), good), "ok") << good;
  }
  EXPECT_EQ(Say(SqlIdentifier(), std::string(63, 'a')), "ok");
  for (const std::string& bad :
       {std::string(), std::string("Admin"), std::string("2app"), std::string("a-b"),
        std::string("a b"), std::string("a\"b"), std::string(64, 'a')}) {
    EXPECT_THAT(Say(SqlIdentifier(), bad), HasSubstr("must begin with")) << bad;
  }
  EXPECT_THAT(Say(SqlIdentifier(), "pg_admin"), HasSubstr("must not begin with \"pg_\""));
}

TEST(ValidatorsTest, PrintableSecretNeverRepeatsTheSecret) {
  EXPECT_EQ(Say(PrintableSecret(8, 128), "correct horse"), "ok");
  EXPECT_EQ(Say(PrintableSecret(8, 128), std::string(128, '~')), "ok");
  EXPECT_EQ(Say(PrintableSecret(8, 128), "short12"),
            "must be 8 to 128 printable ASCII characters; it has 7");
  EXPECT_THAT(Say(PrintableSecret(8, 128), std::string(129, 'x')), HasSubstr("it has 129"));
  for (const char* bad : {"tab\tinside", "new\nline1", "pässword1"}) {
    EXPECT_THAT(Say(PrintableSecret(8, 128), bad), HasSubstr("it has others in it"));
    EXPECT_THAT(Say(PrintableSecret(8, 128), bad), Not(HasSubstr(bad)));
  }
}

TEST(ValidatorsTest, HttpUrlNeverRepeatsTheUrl) {
  for (const char* good : {"http://10.0.0.1:8080", "https://example.com/hook?token=7",
                           "http://[fe80::1]/", "https://user:word@example.com/"}) {
    EXPECT_EQ(Say(HttpUrl(), good), "ok") << good;
  }
  EXPECT_EQ(Say(HttpUrl(), "token-7"), "must begin with http:// or https://");
  EXPECT_EQ(Say(HttpUrl(), "ftp://token-7"), "must begin with http:// or https://");
  EXPECT_EQ(Say(HttpUrl(), "http:///token-7"), "must name a host after its ://");
  EXPECT_EQ(Say(HttpUrl(), "https://"), "must name a host after its ://");
  EXPECT_THAT(Say(HttpUrl(), "http://a/\ntoken-7"), Not(HasSubstr("token-7")));
  EXPECT_THAT(Say(HttpUrl(), "http://a/" + std::string(2048, 'x')), HasSubstr("at most 2048"));
}

TEST(ValidatorsTest, MemoryTakesAmounts) {
  EXPECT_EQ(*ParseMemory("512MiB"), 512 << 20);
  EXPECT_EQ(*ParseMemory("4GiB"), std::int64_t{4} << 30);
  EXPECT_EQ(*ParseMemory("1.5GiB"), std::int64_t{3} << 29);
  EXPECT_EQ(*ParseMemory("1TiB"), std::int64_t{1} << 40);
  EXPECT_EQ(*ParseMemory("2KiB"), 2048);
  EXPECT_EQ(*ParseMemory("123B"), 123);
  EXPECT_EQ(Say(Memory(), "4GiB"), "ok");
}

TEST(ValidatorsTest, MemoryRefusesEverythingElse) {
  for (const char* bad : {"", "-1GiB", "0MiB", "GiB", "4", "4 GiB", "4GB", "4gib", "1.2.3GiB",
                          "1e3MiB", "99999999TiB", "0.1B"}) {
    EXPECT_FALSE(ParseMemory(bad).has_value()) << bad;
    EXPECT_EQ(Say(Memory(), bad),
              "must be an amount of memory such as \"512MiB\" or \"4GiB\", not \"" +
                  std::string(bad) + "\"");
  }
}

TEST(ValidatorsTest, MemoryTextNeedsNoFractionAndReadsBack) {
  EXPECT_EQ(MemoryText(std::int64_t{4} << 30), "4GiB");
  EXPECT_EQ(MemoryText(std::int64_t{3} << 29), "1536MiB");
  EXPECT_EQ(MemoryText(1025), "1025B");
  for (const std::int64_t bytes :
       {std::int64_t{1}, std::int64_t{1} << 40, std::int64_t{12345678}}) {
    EXPECT_EQ(*ParseMemory(MemoryText(bytes)), bytes);
  }
}

TEST(ValidatorsTest, RepositoryName) {
  EXPECT_EQ(Say(RepositoryName(), "orders-k3J4h5G6"), "ok");
  for (const char* bad : {"", "orders]\n", "local/orders"}) {
    EXPECT_THAT(Say(RepositoryName(), bad), HasSubstr("must be letters, digits and hyphens"))
        << bad;
  }
}

TEST(ValidatorsTest, ClusterIdText) {
  EXPECT_EQ(Say(ClusterIdText(), "local/orders"), "ok");
  for (const char* bad : {"", "orders", "/orders", "local/", "local/orders/reports"}) {
    EXPECT_THAT(Say(ClusterIdText(), bad), HasSubstr("must be the id of a cluster")) << bad;
  }
}

}  // namespace
}  // namespace dbaas

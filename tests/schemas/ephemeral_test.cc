// SPDX-License-Identifier: MPL-2.0
//
// What ephemeral resources ask for, and what they hand out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "schemas/checks.h"
#include "schemas/resource_type.h"
#include "tests/fakes/seeded_random.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

const EphemeralType& Credentials() {
  return *AllTypes().FindEphemeralResource("dbaas_credentials");
}
const EphemeralType& Password() { return *AllTypes().FindEphemeralResource("dbaas_password"); }

/// "field: summary" of each.
std::vector<std::string> Errors(const EphemeralType& type, const Value::Map& config) {
  const Value whole = Whole(type.schema, config);
  std::vector<std::string> lines;
  for (const auto& found : CheckValues(type.schema, whole)) {
    lines.push_back(ToText(found.path) + ": " + found.detail);
  }
  for (const Error& error : type.check(whole)) lines.push_back(error.field + ": " + error.summary);
  return lines;
}

TEST(CredentialsEphemeralTest, AreHandedOutAndSensitive) {
  const Value config = Whole(Credentials().schema, {{"cluster_id", Text("local/orders")}});
  EXPECT_EQ(Credentials().query(config)->cluster, "local/orders");
  SeededRandom random;
  const Secret<std::string> password("hush"), uri("pg://w"), reader_uri("pg://r");
  const auto result = Credentials().to_result(
      config,
      {.random = random,
       .credentials = {
           .username = "admin", .password = password, .uri = uri, .reader_uri = reader_uri}});
  EXPECT_EQ(*result, Whole(Credentials().schema, {{"cluster_id", Text("local/orders")},
                                                  {"access", Text("admin")},
                                                  {"username", Text("admin")},
                                                  {"password", Text("hush")},
                                                  {"uri", Text("pg://w")},
                                                  {"reader_uri", Text("pg://r")}}));
  for (const char* secret : {"password", "uri", "reader_uri"}) {
    EXPECT_TRUE(Credentials().schema.Find(secret)->sensitive) << secret;
  }
}

TEST(CredentialsEphemeralTest, ARoleOfItsOwnHasAnAccessAndAnEnd) {
  const auto login = [](const Value::Map& more) {
    Value::Map config = {{"cluster_id", Text("orders")}};
    config.insert(more.begin(), more.end());
    EXPECT_THAT(Errors(Credentials(), config), IsEmpty());
    return Credentials().query(Whole(Credentials().schema, config))->login;
  };
  EXPECT_FALSE(login({}).has_value());
  EXPECT_FALSE(login({{"access", Text("admin")}}).has_value());
  EXPECT_EQ(login({{"access", Text("read_only")}})->access, Login::Access::kReadOnly);
  EXPECT_EQ(login({{"access", Text("read_only")}})->ttl, Milliseconds(3'600'000));
  const auto brief = login({{"access", Text("read_write")}, {"ttl", Text("1m30s")}});
  EXPECT_EQ(brief->access, Login::Access::kReadWrite);
  EXPECT_EQ(brief->ttl, Milliseconds(90'000));
}

TEST(CredentialsEphemeralTest, ATtlThatCannotBeIsToldOnItsAttribute) {
  const auto errors = [](const char* access, const char* ttl) {
    return Errors(Credentials(),
                  {{"cluster_id", Text("orders")}, {"access", Text(access)}, {"ttl", Text(ttl)}});
  };
  EXPECT_THAT(errors("admin", "5m"),
              ElementsAre("ttl: the administrator's credentials have no ttl"));
  for (const char* ttl : {"59s", "25h", "soon", ""}) {
    EXPECT_THAT(errors("read_only", ttl),
                ElementsAre("ttl: ttl must be a duration between 1m and 24h, not \"" +
                            std::string(ttl) + "\""));
  }
  EXPECT_THAT(errors("root", "5m"),
              testing::Contains(testing::HasSubstr("access: access must be one of")));
}

class PasswordTest : public testing::Test {
 protected:
  std::string Make(const Value::Map& config) {
    EXPECT_THAT(Errors(Password(), config), IsEmpty());
    const auto result = Password().to_result(Whole(Password().schema, config), {.random = random_});
    return result->at("result").as_string();
  }

  SeededRandom random_;
};

TEST_F(PasswordTest, AsksNoHostAndIsAnotherOneEachTime) {
  EXPECT_EQ(Password().query(Whole(Password().schema, {}))->cluster, "");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(Make({}));
  EXPECT_EQ(seen.size(), 1000u);
  for (const auto& password : seen) EXPECT_EQ(password.size(), 32u);
  EXPECT_TRUE(Password().schema.Find("result")->sensitive);
}

TEST_F(PasswordTest, DefaultsAreHandedBackAsTheSchemaSays) {
  const auto result = Password().to_result(Whole(Password().schema, {}), {.random = random_});
  for (const auto& attribute : Password().schema.attributes) {
    if (!attribute.default_value) continue;
    EXPECT_EQ(result->at(attribute.name), *attribute.default_value) << attribute.name;
  }
  EXPECT_TRUE(result->at("override_special").is_null());
}

TEST_F(PasswordTest, OnlyWhatIsWantedIsInItAndAllThatIsAskedFor) {
  const Value no = Value::Bool(false);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(Make({{"special", no}, {"upper", no}}), MatchesRegex("[a-z0-9]+"));
    EXPECT_THAT(Make({{"override_special", Text("_-")}}), MatchesRegex("[-_a-zA-Z0-9]+"));
    const std::string digits = Make({{"length", Value::Int(10)}, {"min_numeric", Value::Int(9)}});
    EXPECT_GE(std::count_if(digits.begin(), digits.end(), ::isdigit), 9) << digits;
    EXPECT_EQ(digits.size(), 10u);
  }
}

TEST_F(PasswordTest, EveryCharacterStandsEverywhere) {
  std::vector<std::set<char>> seen(8);
  const Value no = Value::Bool(false);
  for (int i = 0; i < 2000; ++i) {
    // One digit is asked for: wherever it stands, it must not be known.
    const std::string password = Make({{"length", Value::Int(8)},
                                       {"min_numeric", Value::Int(1)},
                                       {"upper", no},
                                       {"special", no}});
    for (std::size_t at = 0; at < seen.size(); ++at) seen[at].insert(password[at]);
  }
  for (const auto& characters : seen) EXPECT_EQ(characters.size(), 36u);
}

TEST_F(PasswordTest, WhatCannotBeMadeIsToldOnItsAttribute) {
  const Value no = Value::Bool(false);
  EXPECT_THAT(Errors(Password(), {{"length", Value::Int(7)}}),
              ElementsAre("length: length must be between 8 and 128, not 7."));
  EXPECT_THAT(Errors(Password(), {{"length", Value::Int(8)},
                                  {"min_upper", Value::Int(5)},
                                  {"min_special", Value::Int(4)}}),
              ElementsAre("length: length is 8, and the characters asked for are 9"));
  EXPECT_THAT(Errors(Password(), {{"special", no}, {"min_special", Value::Int(1)}}),
              ElementsAre("min_special: min_special is 1, and special is false"));
  EXPECT_THAT(Errors(Password(), {{"lower", no}, {"upper", no}, {"numeric", no}, {"special", no}}),
              ElementsAre("length: there are no characters to make a password of"));
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
// Clock, hashes, JSON and randomness: the small parts whose output others store or compare.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <thread>

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/random.h"

namespace dbaas {
namespace {

TEST(ClockTest, TextIsRfc3339AndReadsBack) {
  const TimePoint time(Milliseconds(1'795'232'520'042));
  EXPECT_EQ(ToText(time), "2026-11-21T03:42:00.042Z");
  EXPECT_EQ(ToTimePoint("2026-11-21T03:42:00.042Z"), time);
  EXPECT_EQ(ToText(TimePoint()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(ToTimePoint("yesterday"), TimePoint());
}

TEST(ClockTest, StopEndsASleep) {
  SystemClock clock;
  std::stop_source stop;
  EXPECT_TRUE(clock.SleepFor(Milliseconds(1), stop.get_token()));
  const auto begin = std::chrono::steady_clock::now();
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(clock.SleepFor(Milliseconds(60'000), stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

TEST(HashTest, KnownAnswers) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231, test case 2.
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // RFC 7914, section 11 (first 32 bytes).
  EXPECT_EQ(Hex(Pbkdf2Sha256("passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
}

TEST(JsonTest, ErrorsAreResultsAndKeysAreSorted) {
  const auto json = ParseJson(R"({"b": 1, "a": "x", "c": true, "d": 1.5})", "the test");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(Dump(*json), R"({"a":"x","b":1,"c":true,"d":1.5})");
  const auto broken = ParseJson("{", "the answer");
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().summary, "the answer is not valid JSON");
}

TEST(JsonTest, NumberThatNoIntegerHoldsIsNone) {
  const Json json = {{"whole", 3.0}, {"huge", 8.9e115}, {"huge_negative", -8.9e115}};
  EXPECT_EQ(GetInt(json, "whole"), 3);
  EXPECT_EQ(GetInt(json, "huge", 7), 7);
  EXPECT_EQ(GetInt(json, "huge_negative", 7), 7);
}

TEST(JsonTest, ReadersAreLenient) {
  const Json json = {{"text", "x"}, {"number", 7}, {"real", 1.5}, {"flag", true}};
  EXPECT_EQ(GetString(json, "text"), "x");
  EXPECT_EQ(GetString(json, "number", "none"), "none");
  EXPECT_EQ(GetInt(json, "number"), 7);
  EXPECT_EQ(GetInt(json, "text", -1), -1);
  EXPECT_DOUBLE_EQ(GetDouble(json, "real"), 1.5);
  EXPECT_TRUE(GetBool(json, "flag"));
  EXPECT_TRUE(GetMember(json, "missing").is_null());
  EXPECT_TRUE(GetMember(Json(3), "missing").is_null());
}

TEST(JsonTest, BytesThatAreNotUtf8DoNotThrow) {
  EXPECT_EQ(Dump(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

/// Visits every pattern of the low bits in turn.
class CountingRandom final : public Random {
 public:
  std::uint64_t Next() override { return next_++; }

 private:
  std::uint64_t next_ = 0;
};

TEST(RandomTest, TokensUseTheWholeAlphabetAndNothingElse) {
  CountingRandom random;
  const std::string token = random.Token(62);
  EXPECT_EQ(std::set<char>(token.begin(), token.end()).size(), 62u);
  for (const char c : token) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c))) << c;
  EXPECT_EQ(random.Token(62), token) << "the two values past the alphabet are skipped";
}

TEST(RandomTest, FractionsStayBelowOne) {
  struct Highest final : Random {
    std::uint64_t Next() override { return std::numeric_limits<std::uint64_t>::max(); }
  } highest;
  EXPECT_LT(highest.Fraction(), 1.0);
  EXPECT_GT(highest.Fraction(), 0.999);
}

TEST(RandomTest, SystemTokensDiffer) {
  SystemRandom random;
  EXPECT_NE(random.Token(20), random.Token(20));
}

}  // namespace
}  // namespace dbaas

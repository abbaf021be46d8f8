// SPDX-License-Identifier: MPL-2.0
#include "engine/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "engine/base/secret.h"

namespace dbaas {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Invalid("number", "the number is odd", "halves are for even ones");
  return number / 2;
}

Result<int> Quarter(int number) {
  const int half = TRY_IN(Half(number), "halving");
  return TRY_IN(Half(half), "halving the half");
}

Result<void> CheckHalf(int number) {
  TRY(Half(number));
  return Ok();
}

TEST(ResultTest, ValueComesThrough) {
  const auto quarter = Quarter(12);
  ASSERT_TRUE(quarter.has_value());
  EXPECT_EQ(*quarter, 3);
  EXPECT_TRUE(CheckHalf(2).has_value());
}

TEST(ResultTest, TryReturnsTheErrorWithWhatWasBeingDone) {
  const auto quarter = Quarter(6);
  ASSERT_FALSE(quarter.has_value());
  EXPECT_EQ(quarter.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(quarter.error().field, "number");
  EXPECT_EQ(quarter.error().ToLine(),
            "halving the half: the number is odd: halves are for even ones");
  EXPECT_FALSE(CheckHalf(1).has_value());
}

TEST(ResultTest, ContextReadsFromOutsideIn) {
  const Error error = NotFound("no such volume").In("creating member orders-1").In("applying");
  EXPECT_EQ(error.ToLine(), "applying: creating member orders-1: no such volume");
}

TEST(ResultTest, EveryKindHasItsConstructor) {
  EXPECT_EQ(NotFound("a").kind, ErrorKind::kNotFound);
  EXPECT_EQ(Conflict("a").kind, ErrorKind::kConflict);
  EXPECT_EQ(Unavailable("a").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(Timeout("a").kind, ErrorKind::kTimeout);
  EXPECT_EQ(Denied("a").kind, ErrorKind::kDenied);
  EXPECT_EQ(Cancelled("a").kind, ErrorKind::kCancelled);
  EXPECT_EQ(Internal("a").kind, ErrorKind::kInternal);
  EXPECT_STREQ(ToString(ErrorKind::kNotFound), "not found");
}

TEST(ResultTest, MoveOnlyValuesAreMovedOut) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto take = [&]() -> Result<int> {
    const std::unique_ptr<int> pointer = TRY(make());
    return *pointer;
  };
  EXPECT_EQ(*take(), 7);
}

TEST(SecretTest, PrintsNothingOfItself) {
  const Secret<std::string> password("hunter2");
  EXPECT_EQ(fmt::format("{}", password), "(sensitive)");
  std::ostringstream out;
  out << password;
  EXPECT_EQ(out.str(), "(sensitive)");
  EXPECT_EQ(password.Reveal(), "hunter2");
}

}  // namespace
}  // namespace dbaas

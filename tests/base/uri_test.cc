// SPDX-License-Identifier: MPL-2.0
#include "engine/base/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

TEST(UriTest, IsTakenApartAndPutTogether) {
  const auto uri =
      ParseUri("postgresql://app:p%40ss%2F@db1:15432/or%20ders?sslmode=require&x=a%26b");
  ASSERT_TRUE(uri.has_value()) << uri.error().ToLine();
  EXPECT_EQ(uri->scheme, "postgresql");
  EXPECT_EQ(uri->username, "app");
  EXPECT_EQ(uri->password, "p@ss/");
  EXPECT_EQ(uri->host, "db1");
  EXPECT_EQ(uri->port, 15432);
  EXPECT_EQ(uri->path, "or ders");
  EXPECT_THAT(uri->options, ElementsAre(Pair("sslmode", "require"), Pair("x", "a&b")));
  EXPECT_EQ(uri->ToText(),
            "postgresql://app:p%40ss%2F@db1:15432/or%20ders?sslmode=require&x=a%26b");
}

TEST(UriTest, WhatIsMissingStaysEmpty) {
  for (const char* text : {"postgresql://db1", "postgres://db1:5432", "postgresql://[::1]:5432/x",
                           "postgresql://db1/?a=b", "postgresql://app@db1/x"}) {
    const auto uri = ParseUri(text);
    ASSERT_TRUE(uri.has_value()) << text << ": " << uri.error().ToLine();
    EXPECT_EQ(uri->ToText(), text);
  }
  EXPECT_EQ(ParseUri("postgresql://[::1]:5432")->host, "::1");
}

TEST(UriTest, WhatIsNoUriIsSaidWithoutItsPassword) {
  for (const char* text :
       {"", "db1", "://db1", "1a://db1", "postgresql://", "postgresql://app:secret@",
        "postgresql://app:secret@db1:port", "postgresql://app:secret@db1:0",
        "postgresql://app:secret@db1:65536", "postgresql://app:secret%4@db1",
        "postgresql://app:secret%zz@db1", "postgresql://app:secret@[::1", "postgresql://[::1]x",
        "postgresql://app:secret@db1?=x"}) {
    const auto uri = ParseUri(text);
    ASSERT_FALSE(uri.has_value()) << text;
    EXPECT_EQ(uri.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(uri.error().ToLine(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/stream.h"

#include <gtest/gtest.h>

namespace dbaas::docker {
namespace {

std::string Frame(char stream, const std::string& data) {
  std::string frame(8, '\0');
  frame[0] = stream;
  for (int byte = 0; byte < 4; ++byte) {
    frame[4 + byte] = static_cast<char>(data.size() >> (24 - 8 * byte) & 0xff);
  }
  return frame + data;
}

TEST(StreamTest, OutputAndErrorsAreTakenApart) {
  StreamReader reader;
  reader.Take(Frame(1, "one ") + Frame(2, "oops ") + Frame(1, "two") + Frame(2, ""));
  EXPECT_EQ(reader.output(), "one two");
  EXPECT_EQ(reader.errors(), "oops ");
  EXPECT_TRUE(reader.complete());
}

TEST(StreamTest, TheStreamMayBeCutAnywhere) {
  const std::string stream = Frame(1, std::string(300, 'a')) + Frame(2, "b") + Frame(1, "c");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    StreamReader reader;
    reader.Take(stream.substr(0, cut));
    EXPECT_EQ(reader.complete(), cut == 0 || cut == 308 || cut == 317 || cut == stream.size());
    reader.Take(stream.substr(cut));
    EXPECT_EQ(reader.output(), std::string(300, 'a') + "c");
    EXPECT_EQ(reader.errors(), "b");
  }
}

TEST(StreamTest, TogetherKeepsTheOrder) {
  StreamReader reader(StreamReader::Keep::kTogether);
  reader.Take(Frame(1, "one ") + Frame(2, "two ") + Frame(1, "three"));
  EXPECT_EQ(reader.output(), "one two three");
  EXPECT_EQ(reader.errors(), "");
}

TEST(StreamTest, WhatIsBeyondTheLimitIsDropped) {
  StreamReader reader(StreamReader::Keep::kApart, 10);
  for (int frame = 0; frame < 100; ++frame) reader.Take(Frame(1, "1234567"));
  EXPECT_EQ(reader.output(), "1234567123");
  EXPECT_TRUE(reader.complete());
}

}  // namespace
}  // namespace dbaas::docker

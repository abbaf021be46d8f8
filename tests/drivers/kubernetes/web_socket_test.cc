// SPDX-License-Identifier: MPL-2.0
// Frames: whole, cut anywhere, in fragments, and such as nobody may send.
#include "engine/drivers/kubernetes/web_socket.h"

#include <gmock/gmock.h>

#include "tests/fakes/seeded_random.h"

namespace dbaas::kubernetes {
namespace {

using Kind = WebSocketMessage::Kind;
using testing::HasSubstr;

/// A frame as a server sends it: not masked, of fewer than 126 bytes.
std::string ServerFrame(int first_byte, const std::string& payload) {
  return std::string{static_cast<char>(first_byte), static_cast<char>(payload.size())} + payload;
}

/// What the other side would read of a frame of ours.
std::string Unmasked(const std::string& frame, std::size_t head) {
  std::string payload;
  for (std::size_t at = 0; at + head + 4 < frame.size(); ++at) {
    payload += static_cast<char>(frame[head + 4 + at] ^ frame[head + at % 4]);
  }
  return payload;
}

TEST(WebSocketTest, TheAnswerToTheKeyIsThatOfTheRfc) {
  // RFC 6455, 1.3.
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketTest, OurFramesAreMaskedAndSayTheirLength) {
  SeededRandom random;
  const std::string small = WebSocketFrame(Kind::kBinary, "hello", random);
  EXPECT_EQ(small.substr(0, 2), "\x82\x85");
  EXPECT_EQ(Unmasked(small, 2), "hello");
  EXPECT_EQ(small.find("hello"), std::string::npos);

  const std::string middle = WebSocketFrame(Kind::kText, std::string(126, 'x'), random);
  EXPECT_EQ(middle.substr(0, 4), std::string("\x81\xfe\x00\x7e", 4));
  EXPECT_EQ(Unmasked(middle, 4), std::string(126, 'x'));

  const std::string large = WebSocketFrame(Kind::kBinary, std::string(65536, 'y'), random);
  EXPECT_EQ(large.substr(0, 10), std::string("\x82\xff\0\0\0\0\0\x01\0\0", 10));
  EXPECT_EQ(Unmasked(large, 10), std::string(65536, 'y'));
}

TEST(WebSocketTest, MessagesComeWholeHoweverTheBytesAreCut) {
  const std::string long_text(300, 'l');
  const std::string bytes = ServerFrame(0x82, "one") + std::string("\x82\x7e\x01\x2c", 4) +
                            long_text + std::string("\x82\x7f\0\0\0\0\0\0\0\x03two", 13);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    WebSocketReader reader;
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      const auto messages = reader.Take(std::string_view(bytes).substr(at, size));
      ASSERT_TRUE(messages.has_value()) << messages.error().ToLine();
      for (const WebSocketMessage& message : *messages) payloads.push_back(message.payload);
    }
    ASSERT_THAT(payloads, testing::ElementsAre("one", long_text, "two")) << "cut at " << size;
  }
}

TEST(WebSocketTest, APingMayComeBetweenFragments) {
  WebSocketReader reader;
  const auto messages = reader.Take(ServerFrame(0x02, "ab") + ServerFrame(0x89, "still there?") +
                                    ServerFrame(0x00, "cd") + ServerFrame(0x80, "ef"));
  ASSERT_TRUE(messages.has_value());
  ASSERT_EQ(messages->size(), 2u);
  EXPECT_EQ((*messages)[0].kind, Kind::kPing);
  EXPECT_EQ((*messages)[0].payload, "still there?");
  EXPECT_EQ((*messages)[1].kind, Kind::kBinary);
  EXPECT_EQ((*messages)[1].payload, "abcdef");
}

TEST(WebSocketTest, WhatNobodyMaySendEndsIt) {
  const std::map<std::string, std::string> frames = {
      {ServerFrame(0xc2, "x"), "extension"},
      {std::string("\x82\x81"
                   "abcdx",
                   7),
       "mask"},
      {ServerFrame(0x83, "x"), "kind"},
      {ServerFrame(0x80, "x"), "out of order"},
      {ServerFrame(0x02, "x") + ServerFrame(0x82, "y"), "out of order"},
      {ServerFrame(0x09, "x"), "too long"},
      {std::string("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10), "too long"}};
  for (const auto& [bytes, why] : frames) {
    const auto messages = WebSocketReader().Take(bytes);
    ASSERT_FALSE(messages.has_value()) << why;
    EXPECT_EQ(messages.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(messages.error().summary, HasSubstr(why));
  }
}

TEST(WebSocketTest, FragmentsTogetherHaveALimit) {
  WebSocketReader reader(10);
  EXPECT_TRUE(reader.Take(ServerFrame(0x02, "123456")).has_value());
  EXPECT_FALSE(reader.Take(ServerFrame(0x80, "123456")).has_value());
}

}  // namespace
}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
//
// Frames of the WebSocket protocol, the client's side: bytes in, messages out, and the other way
// round. Called by exec.cc. Pure; one reader per connection, one thread.
//
//   WebSocketReader reader;
//   for (const WebSocketMessage& message : TRY(reader.Take(bytes))) ...  // cut anywhere
//   send(WebSocketFrame(WebSocketMessage::Kind::kBinary, payload, random));
//
// Errors: kUnavailable for bytes that are no such frames; the connection is of no more use then.
// Source: RFC 6455, 5.2 (frames), 5.4 (fragments), 5.5 (control frames), 4.2.2 (the key).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/result.h"

namespace dbaas::kubernetes {

struct WebSocketMessage {
  /// The numbers are those on the wire.
  enum class Kind { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };
  Kind kind = Kind::kBinary;
  std::string payload;
};

class WebSocketReader {
 public:
  /// `limit`: bytes of a message, fragments together.
  explicit WebSocketReader(std::size_t limit = 16 << 20) : limit_(limit) {}

  /// The messages that `bytes` complete. Control messages may come between fragments of another.
  Result<std::vector<WebSocketMessage>> Take(std::string_view bytes);

 private:
  const std::size_t limit_;
  std::string unread_;        ///< Less than a frame.
  bool in_message_ = false;   ///< A fragment came and more are to come.
  WebSocketMessage message_;  ///< The fragments so far.
};

/// One whole frame, masked with random bytes as a client must.
std::string WebSocketFrame(WebSocketMessage::Kind kind, std::string_view payload, Random& random);

/// What the server must answer to the key that we sent.
std::string WebSocketAccept(const std::string& key);

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/web_socket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "engine/base/hash.h"

namespace dbaas::kubernetes {
namespace {

using Kind = WebSocketMessage::Kind;

constexpr unsigned kFinal = 0x80;
constexpr unsigned kReserved = 0x70;
constexpr unsigned kControl = 0x08;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kContinuation = 0;
constexpr std::size_t kLongestControl = 125;
// Instead of a length: it follows, in two bytes or in eight.
constexpr std::size_t kTwoByteLength = 126;
constexpr std::size_t kEightByteLength = 127;

Error Garbled(const std::string& why) {
  return Unavailable("Kubernetes sent a WebSocket frame that makes no sense: " + why);
}

unsigned ByteAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

void AppendBigEndian(std::string& text, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(number >> shift & 0xff);
  }
}

bool IsKnown(unsigned opcode) {
  switch (static_cast<Kind>(opcode)) {
    case Kind::kText:
    case Kind::kBinary:
    case Kind::kClose:
    case Kind::kPing:
    case Kind::kPong: return true;
  }
  return opcode == kContinuation;
}

}  // namespace

Result<std::vector<WebSocketMessage>> WebSocketReader::Take(std::string_view bytes) {
  unread_ += bytes;
  std::vector<WebSocketMessage> messages;
  std::string_view left = unread_;
  while (left.size() >= 2) {
    const unsigned first = ByteAt(left, 0);
    const unsigned second = ByteAt(left, 1);
    const unsigned opcode = first & 0x0f;
    const bool is_final = (first & kFinal) != 0;
    const bool is_control = (opcode & kControl) != 0;
    if ((first & kReserved) != 0) return Garbled("of an extension that nobody asked for");
    if ((second & kMasked) != 0) return Garbled("a server must not mask");
    if (!IsKnown(opcode)) return Garbled("its kind is not known");
    std::size_t head = 2;
    std::uint64_t length = second & ~kMasked;
    if (is_control && (!is_final || length > kLongestControl)) return Garbled("it is too long");
    if (length >= kTwoByteLength) {
      const std::size_t width = length == kEightByteLength ? 8 : 2;
      head += width;
      if (left.size() < head) break;
      length = 0;
      for (std::size_t at = 2; at < head; ++at) length = length << 8 | ByteAt(left, at);
    }
    const std::size_t kept = is_control ? 0 : message_.payload.size();
    if (length > limit_ || kept + length > limit_) return Garbled("it is too long");
    if (left.size() - head < length) break;
    const std::string_view payload = left.substr(head, length);
    left.remove_prefix(head + length);
    if (is_control) {
      messages.push_back({static_cast<Kind>(opcode), std::string(payload)});
      continue;
    }
    if (in_message_ != (opcode == kContinuation)) return Garbled("fragments are out of order");
    if (opcode != kContinuation) message_.kind = static_cast<Kind>(opcode);
    message_.payload += payload;
    in_message_ = !is_final;
    if (is_final) messages.push_back(std::exchange(message_, {}));
  }
  unread_.erase(0, unread_.size() - left.size());
  return messages;
}

std::string WebSocketFrame(Kind kind, std::string_view payload, Random& random) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(kFinal | static_cast<unsigned>(kind));
  if (payload.size() <= kLongestControl) {
    frame += static_cast<char>(kMasked | payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(kMasked | kTwoByteLength);
    AppendBigEndian(frame, payload.size(), 2);
  } else {
    frame += static_cast<char>(kMasked | kEightByteLength);
    AppendBigEndian(frame, payload.size(), 8);
  }
  std::string mask;
  AppendBigEndian(mask, random.Next() & 0xffffffff, 4);
  frame += mask;
  for (std::size_t at = 0; at < payload.size(); ++at) {
    frame += static_cast<char>(payload[at] ^ mask[at % mask.size()]);
  }
  return frame;
}

std::string WebSocketAccept(const std::string& key) {
  // The RFC's own constant: a server that knows it speaks WebSocket, and not something else.
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr);
  return Base64({reinterpret_cast<const char*>(digest), length});
}

}  // namespace dbaas::kubernetes

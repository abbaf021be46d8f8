// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/exec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "engine/drivers/kubernetes/answer.h"
#include "engine/drivers/kubernetes/web_socket.h"

namespace dbaas::kubernetes {
namespace {

using Kind = WebSocketMessage::Kind;

enum Channel : char { kInput = 0, kOutput = 1, kErrors = 2, kEnd = 3 };
constexpr char kCloseChannel = '\xff';

// Bytes of input in a frame: servers read 32 KiB at a time.
constexpr std::size_t kInputPart = 32 * 1024;
// What comes after is dropped, so that a command that never stops talking cannot fill our memory.
constexpr std::size_t kMaxOutput = 64 << 20;
// A backup says nothing for an hour. Our pings are answered all the same, so silence is a dead
// connection and not a busy command; and whatever is in between sees traffic.
constexpr Milliseconds kPingEvery = std::chrono::seconds(30);
constexpr Milliseconds kIdle = std::chrono::minutes(10);

/// One conversation, from the first byte of input to the word on the end.
class Conversation {
 public:
  Conversation(Connection& connection, std::string_view input, const std::string& what,
               Random& random)
      : connection_(connection), input_(input), what_(what), random_(random) {
    has_input_ = !input.empty();
  }

  Result<ExecResult> Run();

 private:
  void Queue(Kind kind, std::string_view payload) {
    unsent_.push_back(WebSocketFrame(kind, payload, random_));
  }
  void QueueInput();
  /// Whether anything was sent.
  bool SendSome();
  Result<void> Take(const WebSocketMessage& message);

  Connection& connection_;
  std::string_view input_;
  const std::string& what_;
  Random& random_;
  bool has_input_ = false;
  std::deque<std::string> unsent_;  ///< Whole frames; of the first one, what is after sent_.
  std::size_t sent_ = 0;
  bool can_send_ = true;
  WebSocketReader reader_;
  ExecResult result_;
  std::string end_;
  bool has_closed_ = false;
};

void Conversation::QueueInput() {
  if (!has_input_ || !unsent_.empty()) return;
  const std::string_view part = input_.substr(0, kInputPart);
  input_.remove_prefix(part.size());
  if (part.empty()) {
    // Half closed: the command sees the end of its input, and we its output.
    Queue(Kind::kBinary, std::string{kCloseChannel, kInput});
    has_input_ = false;
    return;
  }
  std::string payload(1, kInput);
  payload += part;
  Queue(Kind::kBinary, payload);
}

bool Conversation::SendSome() {
  if (!can_send_) return false;
  QueueInput();
  if (unsent_.empty()) return false;
  std::size_t sent = 0;
  switch (connection_.Send(std::string_view(unsent_.front()).substr(sent_), sent)) {
    case Connection::Outcome::kWouldBlock: return false;
    case Connection::Outcome::kEnded:
      // The command may have ended without reading on; its output and its end still count.
      can_send_ = false;
      return false;
    case Connection::Outcome::kMoved: break;
  }
  sent_ += sent;
  if (sent_ == unsent_.front().size()) {
    unsent_.pop_front();
    sent_ = 0;
  }
  return sent > 0;
}

Result<void> Conversation::Take(const WebSocketMessage& message) {
  switch (message.kind) {
    case Kind::kPing: Queue(Kind::kPong, message.payload); return Ok();
    case Kind::kPong: return Ok();
    case Kind::kClose:
      has_closed_ = true;
      // Answered with its own code; nobody waits for us after that.
      Queue(Kind::kClose, std::string_view(message.payload).substr(0, 2));
      return Ok();
    case Kind::kText:
    case Kind::kBinary: break;
  }
  if (message.payload.empty()) return Ok();
  const std::string_view data = std::string_view(message.payload).substr(1);
  const auto append = [data](std::string& text) {
    text += data.substr(0, kMaxOutput - std::min(kMaxOutput, text.size()));
  };
  switch (message.payload[0]) {
    case kOutput: append(result_.output); break;
    case kErrors: append(result_.errors); break;
    case kEnd: append(end_); break;
    default: break;  // That a channel was closed says nothing that its end does not.
  }
  return Ok();
}

Result<ExecResult> Conversation::Run() {
  auto last_received = std::chrono::steady_clock::now();
  auto last_ping = last_received;
  bool is_open = true;
  while (is_open && !has_closed_) {
    // Both directions at once: a command may answer before it has read all its input, and would
    // wait for ever on a full pipe if nobody listened.
    const bool has_sent = SendSome();
    std::string received;
    switch (connection_.Receive(received)) {
      case Connection::Outcome::kMoved: {
        last_received = std::chrono::steady_clock::now();
        for (const WebSocketMessage& message : TRY(reader_.Take(received))) TRY(Take(message));
        continue;
      }
      case Connection::Outcome::kEnded: is_open = false; continue;
      case Connection::Outcome::kWouldBlock: break;
    }
    if (has_sent) continue;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_received > kIdle) {
      return Timeout(fmt::format("nothing was heard of {} for ten minutes", what_));
    }
    if (now - last_ping > kPingEvery) {
      last_ping = now;
      if (unsent_.size() < 4) Queue(Kind::kPing, "");
    }
    const bool to_send = can_send_ && (!unsent_.empty() || has_input_);
    connection_.Wait(to_send, kPingEvery);
  }
  SendSome();  // Our half of the closing, if it fits; the connection is ended in any case.
  if (end_.empty()) {
    return Unavailable(fmt::format("{} ended without an exit code", what_),
                       "The instance was probably stopped meanwhile.");
  }
  const Json status = TRY(ParseJson(end_, "the status of a command"));
  result_.exit_code = TRY(ReadExitCode(status, what_));
  return std::move(result_);
}

}  // namespace

Result<int> ReadExitCode(const Json& status, const std::string& what) {
  if (GetString(status, "status") == "Success") return 0;
  const Json& causes = GetMember(GetMember(status, "details"), "causes");
  if (causes.is_array()) {
    for (const Json& cause : causes) {
      if (GetString(cause, "reason") != "ExitCode") continue;
      const std::string text = GetString(cause, "message");
      int code = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
      if (error == std::errc() && end == text.data() + text.size()) return code;
    }
  }
  Error error = ErrorFromStatus(status, what);
  // Said with 500, but the container is only being started or stopped at the moment.
  if (error.kind == ErrorKind::kInternal &&
      error.summary.find("container not found") != std::string::npos) {
    error.kind = ErrorKind::kUnavailable;
  }
  return error;
}

Result<ExecResult> ConverseOverWebSocket(Connection& connection, std::string_view input,
                                         const std::string& what, Random& random) {
  return Conversation(connection, input, what, random).Run();
}

}  // namespace dbaas::kubernetes

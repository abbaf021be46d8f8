// SPDX-License-Identifier: MPL-2.0
// Commands over a WebSocket, against a server in this process that speaks the other side of it.
#include "engine/drivers/kubernetes/exec.h"

#include <gmock/gmock.h>

#include <cstdint>

#include "engine/base/x509.h"
#include "engine/drivers/kubernetes/client.h"
#include "engine/drivers/kubernetes/web_socket.h"
#include "tests/drivers/docker/test_server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas::kubernetes {
namespace {

using docker::TestAnswer;
using docker::TestRequest;
using docker::TestServer;
using docker::TestStream;
using testing::HasSubstr;
using Transport = TestServer::Transport;

constexpr int kBinary = 0x82;

constexpr char kSuccess[] = R"({"status":"Success"})";

/// The server's side of frames.
class Peer {
 public:
  explicit Peer(TestStream& stream) : stream_(stream) {}

  void Send(int first_byte, const std::string& payload) {
    std::string frame(1, static_cast<char>(first_byte));
    if (payload.size() < 126) {
      frame += static_cast<char>(payload.size());
    } else {
      frame += '\x7f';
      for (int shift = 56; shift >= 0; shift -= 8) {
        frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift & 0xff);
      }
    }
    stream_.Write(frame + payload);
  }
  void SendOn(char channel, const std::string& data) { Send(kBinary, channel + data); }

  /// The next frame, unmasked; false at the end.
  bool Receive(int& first_byte, std::string& payload) {
    if (!Have(2)) return false;
    first_byte = static_cast<unsigned char>(received_[0]);
    EXPECT_NE(received_[1] & 0x80, 0) << "a client must mask";
    std::size_t length = received_[1] & 0x7f;
    std::size_t head = 2;
    if (length >= 126) {
      head += length == 126 ? 2 : 8;
      if (!Have(head)) return false;
      length = 0;
      for (std::size_t at = 2; at < head; ++at) {
        length = length << 8 | static_cast<unsigned char>(received_[at]);
      }
    }
    if (!Have(head + 4 + length)) return false;
    payload = received_.substr(head + 4, length);
    for (std::size_t at = 0; at < length; ++at) payload[at] ^= received_[head + at % 4];
    received_.erase(0, head + 4 + length);
    return true;
  }

  /// All input, up to where the client closes the channel.
  std::string ReceiveInput() {
    std::string input;
    int first_byte = 0;
    std::string payload;
    while (Receive(first_byte, payload)) {
      if (first_byte != kBinary) continue;
      if (payload == std::string("\xff\0", 2)) return input;
      EXPECT_EQ(payload[0], '\0');
      input.append(payload, 1);
    }
    ADD_FAILURE() << "the input has no end";
    return input;
  }

 private:
  bool Have(std::size_t size) {
    while (received_.size() < size) {
      const std::string more = stream_.Read();
      if (more.empty()) return false;
      received_ += more;
    }
    return true;
  }

  TestStream& stream_;
  std::string received_;
};

class KubernetesExecTest : public testing::Test {
 protected:
  void Serve(std::function<void(Peer&)> command, const std::string& protocol = kChannelsV5) {
    ServeAs(Transport::kTcp, {}, std::move(command), protocol);
  }

  void ServeAs(Transport transport, const KeyPair& identity, std::function<void(Peer&)> command,
               const std::string& protocol) {
    server_ = std::make_unique<TestServer>(
        transport,
        [command = std::move(command), protocol](const TestRequest& request) {
          return TestAnswer{.headers = {{"Sec-WebSocket-Accept",
                                         WebSocketAccept(request.headers.at("sec-websocket-key"))},
                                        {"Sec-WebSocket-Protocol", protocol}},
                            .raw = [command](TestStream& stream) {
                              Peer peer(stream);
                              command(peer);
                            }};
        },
        identity);
    access_.server =
        (transport == Transport::kTls ? "https" : "http") + server_->endpoint().substr(3);
  }

  Result<ExecResult> Run(const std::vector<std::string>& argv, const std::string& input = "") {
    KubernetesClient client(access_, "prod", clock_, random_);
    return client.Exec("db", "orders-1-0", "postgresql", argv, input);
  }

  Access access_{.token = Secret<std::string>("t0ken")};
  FakeClock clock_;
  SeededRandom random_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(KubernetesExecTest, ACommandHasTwoOutputsAndAnExitCode) {
  Serve([](Peer& peer) {
    peer.SendOn(1, "");  // Servers open their channels with empty messages.
    peer.SendOn(1, "out");
    peer.SendOn(2, "err");
    peer.Send(0x02,
              "\x01"
              "pu");
    peer.Send(0x80, "t");
    peer.SendOn(3, R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[)"
                   R"({"reason":"ExitCode","message":"3"}]}})");
    peer.Send(0x88, "\x03\xe8");
  });
  const Result<ExecResult> result = Run({"sh", "-c", "a & b"});
  ASSERT_TRUE(result.has_value()) << result.error().ToLine();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "output");
  EXPECT_EQ(result->errors, "err");
  const TestRequest request = server_->requests()[0];
  EXPECT_EQ(request.method + " " + request.path,
            "GET /api/v1/namespaces/db/pods/orders-1-0/exec?container=postgresql&stdout=true&"
            "stderr=true&command=sh&command=-c&command=a%20%26%20b");
  EXPECT_EQ(request.headers.at("authorization"), "Bearer t0ken");
  EXPECT_EQ(request.headers.at("upgrade"), "websocket");
  EXPECT_EQ(request.headers.at("sec-websocket-version"), "13");
  EXPECT_EQ(request.headers.at("sec-websocket-protocol"), "v5.channel.k8s.io, v4.channel.k8s.io");
}

TEST_F(KubernetesExecTest, TheEndOfTheInputIsToldAndOutputGoesOn) {
  Serve([](Peer& peer) {
    const std::string input = peer.ReceiveInput();
    peer.SendOn(1, "after the end of: " + input);
    peer.SendOn(3, kSuccess);
  });
  const Result<ExecResult> result = Run({"cat"}, "select 1;");
  ASSERT_TRUE(result.has_value()) << result.error().ToLine();
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(result->output, "after the end of: select 1;");
  EXPECT_THAT(server_->requests()[0].path, HasSubstr("&stdin=true"));
}

/// More than all buffers on the way, both ways, before the other side reads a byte.
constexpr std::size_t kLarge = 12 << 20;

void TalkBeforeListening(Peer& peer) {
  const std::string part(64 * 1024, 'o');
  for (std::size_t sent = 0; sent < kLarge; sent += part.size()) peer.SendOn(1, part);
  peer.SendOn(2, std::to_string(peer.ReceiveInput().size()));
  peer.SendOn(3, kSuccess);
}

TEST_F(KubernetesExecTest, MuchInputAndMuchOutputDoNotWaitForEachOther) {
  Serve(TalkBeforeListening);
  const Result<ExecResult> result = Run({"tac"}, std::string(kLarge, 'i'));
  ASSERT_TRUE(result.has_value()) << result.error().ToLine();
  EXPECT_EQ(result->output.size(), kLarge);
  EXPECT_EQ(result->errors, std::to_string(kLarge));
}

TEST_F(KubernetesExecTest, TheSameOverTls) {
  const KeyPair authority = *MakeCertificateAuthority("cluster", 1);
  const KeyPair identity = *IssueCertificate(authority, "api", {"127.0.0.1"}, 1);
  ServeAs(Transport::kTls, identity, TalkBeforeListening, kChannelsV5);
  access_.authority = authority.certificate_pem;
  const Result<ExecResult> result = Run({"tac"}, std::string(kLarge, 'i'));
  ASSERT_TRUE(result.has_value()) << result.error().ToLine();
  EXPECT_EQ(result->output.size(), kLarge);
  EXPECT_EQ(result->errors, std::to_string(kLarge));
}

TEST_F(KubernetesExecTest, ACommandMayEndWithoutReadingItsInput) {
  Serve([](Peer& peer) {
    peer.SendOn(1, "enough");
    peer.SendOn(3, kSuccess);
    peer.Send(0x88, "\x03\xe8");
  });
  const Result<ExecResult> result = Run({"true"}, "unread");
  ASSERT_TRUE(result.has_value()) << result.error().ToLine();
  EXPECT_EQ(result->output, "enough");
}

TEST_F(KubernetesExecTest, PingsAreAnswered) {
  Serve([](Peer& peer) {
    peer.Send(0x89, "are you there");
    int first_byte = 0;
    std::string payload;
    EXPECT_TRUE(peer.Receive(first_byte, payload));
    EXPECT_EQ(first_byte, 0x8a);
    EXPECT_EQ(payload, "are you there");
    peer.SendOn(3, kSuccess);
  });
  EXPECT_TRUE(Run({"sleep"}).has_value());
}

TEST_F(KubernetesExecTest, AConnectionThatBreaksIsNoExitCode) {
  Serve([](Peer& peer) { peer.SendOn(1, "half"); });
  const Result<ExecResult> result = Run({"pg_dump"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(result.error().summary, "pg_dump in orders-1-0 ended without an exit code");
}

TEST_F(KubernetesExecTest, ACommandThatCannotBeStartedIsAnError) {
  Serve([](Peer& peer) {
    peer.SendOn(3, R"({"status":"Failure","message":"exec: \"nope\": not found","code":500})");
  });
  const Result<ExecResult> result = Run({"nope"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kInternal);
  EXPECT_EQ(result.error().summary, "exec: \"nope\": not found");
  const Result<int> stopped = ReadExitCode(
      {{"status", "Failure"}, {"code", 500}, {"message", "container not found (\"x\")"}}, "a");
  EXPECT_EQ(stopped.error().kind, ErrorKind::kUnavailable);
}

TEST_F(KubernetesExecTest, OldServersRunCommandsWithoutInputOnly) {
  Serve([](Peer& peer) { peer.SendOn(3, kSuccess); }, kChannelsV4);
  EXPECT_TRUE(Run({"true"}).has_value());
  const Result<ExecResult> result = Run({"cat"}, "input");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(result.error().summary, HasSubstr("too old"));
}

TEST_F(KubernetesExecTest, ARefusalIsThatOfAnyOtherCall) {
  server_ = std::make_unique<TestServer>(Transport::kTcp, [](const TestRequest&) {
    return TestAnswer{.status = 404, .body = R"({"code":404,"message":"pods \"x\" not found"})"};
  });
  access_.server = "http" + server_->endpoint().substr(3);
  const Result<ExecResult> result = Run({"true"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(result.error().summary, "pods \"x\" not found");
}

TEST_F(KubernetesExecTest, SomethingElseThatSwitchesIsNoWebSocket) {
  server_ = std::make_unique<TestServer>(
      Transport::kTcp, [](const TestRequest&) { return TestAnswer{.raw = [](TestStream&) {}}; });
  access_.server = "http" + server_->endpoint().substr(3);
  const Result<ExecResult> result = Run({"true"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kInternal);
}

}  // namespace
}  // namespace dbaas::kubernetes

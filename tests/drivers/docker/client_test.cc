// SPDX-License-Identifier: MPL-2.0
// The client against a real server in this process: sockets, TLS, statuses, versions, streams.
#include "engine/drivers/docker/client.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/hash.h"
#include "engine/drivers/docker/endpoint.h"
#include "tests/drivers/docker/test_server.h"

namespace dbaas::docker {
namespace {

using testing::HasSubstr;
using testing::Not;
using Transport = TestServer::Transport;

SystemClock system_clock;

DockerClient Connect(const DockerOptions& options) {
  return DockerClient(*ParseEndpoint(options), "local", system_clock);
}

/// Answers every path with what `answers` has for it, and 404 for the rest.
TestServer::Handler Answers(std::map<std::string, TestAnswer> answers) {
  answers["/_ping"] = {.body = "OK"};
  return [answers = std::move(answers)](const TestRequest& request) {
    const auto found = answers.find(request.path);
    return found == answers.end() ? TestAnswer{.status = 404} : found->second;
  };
}

TEST(DockerClientTest, TheVersionIsAgreedOnceAndConnectionsAreKept) {
  TestServer server(Transport::kUnix, Answers({{"/v1.43/info", {.body = R"({"NCPU": 2})"}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  EXPECT_EQ(server.connections(), 0) << "nothing is connected before it is needed";
  for (int call = 0; call < 5; ++call) {
    const Result<Json> info = client.Get("/info");
    ASSERT_TRUE(info.has_value()) << info.error().ToLine();
    EXPECT_EQ(GetInt(*info, "NCPU"), 2);
  }
  EXPECT_EQ(server.requests().size(), 6u);
  EXPECT_EQ(client.calls(), 6);
  EXPECT_EQ(server.connections(), 1);
}

TEST(DockerClientTest, TheLowerVersionCounts) {
  EXPECT_EQ(LowerVersion("1.41", "1.47"), "1.41");
  EXPECT_EQ(LowerVersion("1.51", "1.47"), "1.47");
  EXPECT_EQ(LowerVersion("1.9", "1.47"), "1.9");
  EXPECT_EQ(LowerVersion("2.0", "1.47"), "1.47");
}

TEST(DockerClientTest, AnEngineThatIsTooOldOrNoEngineIsSaid) {
  const auto handler = [](const TestRequest&) {
    return TestAnswer{.headers = {{"Api-Version", "1.24"}}};
  };
  TestServer server(Transport::kUnix, handler);
  const Result<Json> answer = Connect({.endpoint = server.endpoint()}).Get("/info");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(answer.error().field, "endpoint");
  EXPECT_THAT(answer.error().ToLine(), HasSubstr("1.24"));
}

TEST(DockerClientTest, StatusesBecomeKindsWithTheEnginesWords) {
  const std::map<int, ErrorKind> kinds = {
      {400, ErrorKind::kInvalid},     {401, ErrorKind::kDenied},
      {403, ErrorKind::kDenied},      {404, ErrorKind::kNotFound},
      {409, ErrorKind::kConflict},    {500, ErrorKind::kInternal},
      {502, ErrorKind::kUnavailable}, {503, ErrorKind::kUnavailable},
      {504, ErrorKind::kUnavailable}};
  for (const auto& [status, kind] : kinds) {
    TestServer server(
        Transport::kUnix,
        Answers(
            {{"/v1.43/x", {.status = status, .body = R"({"message": "the engine's words"})"}}}));
    DockerClient client = Connect({.endpoint = server.endpoint()});
    for (const Result<Json>& answer : {client.Get("/x"), client.Post("/x", {{"a", 1}})}) {
      ASSERT_FALSE(answer.has_value()) << status;
      EXPECT_EQ(answer.error().kind, kind) << status;
      EXPECT_EQ(answer.error().summary, "the engine's words");
    }
  }
  EXPECT_THAT(ErrorFromStatus(502, "<html>").summary, HasSubstr("502"));
}

TEST(DockerClientTest, DeletingWhatIsNotThereIsNoError) {
  TestServer server(Transport::kUnix, Answers({{"/v1.43/there", {.status = 204, .body = ""}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  EXPECT_EQ(*client.Delete("/there"), true);
  EXPECT_EQ(*client.Delete("/gone"), false);
}

TEST(DockerClientTest, AnEngineThatDoesNotAnswerIsOneClearLine) {
  const Result<Json> answer = Connect({.endpoint = "unix:///nonexistent/docker.sock"}).Get("/info");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(answer.error().summary,
            "Docker engine at unix:///nonexistent/docker.sock does not answer: No such file or "
            "directory");
  const Result<Json> refused = Connect({.endpoint = "tcp://127.0.0.1:1"}).Get("/info");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(refused.error().summary,
            "Docker engine at tcp://127.0.0.1:1 does not answer: Connection refused");
}

TEST(DockerClientTest, ASocketThatMayNotBeOpenedIsDenied) {
  if (geteuid() == 0) {
    // Root may open everything. A child gives that up; it starts anew, for there are threads here.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    TestServer server(Transport::kUnix, Answers({}));
    const std::string path = server.endpoint().substr(7);
    chmod(path.c_str(), 0600);
    EXPECT_EXIT(
        {
          if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
          const Result<Json> answer = Connect({.endpoint = server.endpoint()}).Get("/info");
          _exit(!answer.has_value() && answer.error().kind == ErrorKind::kDenied ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  } else {
    const Result<Json> answer = Connect({.endpoint = "unix:///root/docker.sock"}).Get("/info");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind, ErrorKind::kDenied);
  }
}

TEST(DockerClientTest, AnAnswerThatIsLostIsUnavailable) {
  std::atomic<int> asked = 0;
  TestServer server(Transport::kUnix, [&](const TestRequest& request) {
    if (request.path == "/_ping") return TestAnswer{};
    ++asked;
    return TestAnswer{.close_without_answer = true};
  });
  const Result<Json> answer =
      Connect({.endpoint = server.endpoint()}).Post("/containers/create", Json::object());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_GE(asked, 1);
}

TEST(DockerClientTest, AnEngineThatHangsIsUnavailable) {
  TestServer server(Transport::kUnix, [&](const TestRequest& request) {
    if (request.path != "/_ping") std::this_thread::sleep_for(std::chrono::milliseconds(600));
    return TestAnswer{};
  });
  const Result<Json> answer =
      Connect({.endpoint = server.endpoint()}).Post("/x", nullptr, std::chrono::milliseconds(100));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().summary, HasSubstr("too long"));
}

TEST(DockerClientTest, TheEnginesClockIsFollowed) {
  EXPECT_EQ(ToText(*ReadHttpDate("Sat, 21 Nov 2026 04:03:12 GMT")), "2026-11-21T04:03:12.000Z");
  EXPECT_FALSE(ReadHttpDate("yesterday").has_value());
  EXPECT_FALSE(ReadHttpDate("Sat, 21 Xyz 2026 04:03:12 GMT").has_value());
  EXPECT_EQ(ToText(*ReadEngineTime("2026-11-21T04:03:12.123456789Z")), "2026-11-21T04:03:12.000Z");

  TestServer server(
      Transport::kUnix,
      Answers({{"/v1.43/info", {.headers = {{"Date", "Fri, 01 Jan 2100 00:00:00 GMT"}}}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  ASSERT_TRUE(client.Get("/info").has_value());
  EXPECT_THAT(ToText(client.EngineNow()), HasSubstr("2100-01-01T00:00:0"));
}

TEST(DockerClientTest, ArchivesAreSentAsArchives) {
  TestServer server(
      Transport::kUnix,
      Answers({{"/v1.43/containers/orders-1/archive?noOverwriteDirNonDir=1&path=%2Fa%20b", {}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const std::string binary = std::string("\0\1\2", 3) + std::string(100'000, 'x');
  ASSERT_TRUE(client.PutArchive("orders-1", "/a b", binary).has_value());
  const TestRequest request = server.requests().back();
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.headers.at("content-type"), "application/x-tar");
  EXPECT_EQ(request.body, binary);
  EXPECT_FALSE(request.headers.contains("expect"));
}

TEST(DockerClientTest, APathIsLookedAtByItsHeader) {
  EXPECT_EQ(DecodeBase64("eyJhIjoxfQ=="), R"({"a":1})");
  EXPECT_EQ(DecodeBase64(""), "");
  TestServer server(
      Transport::kUnix,
      Answers({{"/v1.43/containers/orders-1/archive?path=%2Fa",
                {.headers = {{"X-Docker-Container-Path-Stat",
                              Base64(R"({"name": "a", "linkTarget": "/etc/dbaas/f-1"})")}}}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const auto stat = client.StatPath("orders-1", "/a");
  ASSERT_TRUE(stat.has_value()) << stat.error().ToLine();
  EXPECT_EQ(stat->link_target, "/etc/dbaas/f-1");
  EXPECT_EQ(server.requests().back().method, "HEAD");
  EXPECT_EQ(client.StatPath("orders-1", "/b").error().kind, ErrorKind::kNotFound);
}

TEST(DockerClientTest, AFailureInTheMiddleOfAPullIsFound) {
  const std::string path = "/v1.43/images/create?fromImage=db1%3A5000%2Fpg%3A17";
  TestServer server(Transport::kUnix,
                    Answers({{path,
                              {.body = "{\"status\":\"Pulling\"}\r\n{\"errorDetail\":{},"
                                       "\"error\":\"manifest unknown\"}\r\n"}},
                             {"/v1.43/images/create?fromImage=pg&tag=latest",
                              {.body = "{\"status\":\"Downloaded\"}\r\n"}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const Result<void> pulled = client.Pull("db1:5000/pg:17");
  ASSERT_FALSE(pulled.has_value());
  EXPECT_EQ(pulled.error().summary, "manifest unknown");
  EXPECT_TRUE(client.Pull("pg").has_value());
}

// ---- Commands over a raw connection
// --------------------------------------------------------------

std::string Frame(char stream, const std::string& data) {
  std::string frame(8, '\0');
  frame[0] = stream;
  for (int byte = 0; byte < 4; ++byte) {
    frame[4 + byte] = static_cast<char>(data.size() >> (24 - 8 * byte) & 0xff);
  }
  return frame + data;
}

/// An engine whose only command answers with its input, in capitals it would be `tr`.
TestServer::Handler EchoEngine(const std::string& state = R"({"Running": false, "ExitCode": 7})") {
  TestAnswer start;
  start.raw = [](TestStream& stream) {
    stream.Write(Frame(2, "started"));
    for (std::string input = stream.Read(); !input.empty(); input = stream.Read()) {
      stream.Write(Frame(1, input));
    }
    stream.Write(Frame(1, " (end)"));
  };
  return Answers({{"/v1.43/containers/orders-1/exec", {.status = 201, .body = R"({"Id": "e1"})"}},
                  {"/v1.43/exec/e1/start", start},
                  {"/v1.43/exec/e1/json", {.body = state}}});
}

void ExpectEcho(DockerClient& client) {
  for (const std::size_t size : {0u, 5u, 3u << 20}) {
    const std::string input(size, 'i');
    const Result<ExecResult> result = client.Exec("orders-1", {"cat"}, input);
    ASSERT_TRUE(result.has_value()) << result.error().ToLine();
    EXPECT_EQ(result->exit_code, 7);
    EXPECT_TRUE(result->output == input + " (end)");
    EXPECT_EQ(result->errors, "started");
  }
}

TEST(DockerClientTest, ACommandSeesTheEndOfItsInput) {
  TestServer server(Transport::kUnix, EchoEngine());
  DockerClient client = Connect({.endpoint = server.endpoint()});
  ExpectEcho(client);
}

TEST(DockerClientTest, ACommandMayEndWithoutReading) {
  TestAnswer start;
  start.raw = [](TestStream& stream) { stream.Write(Frame(1, "done")); };
  TestServer server(
      Transport::kUnix,
      Answers({{"/v1.43/containers/orders-1/exec", {.status = 201, .body = R"({"Id": "e1"})"}},
               {"/v1.43/exec/e1/start", start},
               {"/v1.43/exec/e1/json", {.body = R"({"Running": false, "ExitCode": 0})"}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const Result<ExecResult> result = client.Exec("orders-1", {"true"}, std::string(8 << 20, 'x'));
  // Whether the rest of the answer arrives is the network's business; that we end, and how, is
  // ours.
  if (result.has_value()) {
    EXPECT_EQ(result->exit_code, 0);
  } else {
    EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
  }
}

TEST(DockerClientTest, ARefusedCommandIsAnError) {
  TestServer server(
      Transport::kUnix,
      Answers({{"/v1.43/containers/orders-1/exec", {.status = 201, .body = R"({"Id": "e1"})"}},
               {"/v1.43/exec/e1/start",
                {.status = 409, .body = R"({"message": "Container orders-1 is paused"})"}}}));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const Result<ExecResult> result = client.Exec("orders-1", {"true"}, "");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(result.error().summary, "Container orders-1 is paused");
}

TEST(DockerClientTest, ACommandWithoutAnExitCodeIsNoSuccess) {
  TestServer server(Transport::kUnix, EchoEngine(R"({"Running": false, "ExitCode": null})"));
  DockerClient client = Connect({.endpoint = server.endpoint()});
  const Result<ExecResult> result = client.Exec("orders-1", {"cat"}, "");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
}

// ---- TLS
// -----------------------------------------------------------------------------------------

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = *MakeCertificateAuthority("test authority", 1);
    server_ = *IssueCertificate(authority_, "server", {"127.0.0.1", "localhost"}, 1);
    folder_ = testing::TempDir() + "/dbaas-tls-" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    const KeyPair client = *IssueCertificate(authority_, "client", {}, 1);
    Write("ca.pem", authority_.certificate_pem);
    Write("cert.pem", client.certificate_pem);
    Write("key.pem", client.private_key_pem.Reveal());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/" + name) << content;
  }

  KeyPair authority_;
  KeyPair server_;
  std::string folder_;
};

TEST_F(TlsTest, BothSidesShowTheirCertificates) {
  TestServer server(Transport::kTls, EchoEngine(), server_, authority_.certificate_pem);
  DockerClient client = Connect({.endpoint = server.endpoint(), .cert_path = folder_});
  ExpectEcho(client);
}

TEST_F(TlsTest, AServerOfAnotherAuthorityIsDenied) {
  TestServer server(Transport::kTls, EchoEngine(), server_);
  Write("ca.pem", MakeCertificateAuthority("another authority", 1)->certificate_pem);
  DockerClient client = Connect({.endpoint = server.endpoint(), .cert_path = folder_});
  const Result<Json> answer = client.Get("/info");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kDenied) << answer.error().ToLine();
  EXPECT_TRUE(server.requests().empty());

  // Unless told not to look.
  DockerClient trusting =
      Connect({.endpoint = server.endpoint(), .cert_path = folder_, .tls_verify = false});
  ExpectEcho(trusting);
}

TEST_F(TlsTest, AClientThatTheServerDoesNotKnowGetsNothing) {
  TestServer server(Transport::kTls, EchoEngine(), server_, authority_.certificate_pem);
  const KeyPair stranger = *MakeSelfSigned("o", "stranger", {"stranger"}, 1);
  Write("cert.pem", stranger.certificate_pem);
  Write("key.pem", stranger.private_key_pem.Reveal());
  DockerClient client = Connect({.endpoint = server.endpoint(), .cert_path = folder_});
  EXPECT_FALSE(client.Get("/info").has_value());
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(TlsTest, MissingCertificateFilesAreDeniedWithAHint) {
  TestServer server(Transport::kTls, EchoEngine(), server_);
  DockerClient client = Connect({.endpoint = server.endpoint(), .cert_path = "/nonexistent"});
  const Result<Json> answer = client.Get("/info");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kDenied) << answer.error().ToLine();
  EXPECT_THAT(answer.error().detail, HasSubstr("cert_path"));
}

}  // namespace
}  // namespace dbaas::docker

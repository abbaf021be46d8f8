// SPDX-License-Identifier: MPL-2.0
//
// The real plugin process, with the mutual TLS that Terraform asks for, and clients that mean no
// good: on the socket without a certificate, with a wrong one, with bytes that are no TLS; inside
// TLS with messages that never end. After each of them an honest call is answered.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "provider/proto/plugin.grpc.pb.h"
#include "provider/proto/tfplugin6.grpc.pb.h"
#include "tests/fakes/seeded_random.h"
#include "tests/provider/plugin_process.h"

namespace dbaas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr std::size_t kAtATime = 100;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

/// A connection to the socket, below TLS.
class RawSocket {
 public:
  explicit RawSocket(const std::string& path)
      : file_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = AddressOf(path);
    connected_ = connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawSocket() { close(file_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool connected() const { return connected_; }
  int file() const { return file_; }
  void Send(const std::string& bytes) const {
    [[maybe_unused]] const auto sent = send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Whether the other side hangs up within `patience`.
  bool IsHungUpOn(milliseconds patience) const {
    const auto end = steady_clock::now() + patience;
    while (steady_clock::now() < end) {
      pollfd poll_file{.fd = file_, .events = POLLIN, .revents = 0};
      if (poll(&poll_file, 1, 50) <= 0) continue;
      char bytes[4096];
      if (recv(file_, bytes, sizeof(bytes), 0) <= 0) return true;
    }
    return false;
  }

 private:
  int file_;
  bool connected_ = false;
};

/// TLS without gRPC on top, so that anything can be said inside.
class TlsSocket {
 public:
  /// With the certificate of `client`, or without any.
  TlsSocket(const std::string& path, const KeyPair* client)
      : raw_(path), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    if (client != nullptr) Show(*client);
    ssl_.reset(SSL_new(context_.get()));
    static constexpr unsigned char kH2[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl_.get(), kH2, sizeof(kH2));
    SSL_set_fd(ssl_.get(), raw_.file());
    ok_ = raw_.connected() && SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }

  bool ok() const { return ok_; }
  bool Send(const std::string& bytes) {
    const bool sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    ERR_clear_error();
    return sent;
  }
  /// Everything that comes until `text` was in it, the other side hangs up, or `patience` ends.
  std::string ReadUntil(const std::string& text, milliseconds patience) {
    std::string all;
    const auto end = steady_clock::now() + patience;
    while (all.find(text) == std::string::npos && steady_clock::now() < end) {
      pollfd poll_file{.fd = raw_.file(), .events = POLLIN, .revents = 0};
      if (SSL_pending(ssl_.get()) == 0 && poll(&poll_file, 1, 50) <= 0) continue;
      char bytes[4096];
      const int count = SSL_read(ssl_.get(), bytes, sizeof(bytes));
      if (count <= 0) break;
      all.append(bytes, count);
    }
    ERR_clear_error();
    return all;
  }

 private:
  void Show(const KeyPair& client) {
    const std::string& key_pem = client.private_key_pem.Reveal();
    BIO* bio = BIO_new_mem_buf(client.certificate_pem.data(),
                               static_cast<int>(client.certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  RawSocket raw_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  bool ok_ = false;
};

// HTTP/2, as far as an attacker needs it (RFC 9113 and 7541).
std::string Frame(int type, int flags, int stream, const std::string& payload) {
  std::string frame;
  const auto byte = [&](std::size_t value) { frame += static_cast<char>(value & 0xff); };
  for (const int shift : {16, 8, 0}) byte(payload.size() >> shift);
  byte(type);
  byte(flags);
  for (const int shift : {24, 16, 8, 0}) byte(stream >> shift);
  return frame + payload;
}
const std::string& Preface() {
  static const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, "");
  return kPreface;
}
/// The head of a call of gRPC; its body is still to come.
std::string CallHead(const std::string& method, int stream) {
  const auto field = [](const std::string& name, const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name +
           static_cast<char>(value.size()) + value;
  };
  return Frame(1, 4, stream,
               "\x83\x86" + field(":path", method) + field(":authority", "localhost") +
                   field("content-type", "application/grpc") + field("te", "trailers"));
}
constexpr const char* kValidate = "/tfplugin6.Provider/ValidateResourceConfig";

class HostileClientTest : public testing::Test {
 protected:
  HostileClientTest()
      : plugin_({{"PLUGIN_UNIX_SOCKET_DIR", folder_.path()},
                 {"PLUGIN_CLIENT_CERT", terraform_.certificate_pem}}),
        line_(plugin_.ReadLine()),
        path_(Fields(line_).at(3)),
        channel_(Connect(line_, terraform_)) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes where nobody may listen any more.
    ExpectHonestAnswer();
    files_before_ = OpenFiles();
  }
  ~HostileClientTest() override {
    ExpectHonestAnswer();
    // A new connection, as the next Terraform command would make.
    channel_ = Connect(line_, terraform_);
    ExpectHonestAnswer();
    channel_.reset();
    for (int i = 0; i < 100 && OpenFiles() > files_before_ + 2; ++i) {
      std::this_thread::sleep_for(milliseconds(50));
    }
    EXPECT_LE(OpenFiles(), files_before_ + 2) << "connections are not closed";
  }

  void ExpectHonestAnswer() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    tfplugin6::ValidateResourceConfig::Request request;
    request.set_type_name("dbaas_nothing");
    tfplugin6::ValidateResourceConfig::Response response;
    const grpc::Status status = tfplugin6::Provider::NewStub(channel_)->ValidateResourceConfig(
        &context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.diagnostics_size(), 1);
  }

  std::ptrdiff_t OpenFiles() const {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(plugin_.pid()) +
                                                    "/fd");
    return std::distance(begin(files), end(files));
  }

  TemporaryFolder folder_;
  KeyPair terraform_ = MakeTerraformCertificate();
  PluginProcess plugin_;
  std::string line_;
  std::string path_;
  std::shared_ptr<grpc::Channel> channel_;
  std::ptrdiff_t files_before_ = 0;
};

TEST_F(HostileClientTest, NobodyElseReachesTheSocket) {
  struct stat socket {};
  ASSERT_EQ(stat(path_.c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0600u);
  EXPECT_EQ(socket.st_uid, getuid());
  struct stat folder {};
  ASSERT_EQ(stat(path_.substr(0, path_.rfind('/')).c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700u) << "nobody else can so much as look for it";
  EXPECT_EQ(folder.st_uid, getuid());
}

TEST_F(HostileClientTest, GarbageOnTheSocket) {
  SeededRandom random(1);
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 3 == 0 ? "GET / HTTP/1.1\r\n\r\n" : i % 3 == 1 ? Preface() : "";
    if (bytes.empty()) {
      for (std::uint64_t size = random.Below(5'000); size > 0; --size) {
        bytes += static_cast<char>(random.Next());
      }
    }
    // The beginning of TLS, and then nothing that belongs there.
    if (i % 2 == 0) bytes.insert(0, "\x16\x03\x01\x02\x00\x01", 6);
    sockets.push_back(std::make_unique<RawSocket>(path_));
    ASSERT_TRUE(sockets.back()->connected());
    sockets.back()->Send(bytes);
    if (sockets.size() > kAtATime) sockets.erase(sockets.begin());
  }
  ExpectHonestAnswer();
  RawSocket plain(path_);
  plain.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(plain.IsHungUpOn(seconds(10)));
}

TEST_F(HostileClientTest, NoCertificateAndWrongCertificates) {
  const KeyPair stranger = MakeTerraformCertificate();
  const auto issued = MakeSelfSigned("localhost", "localhost", {"localhost"}, 10);
  ASSERT_TRUE(issued.has_value());
  for (int i = 0; i < 30; ++i) {
    for (const KeyPair* client : {static_cast<const KeyPair*>(nullptr), &stranger, &*issued}) {
      // With TLS 1.3 the client is done before the server has looked: what counts is the answer.
      TlsSocket socket(path_, client);
      if (!socket.ok()) continue;
      socket.Send(Preface() + CallHead(kValidate, 1));
      EXPECT_EQ(socket.ReadUntil("grpc-status", seconds(10)), "");
    }
  }
  TlsSocket honest(path_, &terraform_);
  ASSERT_TRUE(honest.ok());
  ASSERT_TRUE(honest.Send(Preface()));
  EXPECT_NE(honest.ReadUntil("\x04", seconds(10)), "") << "its settings";
}

TEST_F(HostileClientTest, AMessageBeyondTheLimitIsRefusedAndOneBelowIsNot) {
  const auto send = [&](std::size_t size) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(60));
    tfplugin6::ValidateResourceConfig::Request request;
    request.set_type_name("dbaas_cluster");
    request.mutable_config()->set_msgpack(std::string(size, '\xc0'));
    tfplugin6::ValidateResourceConfig::Response response;
    return tfplugin6::Provider::NewStub(channel_)
        ->ValidateResourceConfig(&context, request, &response)
        .error_code();
  };
  EXPECT_EQ(send(257u << 20), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(send(16u << 20), grpc::StatusCode::OK);
}

TEST_F(HostileClientTest, CallsThatNeverEnd) {
  std::vector<std::unique_ptr<TlsSocket>> sockets;
  for (int i = 0; i < 20; ++i) {
    sockets.push_back(std::make_unique<TlsSocket>(path_, &terraform_));
    ASSERT_TRUE(sockets.back()->ok());
    ASSERT_TRUE(sockets.back()->Send(Preface()));
    for (int stream = 1; stream < 100; stream += 2) {
      std::string bytes = CallHead(kValidate, stream);
      // A piece of a message of four gigabytes, or nothing of any.
      if (stream % 4 == 1) bytes += Frame(0, 0, stream, std::string("\x00\xff\xff\xff\xffhalf", 9));
      ASSERT_TRUE(sockets.back()->Send(bytes));
    }
  }
  ExpectHonestAnswer();
}

TEST_F(HostileClientTest, TenThousandConnections) {
  std::atomic<int> next = 0;
  std::atomic<int> refused = 0;
  const auto connect_often = [&] {
    std::vector<std::unique_ptr<RawSocket>> open;
    for (int i = next++; i < 10'000; i = next++) {
      open.push_back(std::make_unique<RawSocket>(path_));
      if (!open.back()->connected()) ++refused;
      if (i % 4 == 1) open.back()->Send(std::string("\x16\x03\x01\x02", 4));
      if (i % 4 == 2) open.back()->Send("SSH-2.0-client\r\n");
      if (open.size() > kAtATime / 4) open.erase(open.begin());
    }
  };
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back(connect_often);
    for (int i = 0; i < 10; ++i) ExpectHonestAnswer();
  }
  EXPECT_EQ(refused, 0);
}

/// Listens and takes connections, and says nothing to anybody until it is let go.
class SilentHost {
 public:
  explicit SilentHost(const std::string& path)
      : file_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = AddressOf(path);
    bind(file_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    listen(file_, 1'000);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd poll_file{.fd = file_, .events = POLLIN, .revents = 0};
        if (poll(&poll_file, 1, 20) <= 0) continue;
        taken_.push_back(accept4(file_, nullptr, nullptr, SOCK_CLOEXEC));
        ++count_;
      }
    });
  }
  ~SilentHost() { HangUp(); }
  SilentHost(const SilentHost&) = delete;
  SilentHost& operator=(const SilentHost&) = delete;

  int count() const { return count_; }
  void HangUp() {
    thread_ = {};
    for (const int file : taken_) close(file);
    taken_.clear();
    if (file_ >= 0) close(std::exchange(file_, -1));
  }

 private:
  int file_;
  std::vector<int> taken_;
  std::atomic<int> count_ = 0;
  std::jthread thread_;
};

TEST_F(HostileClientTest, StopIsAnsweredAtOnceAmongTwoHundredCalls) {
  SilentHost host(folder_.path() + "/docker.sock");
  const auto stub = tfplugin6::Provider::NewStub(channel_);
  {
    grpc::ClientContext context;
    tfplugin6::ConfigureProvider::Request request;
    request.mutable_config()->set_json(
        R"({"host":[{"name":"local","docker":{"endpoint":"unix://)" + folder_.path() +
        R"(/docker.sock","cert_path":null,"tls_verify":null},"process":null}]})");
    tfplugin6::ConfigureProvider::Response response;
    ASSERT_TRUE(stub->ConfigureProvider(&context, request, &response).ok());
    ASSERT_EQ(response.diagnostics_size(), 0) << response.diagnostics(0).summary();
  }
  constexpr int kCalls = 200;
  std::atomic<int> answered = 0;
  std::vector<std::jthread> callers;
  callers.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&, i] {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + seconds(60));
      tfplugin6::ReadResource::Request request;
      request.set_type_name("dbaas_cluster");
      request.mutable_current_state()->set_json(R"({"name":"c)" + std::to_string(i) + R"("})");
      tfplugin6::ReadResource::Response response;
      if (stub->ReadResource(&context, request, &response).ok() && response.has_new_state()) {
        ++answered;
      }
    });
  }
  for (int i = 0; i < 500 && host.count() == 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(answered, 0) << "all of them wait for the host";

  const auto began = steady_clock::now();
  grpc::ClientContext context;
  tfplugin6::StopProvider::Response response;
  EXPECT_TRUE(stub->StopProvider(&context, {}, &response).ok());
  EXPECT_EQ(response.error(), "");
  EXPECT_LT(steady_clock::now() - began, seconds(2));
  host.HangUp();
  const auto hung_up = steady_clock::now();
  callers.clear();
  EXPECT_LT(steady_clock::now() - hung_up, seconds(10)) << "the host is not asked for each anew";
  EXPECT_EQ(answered, kCalls) << "each with the state that it came with, and a warning";
}

}  // namespace
}  // namespace dbaas

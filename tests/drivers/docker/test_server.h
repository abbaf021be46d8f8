// SPDX-License-Identifier: MPL-2.0
//
// TestServer: a small real HTTP/1.1 server for tests of the client side, on a unix socket, TCP or
// TLS. It answers what the test says, keeps connections open, and can hand one over raw, as a
// Docker engine does for the input and output of a command.
//
//   TestServer server(TestServer::Transport::kUnix, [](const TestRequest& request) {
//     return TestAnswer{.status = 200, .body = "{}"};
//   });
//   client.Get(server.endpoint() ...)
//
// Threading: the handler is called from one thread per connection.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/x509.h"

namespace dbaas::docker {

struct TestRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

/// One connection, plain or TLS.
class TestStream {
 public:
  TestStream(int socket, SSL* ssl) : socket_(socket), ssl_(ssl) {}
  ~TestStream();
  /// Empty at the end of what the client sends.
  std::string Read();
  void Write(const std::string& bytes);

 private:
  const int socket_;
  SSL* const ssl_;
};

struct TestAnswer {
  int status = 200;
  std::string body = "{}";
  std::map<std::string, std::string> headers;
  bool close_without_answer = false;
  /// Answers 101, with the headers, and hands the connection over.
  std::function<void(TestStream&)> raw;
};

class TestServer {
 public:
  enum class Transport { kUnix, kTcp, kTls };
  using Handler = std::function<TestAnswer(const TestRequest&)>;

  /// For kTls, `identity` is the server's certificate and `client_authority` (PEM) the issuer that
  /// a client's certificate must have; empty: any client may come.
  TestServer(Transport transport, Handler handler, const KeyPair& identity = {},
             const std::string& client_authority = {});
  ~TestServer();

  std::string endpoint() const;  ///< "unix:///tmp/...", "tcp://127.0.0.1:4711"
  int connections() const { return connections_; }
  std::vector<TestRequest> requests() const;

 private:
  void Accept();
  void Serve(int socket);
  bool ServeOne(TestStream& stream, std::string& received);

  const Transport transport_;
  const Handler handler_;
  std::string path_;
  int port_ = 0;
  int listener_ = -1;
  SSL_CTX* tls_ = nullptr;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<TestRequest> requests_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace dbaas::docker

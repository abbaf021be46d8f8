// SPDX-License-Identifier: MPL-2.0
#include "tests/drivers/docker/test_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sstream>

namespace dbaas::docker {
namespace {

void UsePem(SSL_CTX* context, const KeyPair& identity, const std::string& client_authority) {
  const auto read = [](const std::string& pem) {
    return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  };
  BIO* bio = read(identity.certificate_pem);
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = read(identity.private_key_pem.Reveal());
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (client_authority.empty()) return;
  bio = read(client_authority);
  X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  X509_free(authority);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

}  // namespace

TestStream::~TestStream() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }
  shutdown(socket_, SHUT_RDWR);
}

std::string TestStream::Read() {
  char buffer[16 * 1024];
  const auto count = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof(buffer))
                                     : recv(socket_, buffer, sizeof(buffer), 0);
  return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
}

void TestStream::Write(const std::string& bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto count = ssl_ != nullptr
                           ? SSL_write(ssl_, bytes.data() + at, static_cast<int>(bytes.size() - at))
                           : send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (count <= 0) return;
    at += static_cast<std::size_t>(count);
  }
}

TestServer::TestServer(Transport transport, Handler handler, const KeyPair& identity,
                       const std::string& client_authority)
    : transport_(transport), handler_(std::move(handler)) {
  if (transport == Transport::kUnix) {
    path_ = fmt::format("{}/dbaas-test-{}-{}.sock", testing::TempDir(), getpid(),
                        reinterpret_cast<std::uintptr_t>(this));
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  } else {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t length = sizeof(address);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  if (transport == Transport::kTls) {
    tls_ = SSL_CTX_new(TLS_server_method());
    UsePem(tls_, identity, client_authority);
  }
  EXPECT_EQ(listen(listener_, 64), 0);
  acceptor_ = std::thread([this] { Accept(); });
}

TestServer::~TestServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) close(socket);
  close(listener_);
  if (tls_ != nullptr) SSL_CTX_free(tls_);
  if (!path_.empty()) unlink(path_.c_str());
}

std::string TestServer::endpoint() const {
  return transport_ == Transport::kUnix ? "unix://" + path_
                                        : fmt::format("tcp://127.0.0.1:{}", port_);
}

std::vector<TestRequest> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TestServer::Accept() {
  while (!stopping_) {
    const int socket = accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { Serve(socket); });
  }
}

void TestServer::Serve(int socket) {
  SSL* ssl = nullptr;
  if (tls_ != nullptr) {
    ssl = SSL_new(tls_);
    SSL_set_fd(ssl, socket);
    if (SSL_accept(ssl) != 1) {
      SSL_free(ssl);
      shutdown(socket, SHUT_RDWR);
      return;
    }
  }
  TestStream stream(socket, ssl);
  std::string received;
  while (ServeOne(stream, received)) {
  }
}

bool TestServer::ServeOne(TestStream& stream, std::string& received) {
  std::size_t head_end = std::string::npos;
  while ((head_end = received.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = stream.Read();
    if (more.empty()) return false;
    received += more;
  }
  TestRequest request;
  std::istringstream head(received.substr(0, head_end + 2));
  received.erase(0, head_end + 4);
  head >> request.method >> request.path;
  std::string line;
  std::getline(head, line);
  while (std::getline(head, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    for (char& character : name) character = static_cast<char>(std::tolower(character));
    const auto value_at = line.find_first_not_of(' ', colon + 1);
    const auto value_end = line.find_last_not_of("\r ");
    request.headers[name] = line.substr(value_at, value_end + 1 - value_at);
  }
  const std::size_t length = request.headers.contains("content-length")
                                 ? std::stoul(request.headers["content-length"])
                                 : 0;
  while (received.size() < length) {
    const std::string more = stream.Read();
    if (more.empty()) return false;
    received += more;
  }
  request.body = received.substr(0, length);
  received.erase(0, length);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }

  const TestAnswer answer = handler_(request);
  if (answer.close_without_answer) return false;
  if (answer.raw) {
    std::string head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";
    for (const auto& [name, value] : answer.headers) head += fmt::format("{}: {}\r\n", name, value);
    stream.Write(head + "\r\n");
    answer.raw(stream);
    return false;
  }
  std::string text = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nApi-Version: 1.43\r\n",
                                 answer.status, answer.body.size());
  for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
  stream.Write(text + "\r\n" + (request.method == "HEAD" ? "" : answer.body));
  return true;
}

}  // namespace dbaas::docker

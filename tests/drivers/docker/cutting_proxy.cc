// SPDX-License-Identifier: MPL-2.0
#include "tests/drivers/docker/cutting_proxy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>

namespace dbaas::docker {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

/// Moves what is there; 0 at the end, -1 when it cannot be delivered.
ssize_t Pump(int from, int to, bool deliver) {
  char buffer[64 * 1024];
  const ssize_t count = recv(from, buffer, sizeof(buffer), 0);
  if (count <= 0) return count;
  if (!deliver) return count;
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t step =
        send(to, buffer + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (step <= 0) return -1;
    sent += step;
  }
  return count;
}

}  // namespace

CuttingProxy::CuttingProxy(std::string engine_socket) : engine_socket_(std::move(engine_socket)) {
  path_ = fmt::format("{}/dbaas-cut-{}.sock", testing::TempDir(), getpid());
  unlink(path_.c_str());
  listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address = AddressOf(path_);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  acceptor_ = std::thread([this] { Accept(); });
}

CuttingProxy::~CuttingProxy() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) close(socket);
  close(listener_);
  unlink(path_.c_str());
}

void CuttingProxy::CutAt(int request, Side side) {
  cut_ = false;
  after_ = side == Side::kAfter;
  left_ = request;
}

void CuttingProxy::Accept() {
  while (true) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(client);
    threads_.emplace_back([this, client] { Serve(client); });
  }
}

void CuttingProxy::Serve(int client) {
  const int engine = socket(AF_UNIX, SOCK_STREAM, 0);
  const sockaddr_un address = AddressOf(engine_socket_);
  bool alive =
      !cut_ && connect(engine, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  bool in_request = false;  // Bytes from the client after an answer begin the next request.
  bool cut_answer = false;
  while (alive) {
    pollfd sides[2] = {{.fd = client, .events = POLLIN, .revents = 0},
                       {.fd = engine, .events = POLLIN, .revents = 0}};
    if (poll(sides, 2, 100) < 0) break;
    if (cut_ && !cut_answer) break;
    if (sides[0].revents != 0) {
      if (!in_request) {
        in_request = true;
        if (--left_ == 0) {
          cut_ = true;
          if (!after_) break;
          cut_answer = true;
        }
      }
      const ssize_t count = Pump(client, engine, true);
      if (count < 0) break;
      if (count == 0) {
        shutdown(engine, SHUT_WR);  // A half-closed stream stays one.
        alive = false;
        while (!cut_answer && Pump(engine, client, true) > 0) {
        }
      }
    }
    if (sides[1].revents != 0) {
      in_request = false;
      if (Pump(engine, client, !cut_answer) <= 0 || cut_answer) break;
    }
  }
  close(engine);
  shutdown(client, SHUT_RDWR);
}

}  // namespace dbaas::docker

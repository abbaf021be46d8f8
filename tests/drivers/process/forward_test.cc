// SPDX-License-Identifier: MPL-2.0
// Real connections on loopback addresses; the instance is an echo server on a thread.
#include "engine/drivers/process/forward.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace dbaas::process {
namespace {

using namespace std::chrono_literals;

constexpr const char* kInstance = "127.77.77.77";

Descriptor Connect(const char* address, int port) {
  Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in target{.sin_family = AF_INET, .sin_port = htons(static_cast<std::uint16_t>(port))};
  inet_pton(AF_INET, address, &target.sin_addr);
  if (connect(connection.get(), reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0) {
    return {};
  }
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return connection;
}

std::string ReadToEnd(int connection) {
  std::string text;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t count = recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) return count == 0 ? text : "error";
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

void SendAll(int connection, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

/// A forwarder on a thread of its own, from any free port to `port` of the instance.
class Running {
 public:
  explicit Running(int port) {
    for (published_ = 20000 + getpid() % 9000;; ++published_) {
      auto listeners = ListenOnPorts({{.host_port = published_, .instance_port = port}}, "local");
      if (!listeners) continue;
      listener_ = std::move(listeners->front().first);
      break;
    }
    thread_ = std::thread([this, port] {
      Loop loop;
      Forwarder forwarder(loop, kInstance);
      forwarder.Serve(listener_.get(), port);
      while (!ends_) {
        loop.RunOnce(std::chrono::steady_clock::now() + 20ms);
        ++rounds_;
      }
    });
  }
  ~Running() {
    ends_ = true;
    thread_.join();
  }
  int published() const { return published_; }
  int rounds() const { return rounds_; }

 private:
  int published_ = 0;
  Descriptor listener_;
  std::atomic<bool> ends_ = false;
  std::atomic<int> rounds_ = 0;
  std::thread thread_;
};

/// Says back what it heard, and ends when it has heard the end.
class Echo {
 public:
  Echo() {
    listener_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET};
    inet_pton(AF_INET, kInstance, &address.sin_addr);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    listen(listener_.get(), 64);
    socklen_t size = sizeof(address);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (true) {
        Descriptor connection(accept(listener_.get(), nullptr, nullptr));
        if (!connection) return;
        sessions_.emplace_back([connection = std::move(connection)] {
          char buffer[4096];
          while (true) {
            const ssize_t count = recv(connection.get(), buffer, sizeof(buffer), 0);
            if (count <= 0) return;
            SendAll(connection.get(), {buffer, static_cast<std::size_t>(count)});
          }
        });
      }
    });
  }
  ~Echo() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    for (auto& session : sessions_) session.join();
  }
  int port() const { return port_; }

 private:
  Descriptor listener_;
  int port_ = 0;
  std::vector<std::thread> sessions_;
  std::thread thread_;
};

TEST(ForwarderTest, CarriesMoreThanAnyBufferHoldsBothWaysAndTheEndToo) {
  const Echo echo;
  const Running forwarder(echo.port());
  const Descriptor client = Connect("127.0.0.1", forwarder.published());
  ASSERT_TRUE(static_cast<bool>(client));
  std::string said;
  for (int i = 0; said.size() < (16 << 20); ++i) said += std::to_string(i) + "\n";
  std::thread writer([&] {
    SendAll(client.get(), said);
    shutdown(client.get(), SHUT_WR);
  });
  EXPECT_TRUE(ReadToEnd(client.get()) == said);
  writer.join();
}

TEST(ForwarderTest, ManyConnectionsAtOnceDoNotMix) {
  const Echo echo;
  const Running forwarder(echo.port());
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 20; ++number) {
      threads.emplace_back([&, number] {
        const std::string said(100'000, static_cast<char>('a' + number));
        const Descriptor client = Connect("127.0.0.1", forwarder.published());
        SendAll(client.get(), said);
        shutdown(client.get(), SHUT_WR);
        if (ReadToEnd(client.get()) == said) ++right;
      });
    }
  }
  EXPECT_EQ(right, 20);
}

TEST(ForwarderTest, NobodyBehindItIsARefusal) {
  const Running forwarder(1);
  const Descriptor client = Connect("127.0.0.1", forwarder.published());
  ASSERT_TRUE(static_cast<bool>(client)) << "the port itself is taken";
  char byte = 0;
  EXPECT_LE(recv(client.get(), &byte, 1, 0), 0);
}

TEST(ForwarderTest, WhoeverHangsUpInTheMiddleKeepsNobodyBusy) {
  const Echo echo;
  const Running forwarder(echo.port());
  for (int i = 0; i < 20; ++i) {
    const Descriptor client = Connect("127.0.0.1", forwarder.published());
    SendAll(client.get(), std::string(50'000, 'x'));
    if (i % 2 == 0) shutdown(client.get(), SHUT_WR);
  }  // Closed with its echo unread: the other side gets a reset.
  std::this_thread::sleep_for(300ms);
  const int before = forwarder.rounds();
  std::this_thread::sleep_for(400ms);
  EXPECT_LT(forwarder.rounds() - before, 60) << "it should only have waited";
  const Descriptor client = Connect("127.0.0.1", forwarder.published());
  SendAll(client.get(), "still there");
  shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(ReadToEnd(client.get()), "still there");
}

}  // namespace
}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/forward.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

namespace dbaas::process {
namespace {

constexpr std::size_t kBufferSize = std::size_t{64} << 10;

void SetOption(int socket, int level, int option) {
  const int on = 1;
  setsockopt(socket, level, option, &on, sizeof(on));
}

/// Any address: IPv6 sockets take IPv4 connections too, where there is IPv6.
Descriptor ListenOn(int port, bool public_address, int& reason) {
  if (public_address) {
    Descriptor both(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (both) {
      SetOption(both.get(), SOL_SOCKET, SO_REUSEADDR);
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_any;
      address.sin6_port = htons(static_cast<std::uint16_t>(port));
      if (bind(both.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
          listen(both.get(), 1024) == 0) {
        return both;
      }
      reason = errno;
      if (reason == EADDRINUSE) return {};
    }
  }
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  SetOption(listener.get(), SOL_SOCKET, SO_REUSEADDR);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(public_address ? INADDR_ANY : INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      listen(listener.get(), 1024) == 0) {
    return listener;
  }
  reason = errno;
  return {};
}

}  // namespace

Result<std::vector<std::pair<Descriptor, PublishedPort>>> ListenOnPorts(
    const std::vector<PublishedPort>& ports, const std::string& host) {
  std::vector<std::pair<Descriptor, PublishedPort>> listeners;
  for (const PublishedPort& port : ports) {
    int reason = 0;
    Descriptor listener = ListenOn(port.host_port, port.public_address, reason);
    if (!listener) {
      return Conflict(fmt::format("port {} of host {} {}", port.host_port, host,
                                  reason == EADDRINUSE ? "is in use" : "cannot be listened on"),
                      std::strerror(reason))
          .On("port");
    }
    listeners.emplace_back(std::move(listener), port);
  }
  return listeners;
}

/// One connection and its other half. Each direction has a buffer; a side is read only while the
/// buffer that it fills is empty, so that a slow reader slows its writer and nobody else.
class Forwarder::Session {
 public:
  Session(Loop& loop, Descriptor client, Descriptor server, std::function<void()> on_end)
      : loop_(loop),
        sides_{Side{.socket = std::move(client)}, Side{.socket = std::move(server)}},
        on_end_(std::move(on_end)) {
    for (int side : {0, 1}) {
      loop_.Add(sides_[side].socket.get(), 0,
                [this, side](std::uint32_t events) { Handle(side, events); });
    }
    Wait();
  }

  ~Session() {
    for (Side& side : sides_) loop_.Remove(side.socket.get());
  }

 private:
  struct Side {
    Descriptor socket;
    std::string to_send;     ///< What the other side said and this one has not taken yet.
    bool has_ended = false;  ///< It will say nothing more.
    bool was_told = false;   ///< ... that the other one will say nothing more.
    bool is_gone = false;    ///< It hung up.
  };

  void Handle(int at, std::uint32_t events) {
    Side& side = sides_[at];
    if ((events & EPOLLERR) != 0) return End();
    if ((events & EPOLLHUP) != 0) {
      // It takes nothing any more, and would say so for ever. What it said is still to be had.
      side.is_gone = true;
      loop_.Remove(side.socket.get());
    }
    if ((events & EPOLLIN) != 0 && sides_[1 - at].to_send.empty() && !Take(at)) return End();
    do {
      if (!Send(0) || !Send(1)) return End();
    } while (TakeFromGone());
    const bool is_over = sides_[0].has_ended && sides_[1].has_ended;
    if (is_over && sides_[0].to_send.empty() && sides_[1].to_send.empty()) return End();
    Wait();
  }

  /// Of a side that hung up nothing tells us any more that there is something to take.
  bool TakeFromGone() {
    for (int at : {0, 1}) {
      Side& side = sides_[at];
      std::string& taken = sides_[1 - at].to_send;
      if (!side.is_gone || side.has_ended || !taken.empty()) continue;
      if (!Take(at) || taken.empty()) side.has_ended = true;
      return true;
    }
    return false;
  }

  /// Reads what the side has to say. False: it is broken.
  bool Take(int at) {
    Side& side = sides_[at];
    if (side.has_ended) return true;
    char buffer[kBufferSize];
    const ssize_t count = recv(side.socket.get(), buffer, sizeof(buffer), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) {
      side.has_ended = true;
    } else {
      sides_[1 - at].to_send.append(buffer, static_cast<std::size_t>(count));
    }
    return true;
  }

  bool Send(int at) {
    Side& side = sides_[at];
    while (!side.to_send.empty()) {
      const ssize_t count =
          send(side.socket.get(), side.to_send.data(), side.to_send.size(), MSG_NOSIGNAL);
      // Not connected yet: it says so until it is, or an error comes.
      if (count < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
      side.to_send.erase(0, static_cast<std::size_t>(count));
    }
    if (sides_[1 - at].has_ended && !side.was_told) {
      side.was_told = true;
      shutdown(side.socket.get(), SHUT_WR);
    }
    return true;
  }

  void Wait() {
    for (int at : {0, 1}) {
      const Side& side = sides_[at];
      if (side.is_gone) continue;
      std::uint32_t events = 0;
      if (!side.has_ended && sides_[1 - at].to_send.empty()) events |= EPOLLIN;
      if (!side.to_send.empty()) events |= EPOLLOUT;
      loop_.Change(side.socket.get(), events);
    }
  }

  void End() {
    // Destroys this: whoever called must return at once.
    const auto on_end = std::move(on_end_);
    on_end();
  }

  Loop& loop_;
  Side sides_[2];
  std::function<void()> on_end_;
};

Forwarder::Forwarder(Loop& loop, std::string address) : loop_(loop), address_(std::move(address)) {}
Forwarder::~Forwarder() = default;

void Forwarder::Serve(int listener, int instance_port) {
  loop_.Add(listener, EPOLLIN,
            [this, listener, instance_port](std::uint32_t) { Accept(listener, instance_port); });
}

void Forwarder::Accept(int listener, int instance_port) {
  Descriptor client(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) return;
  Descriptor server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(instance_port));
  if (!server || inet_pton(AF_INET, address_.c_str(), &target.sin_addr) != 1) return;
  // On this machine a connection is there or refused at once; the backlog's end is the exception.
  if (connect(server.get(), reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0 &&
      errno != EINPROGRESS) {
    return;
  }
  for (const int socket : {client.get(), server.get()}) {
    SetOption(socket, IPPROTO_TCP, TCP_NODELAY);
    SetOption(socket, SOL_SOCKET, SO_KEEPALIVE);
  }
  auto key = std::make_shared<Session*>(nullptr);
  auto session = std::make_shared<Session>(loop_, std::move(client), std::move(server),
                                           [this, key] { sessions_.erase(*key); });
  *key = session.get();
  sessions_.emplace(session.get(), std::move(session));
}

}  // namespace dbaas::process

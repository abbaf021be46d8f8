// SPDX-License-Identifier: MPL-2.0
#include "engine/base/listening_ports.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace dbaas {
namespace {

constexpr unsigned kListenState = 10;  // TCP_LISTEN of the kernel's tcp_states.h; "0A" in /proc.

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 question;
};

/// Adds the listeners of one address family; false when the kernel does not answer as it should.
bool AskFamily(int netlink, int family, std::set<int>& ports) {
  Request request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.question.sdiag_family = static_cast<unsigned char>(family);
  request.question.sdiag_protocol = IPPROTO_TCP;
  request.question.idiag_states = 1U << kListenState;
  if (send(netlink, &request, sizeof(request), 0) != sizeof(request)) return false;
  alignas(nlmsghdr) char buffer[32 * 1024];
  while (true) {
    const ssize_t received = recv(netlink, buffer, sizeof(buffer), 0);
    if (received <= 0) return false;
    auto left = static_cast<unsigned>(received);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return true;
      if (message->nlmsg_type == NLMSG_ERROR) return false;
      const auto* answer = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
      ports.insert(ntohs(answer->id.idiag_sport));
    }
  }
}

}  // namespace

std::optional<std::set<int>> AskForListeningPorts() {
  const int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return std::nullopt;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::set<int> ports;
  const bool answered = AskFamily(netlink, AF_INET, ports) && AskFamily(netlink, AF_INET6, ports);
  close(netlink);
  if (!answered) return std::nullopt;
  return ports;
}

void ReadListeningPorts(std::string_view table, std::set<int>& ports) {
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string slot, local, remote, state;
    fields >> slot >> local >> remote >> state;
    const auto colon = local.find_last_of(':');
    if (state != "0A" || colon == std::string::npos) continue;
    int port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
    if (port > 0) ports.insert(port);
  }
}

std::set<int> ListeningPorts() {
  if (auto ports = AskForListeningPorts()) return std::move(*ports);
  std::set<int> ports;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(path);
    ReadListeningPorts(std::string{std::istreambuf_iterator<char>(file), {}}, ports);
  }
  return ports;
}

}  // namespace dbaas

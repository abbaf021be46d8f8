// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/listening_ports.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace dbaas::docker {

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
  std::set<int> ports;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(path);
    ReadListeningPorts(std::string{std::istreambuf_iterator<char>(file), {}}, ports);
  }
  return ports;
}

}  // namespace dbaas::docker

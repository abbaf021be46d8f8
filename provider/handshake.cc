// SPDX-License-Identifier: MPL-2.0
#include "provider/handshake.h"

#include <fmt/format.h>

#include <cstdlib>

#include "engine/base/hash.h"
#include "engine/base/json.h"

namespace dbaas {
namespace {

// The same for every provider, and public.
constexpr const char* kCookieName = "TF_PLUGIN_MAGIC_COOKIE";
constexpr const char* kCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Terraform's decoder refuses the padding.
std::string Base64WithoutPadding(const std::string& data) {
  std::string text = Base64(data);
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
}

bool IsLaunchedByTerraform(const Environment& environment) {
  return environment(kCookieName) == kCookie;
}

std::string HandshakeLine(const Handshake& handshake) {
  std::string line = fmt::format("1|{}|unix|{}|grpc|{}", kProtocol, handshake.socket_path,
                                 Base64WithoutPadding(handshake.certificate_der));
  if (handshake.is_multiplexed) line += *handshake.is_multiplexed ? "|true" : "|false";
  return line + "\n";
}

std::string ReattachLine(const std::string& socket_path, int pid) {
  const Json entry = {{"Protocol", "grpc"},
                      {"ProtocolVersion", kProtocol},
                      {"Pid", pid},
                      // Only with this does the host heed the version and leave the process alone.
                      {"Test", true},
                      {"Addr", {{"Network", "unix"}, {"String", socket_path}}}};
  const Json providers = {{"registry.terraform.io/dbaas/dbaas", entry},
                          {"registry.opentofu.org/dbaas/dbaas", entry}};
  return "TF_REATTACH_PROVIDERS='" + Dump(providers) + "'";
}

}  // namespace dbaas

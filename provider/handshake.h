// SPDX-License-Identifier: MPL-2.0
//
// How Terraform starts a plugin and what the plugin says first: the environment it gives, and the
// one line that it waits for. Called by main.cc and serve.*. Pure; the environment is passed in.
//
//   1|6|unix|/tmp/dbaas-plugin-Xb2k…/socket|grpc|MIIB…
//
// Source: go-plugin's docs/guide-plugin-write-non-go.md and docs/internals.md.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace dbaas {

/// Reads one variable of the environment; empty when it is not set.
using Environment = std::function<std::string(const char* name)>;
Environment ProcessEnvironment();

/// Whether it was Terraform that started us, rather than a person. No security, only manners.
bool IsLaunchedByTerraform(const Environment& environment);

/// The one version of the protocol that we speak. PLUGIN_PROTOCOL_VERSIONS tells which ones the
/// host does ("5,6", in no order); there is nothing to choose from it, and when ours is not among
/// them the host says so better than we could.
inline constexpr int kProtocol = 6;

struct Handshake {
  std::string socket_path;
  std::string certificate_der;         ///< Empty: no TLS.
  std::optional<bool> is_multiplexed;  ///< Absent: the host did not ask.
};
/// With the newline.
std::string HandshakeLine(const Handshake& handshake);

/// What a person pastes into a shell so that Terraform uses a provider that already runs:
/// TF_REATTACH_PROVIDERS='{…}'.
std::string ReattachLine(const std::string& socket_path, int pid);

}  // namespace dbaas

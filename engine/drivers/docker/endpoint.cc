// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/endpoint.h"

#include <fmt/format.h>

#include <string_view>

namespace dbaas::docker {
namespace {

const std::string kDefaultEndpoint = std::string("unix://") + kDefaultSocket;
constexpr std::string_view kPlainPort = "2375";
constexpr std::string_view kTlsPort = "2376";

Error BadEndpoint(const std::string& text, const std::string& why) {
  return Invalid("endpoint", fmt::format("Docker endpoint \"{}\" {}", text, why),
                 "Write it like unix:///var/run/docker.sock or tcp://db1:2376.");
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// "db1:2376/", "[::1]:2376", "db1" → host and port; both empty when it is none of these.
std::pair<std::string, std::string> SplitHostPort(std::string rest) {
  while (rest.ends_with('/')) rest.pop_back();
  if (rest.find('/') != std::string::npos) return {};
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string::npos) return {};
    const std::string after = rest.substr(end + 1);
    if (!after.empty() && !after.starts_with(':')) return {};
    return {rest.substr(1, end - 1), after.empty() ? "" : after.substr(1)};
  }
  const auto colon = rest.find(':');
  if (colon == std::string::npos) return {rest, ""};
  if (rest.find(':', colon + 1) != std::string::npos) return {};
  return {rest.substr(0, colon), rest.substr(colon + 1)};
}

bool IsPort(const std::string& text) {
  if (text.empty() || text.size() > 5) return false;
  if (text.find_first_not_of("0123456789") != std::string::npos) return false;
  return std::stoi(text) >= 1 && std::stoi(text) <= 65535;
}

}  // namespace

bool Endpoint::IsLocal() const { return !socket_path.empty() || IsLoopback(host); }

std::string Endpoint::Address() const { return IsLocal() ? "127.0.0.1" : host; }

Result<Endpoint> ParseEndpoint(const DockerOptions& options) {
  Endpoint endpoint;
  endpoint.text = options.endpoint.empty() ? kDefaultEndpoint : options.endpoint;
  const auto scheme_end = endpoint.text.find("://");
  // A bare path is a socket, as the docker command has it.
  const std::string scheme =
      scheme_end == std::string::npos ? "" : endpoint.text.substr(0, scheme_end);
  const std::string rest =
      scheme_end == std::string::npos ? endpoint.text : endpoint.text.substr(scheme_end + 3);

  if (scheme == "unix" || (scheme.empty() && rest.starts_with('/'))) {
    if (!rest.starts_with('/')) return BadEndpoint(endpoint.text, "names no socket");
    endpoint.text = "unix://" + rest;
    endpoint.socket_path = rest;
    endpoint.url = "http://docker";
    return endpoint;
  }
  if (scheme == "ssh") {
    return BadEndpoint(endpoint.text,
                       "uses ssh, which is not supported; forward the socket or use TLS");
  }
  if (scheme != "tcp" && scheme != "http" && scheme != "https") {
    return BadEndpoint(endpoint.text, "is not understood");
  }

  const bool tls =
      scheme == "https" ||
      (scheme == "tcp" && (options.tls_verify.value_or(false) || !options.cert_path.empty()));
  auto [host, port] = SplitHostPort(rest);
  if (port.empty()) port = tls ? kTlsPort : kPlainPort;
  if (host.empty() || !IsPort(port)) return BadEndpoint(endpoint.text, "is not a host and a port");
  endpoint.host = host;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  endpoint.url = fmt::format(fmt::runtime(is_ipv6 ? "{}://[{}]:{}" : "{}://{}:{}"),
                             tls ? "https" : "http", host, port);
  if (!tls) return endpoint;

  endpoint.verify = options.tls_verify.value_or(true);
  std::string folder = options.cert_path;
  if (folder.empty()) return endpoint;
  if (!folder.ends_with('/')) folder += '/';
  endpoint.ca_file = folder + "ca.pem";
  endpoint.certificate_file = folder + "cert.pem";
  endpoint.key_file = folder + "key.pem";
  return endpoint;
}

}  // namespace dbaas::docker

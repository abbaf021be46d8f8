// SPDX-License-Identifier: MPL-2.0
//
// Where a Docker engine listens, read from the text that people write:
// "unix:///var/run/docker.sock", "tcp://db1:2376". Pure. Called by docker_driver.cc.
//
// Source: the -H option and the environment variables of the docker command,
// https://docs.docker.com/reference/cli/docker/#environment-variables
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/drivers/docker/docker_driver.h"

namespace dbaas::docker {

inline constexpr char kDefaultSocket[] = "/var/run/docker.sock";

struct Endpoint {
  std::string text;         ///< As people write it, for messages.
  std::string socket_path;  ///< Of a unix socket; empty for TCP.
  std::string url;   ///< What every path is appended to: "http://docker", "https://db1:2376".
  std::string host;  ///< Host part of a TCP endpoint, without brackets.
  // TLS, when url starts with https. Empty file names leave the system's defaults.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  bool verify = true;

  /// The engine runs on this machine, in this network namespace.
  bool IsLocal() const;
  /// Where clients reach ports that the engine publishes.
  std::string Address() const;
};

/// An empty endpoint means the default socket.
Result<Endpoint> ParseEndpoint(const DockerOptions& options);

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
//
// A host as it is configured: which driver, and what that needs to reach it. Read from the provider
// block by schemas/provider.*, given to the engine by provider/ and cli/. Plain data.
#pragma once

#include <optional>
#include <string>

namespace dbaas {

struct HostConfig {
  enum class Kind {
    kOfEnvironment,  ///< DBAAS_DIRECTORY names a process host's directory; else as kDocker.
    kDocker,
    kProcess,
  };
  std::string name = "local";
  Kind kind = Kind::kOfEnvironment;

  // kDocker. What is empty or absent comes from DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY.
  std::string docker_endpoint;  ///< "unix:///var/run/docker.sock", "tcp://db1:2376"
  std::string cert_path;        ///< Folder with ca.pem, cert.pem, key.pem.
  std::optional<bool> tls_verify;

  // kProcess.
  std::string directory;  ///< "/var/lib/dbaas"
  std::string user;       ///< For root alone: who everything belongs to. Empty: postgres.
};

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// A host as it is configured: which driver, and what that needs to reach it. Read from the provider
// block by schemas/provider.*, given to the engine by provider/ and cli/. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dbaas {

/// One namespace of a Kubernetes cluster.
struct KubernetesConfig {
  std::string config_path;     ///< "~/.kube/config". Empty: KUBECONFIG, or what kubectl looks for.
  std::string context;         ///< Of that file. Empty: its current one.
  std::string namespace_name;  ///< Empty: the context's.
  std::string storage_class;   ///< Of all volumes. Empty: the cluster's default.
  std::int64_t volume_bytes = std::int64_t{10} << 30;  ///< Of each volume.
  bool node_ports = false;  ///< Ports are published on every node, and not inside alone.
  std::string cluster_domain = "cluster.local";
  std::string address;  ///< Under which clients reach node ports. Empty: the API server's.
  friend bool operator==(const KubernetesConfig&, const KubernetesConfig&) = default;
};

struct HostConfig {
  enum class Kind {
    kOfEnvironment,  ///< DBAAS_DIRECTORY names a process host's directory; else as kDocker.
    kDocker,
    kProcess,
    kKubernetes,
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

  KubernetesConfig kubernetes;  ///< kKubernetes.
};

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Kubeconfig: which API server a host is, and how one proves who one is there. Called by the
// driver's making; the client asks it for the header of each call.
//
//   const Access access = TRY(ReadAccess({.config_path = "/home/me/.kube/config"}, environment));
//
// Threading: plain values. Errors: kInvalid with the key of the host block that is wrong
// (config_path, context), or the file and what is wrong in it.
// Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/secret.h"

namespace dbaas::kubernetes {

/// What the host block says of it.
struct AccessOptions {
  std::string config_path;  ///< Empty: KUBECONFIG, then ~/.kube/config, then the pod's own account.
  std::string context;      ///< Empty: the file's current one.
  /// Where a pod finds its own account; a test has it elsewhere.
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// A program that prints a credential (client.authentication.k8s.io/v1 and v1beta1).
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string install_hint;
  bool provide_cluster_info = false;
};

/// All that a client needs. Certificates and keys are PEM, whatever way they were given.
struct Access {
  std::string server;           ///< "https://10.0.0.1:6443", no slash at its end.
  std::string tls_server_name;  ///< Empty: the server's own.
  std::string authority;        ///< PEM; empty: the system's.
  std::string proxy;            ///< URL; empty: what the environment says.
  std::string namespace_name;   ///< Of the context, or of the pod; "default" when nobody says.
  std::string client_certificate;
  Secret<std::string> client_key;
  Secret<std::string> token;
  std::string token_file;  ///< Read anew from time to time, for it is replaced before it expires.
  std::string username;
  Secret<std::string> password;
  std::optional<ExecPlugin> exec;
  std::string impersonated_user;  ///< Act as this user; the server asks whether we may.
  std::vector<std::string> impersonated_groups;
};

/// `variable` looks up an environment variable; empty when it is not set. Files are read here, but
/// for token_file. insecure-skip-tls-verify is refused, with the reason.
Result<Access> ReadAccess(const AccessOptions& options,
                          const std::function<std::string(const std::string&)>& variable);

}  // namespace dbaas::kubernetes

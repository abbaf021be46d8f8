// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/kubeconfig.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "engine/base/hash.h"

namespace dbaas::kubernetes {
namespace {

constexpr char kConfigPath[] = "config_path";
constexpr char kContext[] = "context";
constexpr char kServiceAccountHelp[] =
    "Name a file in config_path, set KUBECONFIG, or run inside a pod that has a service account.";

/// One of the files that together are the kubeconfig.
struct File {
  std::string path;
  YAML::Node root;
};

/// An entry of one of the lists, with the file that paths in it are relative to.
struct Entry {
  std::string file;
  YAML::Node body;  ///< Not defined: there is no such entry.
};

std::string Text(const YAML::Node& node, const char* key) {
  const YAML::Node value = node.IsMap() ? node[key] : YAML::Node();
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

bool Says(const YAML::Node& node, const char* key) {
  const std::string text = Text(node, key);
  return text == "true" || text == "True" || text == "TRUE";
}

Result<std::string> ReadWhole(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return Invalid(kConfigPath, fmt::format("{} cannot be read", path));
  }
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

Result<File> ReadFile(const std::string& path) {
  const std::string text = TRY(ReadWhole(path));
  File file{.path = path};
  try {
    file.root = YAML::Load(text);
  } catch (const YAML::Exception& exception) {
    return Invalid(kConfigPath, fmt::format("{} is not YAML: line {}: {}", path,
                                            exception.mark.line + 1, exception.msg));
  }
  if (!file.root.IsMap() && !file.root.IsNull()) {
    return Invalid(kConfigPath, fmt::format("{} is not a kubeconfig", path));
  }
  return file;
}

/// The first file that has the entry counts, as a whole.
Entry Find(const std::vector<File>& files, const char* list, const char* body,
           const std::string& name) {
  for (const File& file : files) {
    const YAML::Node entries = file.root.IsMap() ? file.root[list] : YAML::Node();
    if (!entries || !entries.IsSequence()) continue;
    for (const YAML::Node& entry : entries) {
      if (Text(entry, "name") == name && entry[body] && entry[body].IsMap()) {
        return {file.path, entry[body]};
      }
    }
  }
  return {{}, YAML::Node(YAML::NodeType::Undefined)};
}

std::string Names(const std::vector<File>& files, const char* list) {
  std::string names;
  for (const File& file : files) {
    const YAML::Node entries = file.root.IsMap() ? file.root[list] : YAML::Node();
    if (!entries || !entries.IsSequence()) continue;
    for (const YAML::Node& entry : entries) {
      names += (names.empty() ? "" : ", ") + Text(entry, "name");
    }
  }
  return names.empty() ? "none" : names;
}

std::string Beside(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

/// The PEM of KEY-data, or of the file that KEY names; empty when there is neither.
Result<std::string> ReadPem(const Entry& entry, const std::string& key) {
  std::string pem;
  if (const std::string data = Text(entry.body, (key + "-data").c_str()); !data.empty()) {
    pem = DecodeBase64(data);
  } else if (const std::string path = Text(entry.body, key.c_str()); !path.empty()) {
    const std::string full = Beside(entry.file, path);
    pem = TRY_IN(ReadWhole(full), fmt::format("reading {} of {}", key, entry.file));
  } else {
    return pem;
  }
  if (pem.find("-----BEGIN ") == std::string::npos) {
    return Invalid(kConfigPath, fmt::format("{} of {} is not PEM", key, entry.file));
  }
  return pem;
}

bool IsLoopback(std::string_view host) {
  for (const std::string_view name : {"127.0.0.1", "localhost", "[::1]"}) {
    if (host == name || host.starts_with(std::string(name) + ":") ||
        host.starts_with(std::string(name) + "/")) {
      return true;
    }
  }
  return false;
}

Result<void> ReadCluster(const Entry& cluster, Access& access) {
  access.server = Text(cluster.body, "server");
  while (access.server.ends_with('/')) access.server.pop_back();
  const bool is_https = access.server.starts_with("https://");
  if (!is_https && !access.server.starts_with("http://")) {
    return Invalid(kConfigPath, fmt::format("server '{}' of {} is not an https:// address",
                                            access.server, cluster.file));
  }
  if (!is_https && !IsLoopback(std::string_view(access.server).substr(7))) {
    return Invalid(kConfigPath,
                   fmt::format("server {} of {} has no TLS", access.server, cluster.file),
                   "Secrets of databases would go over the network in the clear; plain http is for "
                   "a proxy on this machine only.");
  }
  if (Says(cluster.body, "insecure-skip-tls-verify")) {
    return Invalid(kConfigPath,
                   fmt::format("insecure-skip-tls-verify of {} is refused", cluster.file),
                   "Whoever sits in between could read every secret of the databases. Give "
                   "certificate-authority-data, and tls-server-name if the address differs.");
  }
  access.tls_server_name = Text(cluster.body, "tls-server-name");
  access.proxy = Text(cluster.body, "proxy-url");
  access.authority = TRY(ReadPem(cluster, "certificate-authority"));
  return Ok();
}

Result<ExecPlugin> ReadPlugin(const Entry& user) {
  const YAML::Node exec = user.body["exec"];
  ExecPlugin plugin{.api_version = Text(exec, "apiVersion"),
                    .command = Text(exec, "command"),
                    .install_hint = Text(exec, "installHint"),
                    .provide_cluster_info = Says(exec, "provideClusterInfo")};
  if (plugin.command.empty()) {
    return Invalid(kConfigPath, fmt::format("exec of {} has no command", user.file));
  }
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return Invalid(kConfigPath, fmt::format("exec of {} has apiVersion '{}'; v1 and v1beta1 of "
                                            "client.authentication.k8s.io are known",
                                            user.file, plugin.api_version));
  }
  if (Text(exec, "interactiveMode") == "Always") {
    return Invalid(kConfigPath,
                   fmt::format("{} of {} wants to talk to a person", plugin.command, user.file),
                   "Its interactiveMode is Always, and there is no terminal here.");
  }
  // Names without a slash are looked for in PATH.
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = Beside(user.file, plugin.command);
  }
  if (const YAML::Node arguments = exec["args"]; arguments && arguments.IsSequence()) {
    for (const YAML::Node& argument : arguments) plugin.arguments.push_back(argument.Scalar());
  }
  if (const YAML::Node variables = exec["env"]; variables && variables.IsSequence()) {
    for (const YAML::Node& variable : variables) {
      plugin.environment[Text(variable, "name")] = Text(variable, "value");
    }
  }
  return plugin;
}

Result<void> ReadUser(const Entry& user, Access& access) {
  if (user.body["auth-provider"]) {
    return Invalid(kConfigPath,
                   fmt::format("auth-provider of {} is gone from Kubernetes since 1.26", user.file),
                   "Use an exec plugin of the same provider.");
  }
  if (user.body["as-uid"] || user.body["as-user-extra"]) {
    return Invalid(kConfigPath,
                   fmt::format("as-uid and as-user-extra of {} are not known here", user.file));
  }
  access.client_certificate = TRY(ReadPem(user, "client-certificate"));
  access.client_key = Secret<std::string>(TRY(ReadPem(user, "client-key")));
  if (access.client_certificate.empty() != access.client_key.Reveal().empty()) {
    return Invalid(kConfigPath,
                   fmt::format("{} has only one of client-certificate and client-key", user.file));
  }
  access.token = Secret<std::string>(Text(user.body, "token"));
  if (const std::string path = Text(user.body, "tokenFile"); !path.empty()) {
    access.token_file = Beside(user.file, path);
  }
  access.username = Text(user.body, "username");
  access.password = Secret<std::string>(Text(user.body, "password"));
  access.impersonated_user = Text(user.body, "as");
  if (const YAML::Node groups = user.body["as-groups"]; groups && groups.IsSequence()) {
    for (const YAML::Node& group : groups) access.impersonated_groups.push_back(group.Scalar());
  }
  // The server knows groups only of an impersonated user: without one they would be ours.
  if (access.impersonated_user.empty() && !access.impersonated_groups.empty()) {
    return Invalid(kConfigPath, fmt::format("as-groups of {} needs as", user.file));
  }
  if (user.body["exec"] && user.body["exec"].IsMap()) access.exec = TRY(ReadPlugin(user));
  return Ok();
}

Result<Access> FromFiles(const std::vector<File>& files, std::string context_name) {
  const bool asked_for = !context_name.empty();
  for (const File& file : files) {
    if (context_name.empty()) context_name = Text(file.root, "current-context");
  }
  if (context_name.empty()) {
    return Invalid(kContext, fmt::format("{} has no current-context", files.front().path),
                   fmt::format("Choose one of: {}.", Names(files, "contexts")));
  }
  const Entry context = Find(files, "contexts", "context", context_name);
  if (!context.body.IsDefined()) {
    return Invalid(asked_for ? kContext : kConfigPath,
                   fmt::format("{} has no context '{}'", files.front().path, context_name),
                   fmt::format("It has: {}.", Names(files, "contexts")));
  }
  const std::string cluster_name = Text(context.body, "cluster");
  const Entry cluster = Find(files, "clusters", "cluster", cluster_name);
  if (!cluster.body.IsDefined()) {
    return Invalid(kConfigPath,
                   fmt::format("context {} of {} needs cluster '{}', which is not there",
                               context_name, context.file, cluster_name));
  }
  Access access;
  TRY(ReadCluster(cluster, access));
  // A context without a user is for a proxy that adds the credential.
  if (const std::string user_name = Text(context.body, "user"); !user_name.empty()) {
    const Entry user = Find(files, "users", "user", user_name);
    if (!user.body.IsDefined()) {
      return Invalid(kConfigPath, fmt::format("context {} of {} needs user '{}', who is not there",
                                              context_name, context.file, user_name));
    }
    TRY(ReadUser(user, access));
  }
  access.namespace_name = Text(context.body, "namespace");
  if (access.namespace_name.empty()) access.namespace_name = "default";
  return access;
}

Result<Access> FromServiceAccount(const std::string& folder, const std::string& host,
                                  const std::string& port) {
  Access access;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  access.server =
      fmt::format("https://{}:{}", is_ipv6 ? "[" + host + "]" : host, port.empty() ? "443" : port);
  access.authority = TRY(ReadWhole(folder + "/ca.crt"));
  access.token_file = folder + "/token";
  access.namespace_name = "default";
  if (const Result<std::string> name = ReadWhole(folder + "/namespace"); name.has_value()) {
    const auto end = name->find_first_of(" \t\r\n");
    if (end != 0 && !name->empty()) access.namespace_name = name->substr(0, end);
  }
  return access;
}

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

Result<Access> ReadAccess(const AccessOptions& options,
                          const std::function<std::string(const std::string&)>& variable) {
  std::vector<std::string> paths;
  const std::string home = variable("HOME");
  if (!options.config_path.empty()) {
    const bool at_home = options.config_path.starts_with("~/") && !home.empty();
    paths.push_back(at_home ? home + options.config_path.substr(1) : options.config_path);
  } else if (const std::string list = variable("KUBECONFIG"); !list.empty()) {
    // Those that are not there are left out, as everybody does.
    for (std::size_t at = 0; at <= list.size();) {
      const auto end = std::min(list.find(':', at), list.size());
      const std::string path = list.substr(at, end - at);
      if (!path.empty() && IsThere(path)) paths.push_back(path);
      at = end + 1;
    }
    if (paths.empty()) {
      return Invalid(kConfigPath, fmt::format("KUBECONFIG names no file that is there: {}", list));
    }
  } else if (!home.empty() && IsThere(home + "/.kube/config")) {
    paths.push_back(home + "/.kube/config");
  }

  try {
    if (!paths.empty()) {
      std::vector<File> files;
      for (const std::string& path : paths) files.push_back(TRY(ReadFile(path)));
      return FromFiles(files, options.context);
    }
  } catch (const YAML::Exception& exception) {
    // Something is of another shape than every kubeconfig has it.
    return Invalid(kConfigPath, fmt::format("{} is not a kubeconfig: line {}: {}", paths.front(),
                                            exception.mark.line + 1, exception.msg));
  }

  const std::string host = variable("KUBERNETES_SERVICE_HOST");
  if (host.empty() || !IsThere(options.service_account + "/token")) {
    return Invalid(kConfigPath, "there is no kubeconfig", kServiceAccountHelp);
  }
  if (!options.context.empty()) {
    return Invalid(kContext, "a pod's own account has no contexts",
                   "Name the kubeconfig in config_path.");
  }
  return FromServiceAccount(options.service_account, host, variable("KUBERNETES_SERVICE_PORT"));
}

}  // namespace dbaas::kubernetes

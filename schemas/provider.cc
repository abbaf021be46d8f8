// SPDX-License-Identifier: MPL-2.0
#include "schemas/provider.h"

#include <set>

#include "schemas/kit.h"
#include "schemas/validators.h"

namespace dbaas {
namespace {

struct DockerBlock {
  std::string endpoint;
  std::string cert_path;
  std::optional<bool> tls_verify;
  static Table<DockerBlock> Attributes();
};

struct ProcessBlock {
  std::string directory;
  std::string user;
  static Table<ProcessBlock> Attributes();
};

struct KubernetesBlock {
  std::string config_path;
  std::string context;
  std::string namespace_name;
  std::string storage_class;
  std::optional<std::string> volume_size;
  std::optional<std::string> service_type;
  std::optional<std::string> cluster_domain;
  std::string address;
  static Table<KubernetesBlock> Attributes();
};

struct HostBlock {
  std::string name;
  std::optional<DockerBlock> docker;
  std::optional<ProcessBlock> process;
  std::optional<KubernetesBlock> kubernetes;
  static Table<HostBlock> Attributes();
};

struct ProviderConfig {
  std::vector<HostBlock> hosts;
};

Table<DockerBlock> DockerBlock::Attributes() {
  return Nested<DockerBlock>()
      .Add("endpoint", &DockerBlock::endpoint, Optional,
           "Where the Docker engine listens: `unix:///var/run/docker.sock`, `tcp://db1:2376`. From "
           "`DOCKER_HOST` when left out, else the default socket.",
           NotEmpty())
      .Add("cert_path", &DockerBlock::cert_path, Optional,
           "Folder with `ca.pem`, `cert.pem` and `key.pem` for TLS. From `DOCKER_CERT_PATH` when "
           "left out.",
           NotEmpty())
      .Add("tls_verify", &DockerBlock::tls_verify, Optional,
           "Whether the engine's certificate is checked. From `DOCKER_TLS_VERIFY` when left out.");
}

Table<ProcessBlock> ProcessBlock::Attributes() {
  return Nested<ProcessBlock>()
      .Add("directory", &ProcessBlock::directory, Required,
           "Where everything of this host lies, data too: an absolute path, made when missing. One "
           "directory is one host.",
           AbsolutePath())
      .Add("user", &ProcessBlock::user, Optional,
           "The system's user that the directory and all processes belong to, where root runs "
           "Terraform. `postgres` when left out. Anybody else's are their own.",
           NotEmpty());
}

constexpr char kNodePort[] = "NodePort";

Table<KubernetesBlock> KubernetesBlock::Attributes() {
  using K = KubernetesBlock;
  return Nested<K>()
      .Add("config_path", &K::config_path, Optional,
           "The kubeconfig file. When left out, what kubectl would take: `KUBECONFIG`, else "
           "`~/.kube/config`, and inside a pod its service account.",
           NotEmpty())
      .Add("context", &K::context, Optional,
           "Context of the kubeconfig. Its current one when left out.", NotEmpty())
      .Add(
          "namespace", &K::namespace_name, Optional,
          "Namespace that everything of this host lies in, made when it is missing. The context's, "
          "or `default`, when left out. One namespace is one host.",
          Dns1123(63))
      .Add("storage_class", &K::storage_class, Optional,
           "Storage class of all volumes. The cluster's default when left out.", NotEmpty())
      .Add("volume_size", &K::volume_size, Optional,
           "Size of each volume that is made from now on, such as `\"100GiB\"`. `10GiB` when left "
           "out.",
           Memory())
      .Add("service_type", &K::service_type, Optional,
           "How clients reach a cluster's ports: `ClusterIP`, from inside the Kubernetes cluster, "
           "or `NodePort`, on every node and from 30000 to 32767. `ClusterIP` when left out.",
           OneOf({"ClusterIP", kNodePort}))
      .Add("cluster_domain", &K::cluster_domain, Optional,
           "What the names of services end with. `cluster.local` when left out.", NotEmpty())
      .Add("address", &K::address, Optional,
           "Address under which clients reach the ports of `NodePort`. The API server's when left "
           "out.",
           NotEmpty());
}

Table<HostBlock> HostBlock::Attributes() {
  return Nested<HostBlock>()
      .Add("name", &HostBlock::name, Required,
           "Name of the host, as it appears in `id` and `host_name`. Renaming a host makes its "
           "clusters look like new ones.",
           Dns1123(40))
      .AddBlock("docker", &HostBlock::docker, "A Docker engine.")
      .AddBlock("process", &HostBlock::process,
                "This machine itself, without a container engine: PostgreSQL, Patroni, etcd and "
                "HAProxy run as processes, from the programs that are installed.")
      .AddBlock("kubernetes", &HostBlock::kubernetes, "A namespace of a Kubernetes cluster.");
}

const Table<ProviderConfig>& Rows() {
  static const Table<ProviderConfig> kRows =
      Table<ProviderConfig>(
          "dbaas",
          "Database clusters on your own machines: PostgreSQL with failover, replicas and "
          "credentials, on Docker engines that you have, in Kubernetes or on the machine itself. "
          "The truth about a cluster lives beside its data, so a lost state file costs an import "
          "and nothing else.")
          .AddBlock(
              "host", &ProviderConfig::hosts,
              "A place where clusters live. Repeatable; the first one is the default. Without "
              "any there is one host called `local`: the directory that `DBAAS_DIRECTORY` names, "
              "or else the Docker engine of the environment.");
  return kRows;
}

/// The error stands on the second.
void CheckOneDriver(const Value& host, const AttributePath& here, Diagnostics& found) {
  std::string first;
  for (const char* driver : {"docker", "process", "kubernetes"}) {
    if (host.at(driver).kind() != Value::Kind::kMap) continue;
    if (first.empty()) {
      first = driver;
      continue;
    }
    found.push_back(ErrorAt(Attr(here, driver), "Two drivers for one host",
                            "A host has either a " + first + " block or a " + driver + " block."));
  }
}

Result<KubernetesConfig> ToKubernetes(const KubernetesBlock& block) {
  KubernetesConfig kubernetes;
  kubernetes.config_path = block.config_path;
  kubernetes.context = block.context;
  kubernetes.namespace_name = block.namespace_name;
  kubernetes.storage_class = block.storage_class;
  if (block.volume_size) kubernetes.volume_bytes = TRY(ParseMemory(*block.volume_size));
  kubernetes.node_ports = block.service_type == kNodePort;
  kubernetes.cluster_domain = block.cluster_domain.value_or(kubernetes.cluster_domain);
  kubernetes.address = block.address;
  return kubernetes;
}

}  // namespace

const Schema& ProviderSchema() { return Rows().schema(); }

Diagnostics CheckProvider(const Value& config) {
  Diagnostics found;
  const Value& hosts = config.at("host");
  if (hosts.kind() != Value::Kind::kList) return found;
  std::set<std::string> names;
  std::set<std::string> directories;
  for (std::size_t i = 0; i < hosts.as_list().size(); ++i) {
    const Value& host = hosts.as_list()[i];
    const AttributePath here = Index(Attr({}, "host"), static_cast<std::int64_t>(i));
    CheckOneDriver(host, here, found);
    const Value& process = host.at("process");
    if (process.kind() == Value::Kind::kMap) {
      const Value& directory = process.at("directory");
      if (directory.kind() == Value::Kind::kString &&
          !directories.insert(directory.as_string()).second) {
        found.push_back(ErrorAt(Attr(Attr(here, "process"), "directory"), "Duplicate directory",
                                "Two hosts cannot share " + directory.as_string() + "."));
      }
    }
    const Value& name = host.at("name");
    if (!name.is_known() || names.insert(name.as_string()).second) continue;
    found.push_back(ErrorAt(Attr(here, "name"), "Duplicate host name",
                            "There are two host blocks called \"" + name.as_string() +
                                "\". Each needs a name of its own."));
  }
  return found;
}

Result<std::vector<HostConfig>> ReadProviderHosts(const Value& config) {
  std::vector<HostConfig> hosts;
  if (config.is_null()) return hosts;
  const ProviderConfig provider = TRY(Rows().Decode(config));
  for (const HostBlock& block : provider.hosts) {
    HostConfig host{.name = block.name};
    if (block.docker) {
      host.kind = HostConfig::Kind::kDocker;
      host.docker_endpoint = block.docker->endpoint;
      host.cert_path = block.docker->cert_path;
      host.tls_verify = block.docker->tls_verify;
    }
    if (block.process) {
      host.kind = HostConfig::Kind::kProcess;
      host.directory = block.process->directory;
      host.user = block.process->user;
    }
    if (block.kubernetes) {
      host.kind = HostConfig::Kind::kKubernetes;
      host.kubernetes = TRY(ToKubernetes(*block.kubernetes));
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace dbaas

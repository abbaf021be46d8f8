// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/topology.h"

#include "engine/model/object.h"

namespace dbaas::postgresql {
namespace {
constexpr char kEtcdNamespace[] = "/dbaas/";
}  // namespace

std::string VolumeOf(const ClusterRecord& record, const std::string& member) {
  const std::string first = member + "-data";
  return record.data_set == 0 ? first : first + "-" + std::to_string(record.data_set);
}

std::vector<Member> Members(const ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  std::vector<Member> members;
  for (int number = 1; number <= spec.node_count; ++number) {
    members.push_back({.name = record.cluster + "-" + std::to_string(number),
                       .part = std::string(kClusterPart),
                       .is_replica = false,
                       .resources = spec.resources});
  }
  for (const auto& replica : record.replicas()) {
    members.push_back({.name = record.cluster + "-" + replica.name,
                       .part = ReplicaPartKey(replica.name),
                       .is_replica = true,
                       .resources = replica.resources.value_or(spec.resources)});
  }
  for (auto& member : members) member.volume = VolumeOf(record, member.name);
  return members;
}

std::string ProxyName(const std::string& cluster) { return cluster + "-proxy"; }
std::string RepositoryVolume(const std::string& cluster) { return cluster + "-backups"; }
std::string WorkbenchName(const std::string& cluster) { return cluster + "-restore"; }
std::string VerificationName(const std::string& cluster) { return cluster + "-verification"; }
std::string EtcdName() { return std::string(kManagementCluster) + "-etcd"; }

std::string Incarnation(const ClusterRecord& record) { return record.cluster + "-" + record.uid; }
std::string Scope(const ClusterRecord& record) {
  const std::string first = Incarnation(record);
  return record.data_set == 0 ? first : first + "." + std::to_string(record.data_set);
}
std::string EtcdPrefix(const ClusterRecord& record) { return kEtcdNamespace + Scope(record) + "/"; }

std::string MajorOf(const std::string& engine_version) {
  return engine_version.substr(0, engine_version.find('.'));
}
std::string DataFolder(const std::string& major) {
  return std::string(kDataMount) + "/" + major + "/data";
}

}  // namespace dbaas::postgresql

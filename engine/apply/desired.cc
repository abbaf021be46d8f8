// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/desired.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

Object MakeWatcher() {
  const std::string management(kManagementCluster);
  Object watcher{
      .id = WatcherId(),
      .cluster = management,
      .instance = {.image = "dbaas/watch:" DBAAS_VERSION,
                   .command = {"dbaas", "watch", "--declared"},
                   .networks = {management},  // For webhooks; the host is reached by its socket.
                   .resources = {.cpu = 0, .memory_bytes = std::int64_t{256} << 20},
                   .control_socket = true}};
  Seal(watcher, management);
  return watcher;
}

Result<void> CheckPort(const std::string& host, const HostTraits& traits, const char* field,
                       const std::optional<int>& port) {
  if (!port || traits.own_addresses || traits.first_port == 0) return Ok();
  if (*port >= traits.first_port && *port <= traits.last_port) return Ok();
  return Invalid(field,
                 fmt::format("host {} publishes no port {}, only {} to {}", host, *port,
                             traits.first_port, traits.last_port),
                 "Choose one of those, or leave it out to have a free one allocated.");
}

Result<void> CheckCluster(const std::string& host, const HostTraits& traits,
                          const ClusterSpec& cluster) {
  if (!traits.control_socket && cluster.watch.value_or(false)) {
    return Invalid("failover.watch",
                   fmt::format("host {} has no engine that a watcher could be given", host),
                   "Leave failover.watch out, and run `dbaas watch` as a service there "
                   "(docs/watch.md).");
  }
  if (!traits.directories && !cluster.backup_directory.empty()) {
    return Invalid("backup_directory",
                   fmt::format("host {} has no directories that volumes could be", host),
                   "Leave backup_directory out, and give the backup policy a bucket (s3).");
  }
  TRY(CheckPort(host, traits, "port", cluster.port));
  return CheckPort(host, traits, "reader_port", cluster.reader_port);
}

Result<void> CheckPolicy(const std::string& host, const HostTraits& traits,
                         const BackupPolicySpec& policy) {
  if (!traits.control_socket && policy.needs_watcher()) {
    return Invalid(policy.has_schedule() ? "schedule" : "verify.schedule",
                   fmt::format("host {} has no engine that a watcher, which keeps the schedule, "
                               "could be given",
                               host),
                   "Leave schedule out, and have `dbaas backup` and `dbaas verify` run there by a "
                   "timer of the system's (docs/backups.md).");
  }
  if (traits.shared_volumes || policy.s3) return Ok();
  return Invalid(
      "s3",
      fmt::format("host {} has no volume that all members of a cluster could write their "
                  "backups to",
                  host),
      "Give the policy a bucket: set s3.");
}

}  // namespace

ObjectId WatcherId() { return {ObjectKind::kInstance, std::string(kManagementCluster) + "-watch"}; }

Result<DesiredState> Desire(const Dbms& dbms, const ClusterRecord& record) {
  static const Object kWatcher = MakeWatcher();
  DesiredState desired = TRY(dbms.Expand(record));
  if (record.watcher) desired.shared.push_back(kWatcher);
  return desired;
}

Result<void> CheckTraits(const std::string& host, const HostTraits& traits, const PartSpec& part) {
  if (const auto* cluster = std::get_if<ClusterSpec>(&part)) {
    return CheckCluster(host, traits, *cluster);
  }
  const auto* policy = std::get_if<BackupPolicySpec>(&part);
  return policy == nullptr ? Ok() : CheckPolicy(host, traits, *policy);
}

Result<void> FitToHost(const std::string& host, const HostTraits& traits, ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  for (const auto& [key, part] : record.parts) TRY(CheckTraits(host, traits, part));
  const BackupPolicySpec* policy = record.backup_policy();
  const bool is_scheduled = policy != nullptr && policy->needs_watcher();
  record.watcher = traits.control_socket && (IsWatched(spec) || spec.repair || is_scheduled);
  record.shared_volumes = traits.shared_volumes;
  return Ok();
}

Fingerprint FingerprintOf(const DesiredState& desired) {
  Json all = Json::array();
  for (const auto* objects : {&desired.objects, &desired.shared}) {
    for (const auto& object : *objects) {
      all.push_back({object.id.ToText(), object.fingerprint, object.files_fingerprint});
    }
  }
  for (const auto& [key, value] : desired.settings) all.push_back({key, value.Reveal()});
  return FingerprintOf(Dump(all));
}

}  // namespace dbaas

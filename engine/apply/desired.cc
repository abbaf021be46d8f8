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

}  // namespace

ObjectId WatcherId() { return {ObjectKind::kInstance, std::string(kManagementCluster) + "-watch"}; }

Result<DesiredState> Desire(const Dbms& dbms, const ClusterRecord& record) {
  static const Object kWatcher = MakeWatcher();
  DesiredState desired = TRY(dbms.Expand(record));
  if (record.watcher) desired.shared.push_back(kWatcher);
  return desired;
}

Result<void> CheckWatcher(const std::string& host, bool has_control_socket, const PartSpec& part) {
  if (has_control_socket) return Ok();
  const auto* cluster = std::get_if<ClusterSpec>(&part);
  if (cluster != nullptr && cluster->watch.value_or(false)) {
    return Invalid("failover.watch",
                   fmt::format("host {} has no engine that a watcher could be given", host),
                   "Leave failover.watch out, and run `dbaas watch` as a service there "
                   "(docs/watch.md).");
  }
  const auto* policy = std::get_if<BackupPolicySpec>(&part);
  if (policy != nullptr && policy->needs_watcher()) {
    return Invalid(policy->has_schedule() ? "schedule" : "verify.schedule",
                   fmt::format("host {} has no engine that a watcher, which keeps the schedule, "
                               "could be given",
                               host),
                   "Leave schedule out, and have `dbaas backup` and `dbaas verify` run there by a "
                   "timer of the system's (docs/backups.md).");
  }
  return Ok();
}

Result<void> DecideWatcher(const std::string& host, bool has_control_socket,
                           ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  for (const auto& [key, part] : record.parts) TRY(CheckWatcher(host, has_control_socket, part));
  const BackupPolicySpec* policy = record.backup_policy();
  const bool is_scheduled = policy != nullptr && policy->needs_watcher();
  record.watcher = has_control_socket && (IsWatched(spec) || spec.repair || is_scheduled);
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

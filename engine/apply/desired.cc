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

Result<void> CheckWatcher(const std::string& host, bool has_control_socket,
                          const ClusterSpec& spec) {
  if (has_control_socket || !spec.watch.value_or(false)) return Ok();
  return Invalid("failover.watch",
                 fmt::format("host {} has no engine that a watcher could be given", host),
                 "Leave failover.watch out, and run `dbaas watch` as a service there "
                 "(docs/watch.md).");
}

Result<void> DecideWatcher(const std::string& host, bool has_control_socket,
                           ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  TRY(CheckWatcher(host, has_control_socket, spec));
  record.watcher = has_control_socket && (IsWatched(spec) || spec.repair);
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

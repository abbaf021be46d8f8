// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/dbms/postgresql/parameter_table.h"

namespace dbaas::postgresql {
namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

struct Named {
  std::string_view name;
  std::string_view text;
};

// What every cluster has from its first start, because adding it later would cost a restart, or
// because operators of a fleet need it. A user's own value goes first.
constexpr auto kFixed = std::to_array<Named>({
    // A backup policy then only changes the command, which is a reload. Until there is one, every
    // finished WAL file counts as archived.
    {"archive_command", "/bin/true"},
    {"archive_mode", "on"},
    {"log_line_prefix", "%m [%p] %q%u@%d "},
    {"log_lock_waits", "on"},
    // Each follower takes one, two while it is being copied; followers come without a restart.
    {"max_replication_slots", "20"},
    {"max_wal_senders", "20"},
    {"shared_preload_libraries", "pg_stat_statements"},
    // Sessions of clients that vanished behind a proxy end after two minutes rather than two hours.
    {"tcp_keepalives_idle", "60s"},
    // A standby that lost its primary looks for the new one every second, not every five.
    {"wal_retrieve_retry_interval", "1s"},
});

// Set by Patroni, by our own configuration of the member, or by another attribute.
constexpr auto kControlled = std::to_array<Named>({
    {"archive_cleanup_command", "recovery is steered by Patroni"},
    {"archive_command", "archiving belongs to the backup policy"},
    {"archive_library", "archiving belongs to the backup policy"},
    {"archive_mode", "archiving belongs to the backup policy"},
    {"cluster_name", "Patroni sets it"},
    {"config_file", "the place of files belongs to the image"},
    {"data_directory", "the place of files belongs to the image"},
    {"event_source", "there is no event log in a container"},
    {"external_pid_file", "the place of files belongs to the image"},
    {"hba_file", "who may log in, and how, is set by the engine"},
    {"hot_standby", "standbys always answer reads"},
    {"ident_file", "who may log in, and how, is set by the engine"},
    {"listen_addresses", "the port is set by the attribute port"},
    {"log_destination", "the log goes to the container's output"},
    {"log_directory", "the log goes to the container's output"},
    {"log_file_mode", "the log goes to the container's output"},
    {"log_filename", "the log goes to the container's output"},
    {"logging_collector", "the log goes to the container's output"},
    {"port", "the port is set by the attribute port"},
    {"primary_conninfo", "replication is steered by Patroni"},
    {"primary_slot_name", "replication is steered by Patroni"},
    {"promote_trigger_file", "who is primary is decided by Patroni"},
    {"recovery_end_command", "recovery is steered by Patroni"},
    {"recovery_init_sync_method", "recovery is steered by Patroni"},
    {"recovery_min_apply_delay", "replication is steered by Patroni"},
    {"recovery_target", "recovery is steered by Patroni"},
    {"recovery_target_action", "recovery is steered by Patroni"},
    {"recovery_target_inclusive", "recovery is steered by Patroni"},
    {"recovery_target_lsn", "recovery is steered by Patroni"},
    {"recovery_target_name", "recovery is steered by Patroni"},
    {"recovery_target_time", "recovery is steered by Patroni"},
    {"recovery_target_timeline", "recovery is steered by Patroni"},
    {"recovery_target_xid", "recovery is steered by Patroni"},
    {"restart_after_crash", "restarts are Patroni's business"},
    {"restore_command", "recovery is steered by Patroni"},
    {"ssl", "TLS is always on"},
    {"ssl_ca_file", "certificates are issued by the cluster's own authority"},
    {"ssl_cert_file", "certificates are issued by the cluster's own authority"},
    {"ssl_crl_dir", "certificates are issued by the cluster's own authority"},
    {"ssl_crl_file", "certificates are issued by the cluster's own authority"},
    {"ssl_key_file", "certificates are issued by the cluster's own authority"},
    {"ssl_passphrase_command", "certificates are issued by the cluster's own authority"},
    {"ssl_passphrase_command_supports_reload",
     "certificates are issued by the cluster's own authority"},
    {"synchronized_standby_slots", "replication is steered by Patroni"},
    {"synchronous_standby_names", "use the attribute synchronous_replication"},
    {"unix_socket_directories", "the place of files belongs to the image"},
    {"unix_socket_group", "the place of files belongs to the image"},
    {"unix_socket_permissions", "the place of files belongs to the image"},
    {"wal_log_hints", "pg_rewind needs it, Patroni keeps it on"},
    {"transaction_deferrable", "it is a property of one transaction"},
    {"transaction_isolation", "it is a property of one transaction"},
    {"transaction_read_only", "it is a property of one transaction"},
});

// Values that end in lost data or in a cluster that cannot fail over.
constexpr auto kForbidden = std::to_array<Named>({
    {"fsync=off", "committed data would be lost when the machine stops"},
    {"full_page_writes=off", "tables would be damaged when the machine stops"},
    {"ignore_checksum_failure=on", "damaged data would be handed out as good"},
    {"ignore_invalid_pages=on", "damaged data would be handed out as good"},
    {"password_encryption=md5", "only SCRAM-SHA-256 is accepted for logging in"},
    {"wal_level=minimal", "there would be no replication"},
    {"zero_damaged_pages=on", "damaged data would be deleted without a word"},
    {"allow_system_table_mods=on", "the system catalogs could be broken by a typing error"},
});

// Below these Patroni takes its own default without saying so.
constexpr auto kPatroniMinimum = std::to_array<Named>({
    {"max_connections", "25"},
    {"max_locks_per_transaction", "32"},
    {"max_replication_slots", "4"},
    {"max_wal_senders", "3"},
    {"max_worker_processes", "2"},
    {"wal_keep_size", "16MB"},
});

// What Debian's server packages bring and can be preloaded. A name that is not there would stop
// every member at its next start.
constexpr auto kLibraries =
    std::to_array<std::string_view>({"auth_delay", "auto_explain", "passwordcheck", "pg_prewarm",
                                     "pg_stat_statements", "basebackup_to_shell"});
constexpr auto kLibraryLists = std::to_array<std::string_view>(
    {"local_preload_libraries", "session_preload_libraries", "shared_preload_libraries"});

const Named* FindNamed(const auto& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Named& named) { return named.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string Field(const std::string& name) { return "parameters." + name; }

std::string MegabytesText(std::int64_t bytes) {
  return WithUnit(static_cast<double>(std::max<std::int64_t>(bytes / kMiB, 1)), "MB");
}

std::int64_t Clamp(std::int64_t value, std::int64_t low, std::int64_t high) {
  return std::clamp(value, low, high);
}

/// "extension.parameter": the server keeps it for whichever library asks for it.
bool IsExtensionParameter(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == name.size()) return false;
  return std::all_of(name.begin(), name.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '.';
  });
}

/// Whether the table knows other parameters of the same extension: then it knows all of them.
bool ExtensionIsKnown(const ParameterTable& table, std::string_view name) {
  const std::string prefix = LowerCase(name.substr(0, name.find('.') + 1));
  return std::any_of(table.all().begin(), table.all().end(),
                     [&](const auto& definition) { return definition.name.starts_with(prefix); });
}

Error UnknownParameter(const ParameterTable& table, const std::string& name,
                       const std::string& major) {
  const std::string nearest = table.Nearest(name);
  return Invalid(Field(name), fmt::format("PostgreSQL {} has no parameter {}", major, name),
                 nearest.empty() ? "" : fmt::format("Did you mean {}?", nearest));
}

std::optional<Error> CheckLibraries(const std::string& name, std::string_view value) {
  std::string_view rest = value;
  while (!Trim(rest).empty()) {
    const auto comma = rest.find(',');
    const std::string_view library = Trim(rest.substr(0, comma));
    if (std::find(kLibraries.begin(), kLibraries.end(), library) == kLibraries.end()) {
      return Invalid(Field(name), fmt::format("the image has no library \"{}\"", library),
                     fmt::format("The members could not start any more. It has {}; for others "
                                 "give an image of your own.",
                                 fmt::join(kLibraries, ", ")));
    }
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return std::nullopt;
}

/// Checks that need the value as well as its definition.
std::optional<Error> CheckValue(const ClusterSpec& spec, const std::string& name,
                                const ParameterDefinition& definition,
                                const ParameterValue& value) {
  const std::string lower = LowerCase(name);
  if (const Named* forbidden = FindNamed(kForbidden, lower + "=" + value.canonical)) {
    return Invalid(Field(name), fmt::format("{} cannot be {}", name, value.canonical),
                   fmt::format("With it, {}.", forbidden->text));
  }
  if (const Named* minimum = FindNamed(kPatroniMinimum, lower)) {
    if (value.number < ReadValue(definition, minimum->text).value().number) {
      return Invalid(Field(name), fmt::format("{} must be at least {}", name, minimum->text),
                     "Patroni refuses less, because replication and failover need it.");
    }
  }
  if (spec.image.empty() &&
      std::find(kLibraryLists.begin(), kLibraryLists.end(), lower) != kLibraryLists.end()) {
    return CheckLibraries(name, value.canonical);
  }
  const double bytes = value.number * UnitBytes(definition.unit);
  if (lower == "shared_buffers" && spec.resources.memory_bytes > 0 &&
      bytes > 0.8 * static_cast<double>(spec.resources.memory_bytes)) {
    return Invalid(Field(name),
                   fmt::format("shared_buffers = {} does not fit into a member's memory of {}",
                               value.canonical, MegabytesText(spec.resources.memory_bytes)),
                   "Sessions need memory beside it: give it at most 80 %, usually 25 %.");
  }
  const int followers = spec.node_count - 1;
  if (lower == "max_wal_senders" && value.number < 2.0 * followers) {
    return Invalid(Field(name), fmt::format("max_wal_senders must be at least {}", 2 * followers),
                   "A standby takes one, and a second one while it is being copied.");
  }
  return std::nullopt;
}

std::optional<Error> CheckParameter(const ClusterSpec& spec, const std::string& major,
                                    const std::string& name, const std::string& text) {
  const ParameterTable& table = *FindParameterTable(major);
  const ParameterDefinition* definition = table.Find(name);
  if (definition == nullptr) {
    if (IsExtensionParameter(name) && !ExtensionIsKnown(table, name)) return std::nullopt;
    return UnknownParameter(table, name, major);
  }
  if (definition->internal()) {
    return Invalid(Field(name), fmt::format("{} cannot be set", name),
                   "It only reports how the server was built or the data was made.");
  }
  if (const Named* controlled = FindNamed(kControlled, definition->name)) {
    return Invalid(Field(name), fmt::format("{} cannot be set", name),
                   fmt::format("The engine needs it: {}.", controlled->text));
  }
  const auto value = ReadValue(*definition, text);
  if (!value) {
    return Invalid(Field(name), fmt::format("{} has a value that PostgreSQL refuses", name),
                   value.error().summary + ".");
  }
  return CheckValue(spec, name, *definition, *value);
}

void AddCanonical(const ParameterTable& table, const std::string& name, std::string_view text,
                  Parameters& parameters) {
  const ParameterDefinition* definition = table.Find(name);
  if (definition == nullptr) {
    parameters.insert_or_assign(LowerCase(name), std::string(text));
    return;
  }
  const auto value = ReadValue(*definition, text);
  if (value) parameters.insert_or_assign(std::string(definition->name), value->canonical);
}

}  // namespace

std::vector<DerivedParameter> DerivedParameters(const Resources& resources) {
  const std::int64_t memory = resources.memory_bytes;
  std::vector<DerivedParameter> derived;
  const auto add = [&](const char* name, std::string value, const char* reason, bool local) {
    derived.push_back({name, std::move(value), reason, local});
  };
  // Ten sessions of ten MiB in 100 MiB: as RDS does it, within what one server schedules well.
  const std::int64_t connections = Clamp(memory / (10 * kMiB) / 10 * 10, 50, 1000);
  add("max_connections", std::to_string(connections),
      "one session for each 10 MiB of memory, 50 to 1000", false);
  add("shared_buffers", MegabytesText(memory / 4), "a quarter of the memory", true);
  add("effective_cache_size", MegabytesText(memory / 4 * 3),
      "three quarters of the memory: shared_buffers and the page cache behind it", true);
  add("maintenance_work_mem", MegabytesText(Clamp(memory / 16, 32 * kMiB, 2048 * kMiB)),
      "a sixteenth of the memory, up to 2 GB", true);
  add("work_mem", MegabytesText(Clamp(memory / 4 / connections, 4 * kMiB, 64 * kMiB)),
      "a quarter of the memory for the sorts of all sessions, 4 MB to 64 MB each", true);
  add("max_wal_size", MegabytesText(Clamp(memory / 2, 1024 * kMiB, 8192 * kMiB)),
      "checkpoints by time rather than by size, 1 GB to 8 GB", false);
  if (resources.cpu > 0) {
    const auto cores = static_cast<std::int64_t>(std::ceil(resources.cpu));
    const std::int64_t each = Clamp(static_cast<std::int64_t>(resources.cpu / 2), 0, 4);
    add("max_parallel_workers", std::to_string(cores), "one for each core", true);
    add("max_parallel_workers_per_gather", std::to_string(each),
        "half of the cores for one query, at most 4; none where there is less than two", true);
    add("max_parallel_maintenance_workers", std::to_string(each), "as for a query", true);
    // A standby may not have less than its primary, so it is no local matter.
    add("max_worker_processes", std::to_string(std::max<std::int64_t>(8, cores)),
        "one for each core, at least 8", false);
  }
  return derived;
}

Parameters EffectiveParameters(const ClusterSpec& spec, const std::string& major) {
  const ParameterTable& table = *FindParameterTable(major);
  Parameters parameters;
  for (const auto& fixed : kFixed) {
    AddCanonical(table, std::string(fixed.name), fixed.text, parameters);
  }
  for (const auto& derived : DerivedParameters(spec.resources)) {
    AddCanonical(table, derived.name, derived.value, parameters);
  }
  for (const auto& [name, text] : spec.parameters) AddCanonical(table, name, text, parameters);
  return parameters;
}

Parameters LocalParameters(const ClusterSpec& spec, const Resources& resources) {
  Parameters local;
  if (resources == spec.resources) return local;
  for (const auto& derived : DerivedParameters(resources)) {
    if (derived.local) local.emplace(derived.name, derived.value);
  }
  // What the user wrote holds for every member.
  for (const auto& [name, text] : spec.parameters) local.erase(LowerCase(name));
  return local;
}

std::vector<Error> ValidateParameters(const ClusterSpec& spec, const std::string& major) {
  std::vector<Error> errors;
  for (const auto& [name, text] : spec.parameters) {
    if (auto error = CheckParameter(spec, major, name, text)) errors.push_back(std::move(*error));
  }
  return errors;
}

}  // namespace dbaas::postgresql

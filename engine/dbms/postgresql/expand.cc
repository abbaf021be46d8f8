// SPDX-License-Identifier: MPL-2.0
//
// What a cluster is made of:
//   network orders, volume orders-N-data, instance orders-N (Patroni and PostgreSQL), the same for
//   each replica, volume orders-backups, instance orders-proxy (HAProxy), and what a host's
//   clusters share: the network dbaas-management with etcd in it, which is where Patroni keeps who
//   leads. While its data is made from backups also instance orders-restore, and while those are
//   verified instance and volume orders-verification.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/uri.h"
#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/embedded.h"
#include "engine/dbms/postgresql/haproxy.h"
#include "engine/dbms/postgresql/parameter_table.h"
#include "engine/dbms/postgresql/parameters.h"
#include "engine/dbms/postgresql/patroni.h"
#include "engine/dbms/postgresql/pgbackrest.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/sql.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

constexpr char kEtcdImage[] = "dbaas/etcd:3.5";
constexpr char kHaproxyImage[] = "dbaas/haproxy:3.0";
// A primary writes a checkpoint and hands over before it stops.
constexpr int kStopTimeoutSeconds = 60;
constexpr std::int64_t kMinimumShm = std::int64_t{64} << 20;

std::string ImageOf(const ClusterSpec& spec) {
  return spec.image.empty() ? "dbaas/postgresql:" + MajorOf(spec.engine_version) : spec.image;
}

std::string ReplicaPort(const std::string& part) { return part; }  // "replica/reports" is both.

File PostgresFile(std::string path, Secret<std::string> content, bool create_only = false) {
  return {.path = std::move(path),
          .content = std::move(content),
          .mode = 0600,
          .uid = kPostgresUid,
          .gid = kPostgresUid,
          .create_only = create_only};
}

std::string InConfiguration(const char* name) {
  return std::string(kConfigurationFolder) + "/" + name;
}

/// Those that are the same in every member, made once.
std::vector<File> FilesOfAll(const ClusterRecord& record, const Settings& settings) {
  // The keys of a policy that is gone must not stay behind: then it is there, and empty.
  std::vector<File> files = {
      PostgresFile(InConfiguration("bootstrap.yml"), Secret(BootstrapYaml(settings)), true),
      PostgresFile(kBackupPath, BackupConfiguration(record))};
  if (auto authority = StorageAuthority(record); !authority.Reveal().empty()) {
    files.push_back(PostgresFile(kStorageAuthorityPath, std::move(authority)));
  }
  return files;
}

std::vector<File> FilesOf(const ClusterRecord& record, const Member& member,
                          std::vector<File> files) {
  const auto& secrets = record.secrets;
  files.push_back(PostgresFile(InConfiguration("member.yml"), MemberYaml(record, member)));
  files.push_back(PostgresFile(kStartPatroniPath, Secret(std::string(embedded::kStartPatroni))));
  files.push_back(PostgresFile(kCertificatePath, secrets.at(member.name + ".crt")));
  files.push_back(PostgresFile(kKeyPath, secrets.at(member.name + ".key")));
  files.push_back(PostgresFile(kAuthorityPath, secrets.at(std::string(kAuthority) + ".crt")));
  return files;
}

Object Network(const std::string& name, const std::string& cluster, const std::string& part) {
  return {.id = {ObjectKind::kNetwork, name}, .cluster = cluster, .part = part};
}

Object Volume(const Member& member, const std::string& cluster) {
  return {.id = {ObjectKind::kVolume, member.volume},
          .cluster = cluster,
          .part = member.part,
          .member = member.name,
          .holds_data = true};
}

/// Mounted by every member from the start, so that the first backup policy restarts nothing. Only
/// where all of them can mount it.
Object Repository(const ClusterRecord& record) {
  return {.id = {ObjectKind::kVolume, RepositoryVolume(record.cluster)},
          .cluster = record.cluster,
          .part = std::string(kClusterPart),
          .holds_data = true,
          .directory = record.cluster_spec().backup_directory};
}

Object Instance(const ClusterRecord& record, const Member& member,
                const std::vector<File>& files_of_all) {
  const ClusterSpec& spec = record.cluster_spec();
  InstanceSpec instance{
      .image = ImageOf(spec),
      .command = {"python3", "-I", OwnPath(kStartPatroniPath), OwnPath(kConfigurationFolder)},
      // For people who look around inside; Patroni has its own.
      .environment = {{"PGDATA", OwnPath(DataFolder(MajorOf(spec.engine_version)))}},
      .mounts = {{member.volume, kDataMount}},
      .networks = {record.cluster, std::string(kManagementCluster)},
      .files = FilesOf(record, member, files_of_all),
      .resources = member.resources,
      // Parallel queries exchange rows there.
      .shm_bytes = std::max(kMinimumShm, member.resources.memory_bytes / 4),
      .stop_timeout_seconds = kStopTimeoutSeconds,
      .reload_signal = "SIGHUP"};
  if (record.shared_volumes) {
    instance.mounts.push_back({RepositoryVolume(record.cluster), kRepositoryMount});
  }
  if (member.is_replica) {
    instance.ports = {{.name = member.part,
                       .container_port = kPostgresPort,
                       .host_port = record.ports.at(ReplicaPort(member.part)),
                       .public_address = spec.publicly_accessible}};
  }
  return {.id = {ObjectKind::kInstance, member.name},
          .cluster = record.cluster,
          .part = member.part,
          .member = member.name,
          .instance = std::move(instance)};
}

Object Proxy(const ClusterRecord& record, const std::vector<Member>& members) {
  const bool is_public = record.cluster_spec().publicly_accessible;
  const auto port = [&](const char* name, int container_port) {
    return Port{.name = name,
                .container_port = container_port,
                .host_port = record.ports.at(name),
                .public_address = is_public};
  };
  InstanceSpec instance{.image = kHaproxyImage,
                        .command = {"haproxy", "-W", "-db", "-f", OwnPath(kHaproxyPath)},
                        .networks = {record.cluster},
                        .ports = {port(kWriteName, kWritePort), port(kReadName, kReadPort)},
                        .files = {{.path = kHaproxyPath,
                                   .content = Secret(HaproxyConfiguration(members)),
                                   .mode = 0600,
                                   .uid = kHaproxyUid,
                                   .gid = kHaproxyUid}},
                        .reload_signal = "SIGUSR2"};
  return {.id = {ObjectKind::kInstance, ProxyName(record.cluster)},
          .cluster = record.cluster,
          .part = std::string(kClusterPart),
          .instance = std::move(instance)};
}

/// Losing it costs nothing but a pause: every primary writes anew what etcd should know.
std::vector<Object> MakeSharedObjects() {
  const std::string management(kManagementCluster);
  const std::string name = EtcdName();
  const std::string client = fmt::format("http://{}:{}", AddressOfInstance(name), kEtcdPort);
  const std::string peer = fmt::format("http://{}:2380", LocalAddress());
  InstanceSpec instance{
      .image = kEtcdImage,
      .command = {"etcd", "--name", name, "--data-dir", OwnPath("/var/lib/etcd/data"),
                  "--listen-client-urls", fmt::format("http://{}:{}", ListenAddress(), kEtcdPort),
                  "--advertise-client-urls", client, "--listen-peer-urls", peer,
                  "--initial-advertise-peer-urls", peer, "--initial-cluster", name + "=" + peer,
                  "--auto-compaction-retention", "1h"},
      .mounts = {{name + "-data", "/var/lib/etcd"}},
      .networks = {management},
      // It writes through, so nothing is lost. While it stops in its own time it answers with
      // errors that make a primary step down; when it is simply gone, the failsafe mode takes over.
      .stop_signal = "SIGKILL"};
  std::vector<Object> objects = {
      Network(management, management, ""),
      {.id = {ObjectKind::kVolume, name + "-data"}, .cluster = management},
      {.id = {ObjectKind::kInstance, name},
       .cluster = management,
       .instance = std::move(instance)}};
  for (auto& object : objects) Seal(object, management);
  return objects;
}

/// The same for every cluster of a host, whoever made it.
const std::vector<Object>& SharedObjects() {
  static const std::vector<Object> kObjects = MakeSharedObjects();
  return kObjects;
}

Settings SettingsOf(const ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  Settings settings = DynamicSettings(spec);
  settings.merge(RoleSettings(record));
  settings.emplace(std::string(kDatabasePrefix) + spec.db_name, Secret(spec.username));
  return settings;
}

/// Where data is made from a repository. No member: nothing follows it, and whatever is done there
/// is run in it from outside.
Object Workbench(const ClusterRecord& record, const std::string& name, const std::string& volume,
                 const Member& member) {
  return {.id = {ObjectKind::kInstance, name},
          .cluster = record.cluster,
          .instance = {.image = ImageOf(record.cluster_spec()),
                       // As the first process it has to bury whatever loses its parent.
                       .command = {"python3", "-I", "-c",
                                   "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
                                   "while True: signal.pause()"},
                       .mounts = {{volume, kDataMount}},
                       .networks = {record.cluster},
                       .resources = member.resources,
                       .shm_bytes = std::max(kMinimumShm, member.resources.memory_bytes / 4),
                       .stop_signal = "SIGKILL"}};
}

/// `cluster` is whose repository that is; empty where it is in a bucket, and the cluster may be
/// gone or has no volume for it.
void GiveRepository(const std::string& cluster, const Secret<std::string>& configuration,
                    const Secret<std::string>& authority, InstanceSpec& workbench) {
  if (!cluster.empty()) {
    workbench.mounts.push_back({RepositoryVolume(cluster), kRepositoryMount});
  }
  workbench.files.push_back(PostgresFile(kBackupPath, configuration));
  if (authority.Reveal().empty()) return;
  workbench.files.push_back(PostgresFile(kStorageAuthorityPath, authority));
}

Restoration RestorationOf(const ClusterRecord& record, const Member& member) {
  const RestoreSpec& restore = *record.restoring();
  Object workbench = Workbench(record, WorkbenchName(record.cluster), member.volume, member);
  workbench.part = std::string(kClusterPart);
  if (IsClone(record)) {
    workbench.instance.networks.push_back(restore.source.cluster);
  } else {
    const bool has_volume = !restore.s3 && record.shared_volumes;
    GiveRepository(has_volume ? restore.source.cluster : "", OfSource(record, kSourceConfiguration),
                   OfSource(record, kSourceAuthority), workbench.instance);
  }
  Seal(workbench, record.uid);
  return {.member = member.name,
          .workbench = std::move(workbench),
          .source = restore.ToText(),
          .is_made = record.in_place && record.in_place->is_made};
}

/// What follows "<cluster>-" in the names of the cluster's own instances.
Result<void> CheckReplicaNames(const ClusterRecord& record) {
  for (const auto& replica : record.replicas()) {
    const bool is_number =
        !replica.name.empty() && replica.name.find_first_not_of("0123456789") == std::string::npos;
    static const std::set<std::string> kTaken = {"proxy", "restore", "verification"};
    if (is_number || kTaken.contains(replica.name)) {
      return Invalid("name", fmt::format("a replica cannot be called {}", replica.name),
                     "Members are numbered, and instances of the cluster's own have that name.");
    }
  }
  return Ok();
}

std::vector<std::string> NeededSecrets(const ClusterRecord& record) {
  const std::string authority = std::string(kAuthority) + ".crt";
  std::vector<std::string> names = {kPassword, kReplicationPassword, kRewindPassword, kRestPassword,
                                    authority};
  if (record.backup_policy() != nullptr) names.push_back(kRepositoryPassphrase);
  if (record.restoring() != nullptr) {
    for (const char* name : {kSourceConfiguration, kSourceAuthority, kSourceStanza}) {
      names.push_back(std::string(kRestorePrefix) + name);
    }
  }
  for (const auto& member : Members(record)) {
    names.push_back(member.name + ".crt");
    names.push_back(member.name + ".key");
  }
  return names;
}

/// REQUIRES of Expand, said in words rather than by a crash.
Result<void> CheckComplete(const PostgreSql& dbms, const ClusterRecord& record) {
  if (FindParameterTable(MajorOf(record.cluster_spec().engine_version)) == nullptr) {
    return Invalid("engine_version",
                   "there is no PostgreSQL " + record.cluster_spec().engine_version + " here");
  }
  for (const auto& name : NeededSecrets(record)) {
    if (!record.secrets.contains(name)) return Internal("the cluster record lacks " + name);
  }
  for (const auto& port : dbms.PublishedPorts(record)) {
    if (record.ports.contains(port.name)) continue;
    return Internal("the cluster record lacks port " + port.name);
  }
  return Ok();
}

}  // namespace

std::vector<SecretRequest> PostgreSql::Secrets(const ClusterRecord& record,
                                               const NamesOf& names_of) const {
  using Kind = SecretRequest::Kind;
  std::vector<SecretRequest> requests;
  for (const char* name : {kPassword, kReplicationPassword, kRewindPassword, kRestPassword}) {
    requests.push_back({.name = name, .kind = Kind::kPassword});
  }
  if (record.backup_policy() != nullptr) {
    requests.push_back({.name = kRepositoryPassphrase, .kind = Kind::kPassword});
  }
  requests.push_back({.name = kAuthority,
                      .kind = Kind::kAuthority,
                      .common_name = "dbaas cluster " + record.cluster});
  for (const auto& member : Members(record)) {
    // The proxy passes TLS through: clients see a member under the proxy's name and address.
    const std::string proxy = ProxyName(record.cluster);
    std::vector<std::string> names = {member.name, proxy, "localhost", "127.0.0.1"};
    for (const auto& instance : {proxy, member.name}) {
      for (auto& name : names_of(instance)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    requests.push_back({.name = member.name,
                        .kind = Kind::kCertificate,
                        .issuer = kAuthority,
                        .common_name = member.name,
                        .names = std::move(names)});
  }
  return requests;
}

std::vector<PublishedPort> PostgreSql::PublishedPorts(const ClusterRecord& record) const {
  const std::string proxy = ProxyName(record.cluster);
  std::vector<PublishedPort> ports = {{kWriteName, proxy, kPostgresPort},
                                      {kReadName, proxy, kPostgresPort + 1}};
  for (const auto& member : Members(record)) {
    if (!member.is_replica) continue;
    ports.push_back({ReplicaPort(member.part), member.name, kPostgresPort});
  }
  return ports;
}

Result<DesiredState> PostgreSql::Expand(const ClusterRecord& record) const {
  TRY(CheckComplete(*this, record));
  TRY(CheckReplicaNames(record));
  const std::vector<Member> members = Members(record);
  DesiredState state{.settings = SettingsOf(record)};
  state.objects.push_back(Network(record.cluster, record.cluster, std::string(kClusterPart)));
  for (const auto& member : members) state.objects.push_back(Volume(member, record.cluster));
  if (record.shared_volumes) state.objects.push_back(Repository(record));
  const std::vector<File> files_of_all = FilesOfAll(record, state.settings);
  for (const auto& member : members) {
    state.objects.push_back(Instance(record, member, files_of_all));
    state.members.push_back(member.name);
  }
  state.objects.push_back(Proxy(record, members));
  const ClusterSpec& spec = record.cluster_spec();
  state.synchronous = spec.synchronous_replication && spec.node_count > 1;
  state.shared = SharedObjects();
  for (auto& object : state.objects) Seal(object, record.uid);
  if (record.restoring() != nullptr) {
    state.restoration = RestorationOf(record, members.front());
  }
  return state;
}

/// With the resources of the first member: what its log asks of a server that replays it is the
/// same.
Result<Verification> PostgreSql::Verify(const ClusterRecord& record) const {
  TRY(CheckComplete(*this, record));
  const std::string name = VerificationName(record.cluster);
  Verification verification{
      .volume = {.id = {ObjectKind::kVolume, name}, .cluster = record.cluster},
      .workbench = Workbench(record, name, name, Members(record).front())};
  GiveRepository(record.shared_volumes ? record.cluster : "", BackupConfiguration(record),
                 StorageAuthority(record), verification.workbench.instance);
  for (Object* object : {&verification.volume, &verification.workbench}) {
    object->part = std::string(kVerificationPart);
    Seal(*object, record.uid);
  }
  verification.checks = VerificationChecks(record, name);
  return verification;
}

Impact PostgreSql::Classify(const ClusterSpec& spec, const std::string& setting) const {
  if (!IsDynamic(setting)) return Impact::kNone;  // Roles and databases disturb nobody.
  if (!setting.starts_with(kParameterPrefix)) return Impact::kReload;
  const ParameterTable* table = FindParameterTable(MajorOf(spec.engine_version));
  const ParameterDefinition* definition =
      table == nullptr ? nullptr : table->Find(setting.substr(kParameterPrefix.size()));
  return definition == nullptr ? Impact::kReload : definition->impact();
}

/// A standby must not have less of these than its primary, so a smaller value reaches the primary
/// first (scripts/restart_member.py).
/// Source: https://www.postgresql.org/docs/17/hot-standby.html#HOT-STANDBY-ADMIN
bool PostgreSql::RestartsPrimaryInPlace(const std::string& setting, const std::string& before,
                                        const std::string& after) const {
  static const std::set<std::string> kLimits = {"max_connections", "max_locks_per_transaction",
                                                "max_prepared_transactions", "max_wal_senders",
                                                "max_worker_processes"};
  if (!setting.starts_with(kParameterPrefix)) return false;
  if (!kLimits.contains(setting.substr(kParameterPrefix.size()))) return false;
  // What is unset now or then is not compared: it might be lower.
  const auto number = [](const std::string& text) { return std::atoll(text.c_str()); };
  return number(before) == 0 || number(after) < number(before);
}

/// Several times what was measured on two cores: 2.0 s, 0.4 s, 3.9 s and 1.4 s. What was measured
/// and how is in docs/disruption.md; tests/acceptance/test_disruption.py holds it.
BlockedTimes PostgreSql::Blocked() const {
  return {.switchover = 5, .restart = 10, .recreate = 20, .proxy = 5, .failover = 10};
}

Secret<std::string> PostgreSql::ConnectionUri(const ClusterRecord& record,
                                              const std::string& username,
                                              const Secret<std::string>& password,
                                              const std::string& address, int port) const {
  return Secret(Uri{.scheme = "postgresql",
                    .username = username,
                    .password = password.Reveal(),
                    .host = address,
                    .port = port,
                    .path = record.cluster_spec().db_name,
                    .options = {{"sslmode", "require"}}}
                    .ToText());
}

}  // namespace dbaas::postgresql

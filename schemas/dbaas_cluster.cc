// SPDX-License-Identifier: MPL-2.0
//
// dbaas_cluster: the part that owns a cluster.
#include <fmt/format.h>

#include "engine/model/object.h"
#include "schemas/engines.h"
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/member_size.h"
#include "schemas/restore_target.h"
#include "schemas/s3_storage.h"
#include "schemas/spellings.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

constexpr const char* kDefaultInstanceClass = "db.small";

struct FailoverConfig {
  bool watch = false;
  std::optional<Secret<std::string>> webhook_url;
  std::optional<Secret<std::string>> webhook_secret_wo;
  std::optional<std::int64_t> webhook_secret_wo_version;
  static Table<FailoverConfig> Attributes() {
    using C = FailoverConfig;
    return Nested<C>()
        .Add("watch", &C::watch, Required,
             "Whether the host's watcher answers the death of the primary, as the engine reports "
             "it, so that a standby takes over within a second and not when Patroni's lease runs "
             "out, 20 to 30 s later. The watcher is one small container for all clusters of the "
             "host, given the engine's control socket, and with it all rights on the host; on a "
             "process host it is a supervised process.")
        .Add("webhook_url", &C::webhook_url, Optional, Sensitive,
             "Where watchers post what they see and do of this cluster, as JSON, such as "
             "`https://example.com/hook`: failovers, repairs, and what they leave alone. It may "
             "hold a token, so it is shown nowhere. The "
             "watcher has to reach it. A change takes effect with the next report, and "
             "restarts nothing.",
             HttpUrl())
        .Add("webhook_secret_wo", &C::webhook_secret_wo, Optional, WriteOnly, Sensitive,
             Needs({"webhook_url", "webhook_secret_wo_version"}), SpecFields({"webhook_secret"}),
             "What the reports are signed with, by the headers of Standard Webhooks; after "
             "`whsec_` it is taken as base64. It is never stored in a plan or state. Without it "
             "there is no signature. A change takes effect when `webhook_secret_wo_version` "
             "changes too.",
             PrintableSecret(8, 128))
        .Add("webhook_secret_wo_version", &C::webhook_secret_wo_version, Optional,
             Needs({"webhook_secret_wo"}), SpecFields({"webhook_secret_version"}),
             "Any number. Changing it is how a new `webhook_secret_wo` is put into effect; "
             "removing both ends the signatures.",
             Range(1, 1'000'000'000));
  }
};

struct RestoreConfig {
  std::optional<std::string> source_cluster_id;
  std::optional<std::string> source_cluster_name;
  std::optional<S3Config> s3;
  std::optional<Secret<std::string>> encryption_key_wo;
  std::optional<std::string> time;
  std::optional<std::string> lsn;
  std::optional<std::string> backup_id;
  static Table<RestoreConfig> Attributes() {
    using C = RestoreConfig;
    return Nested<C>()
        .Add(
            "source_cluster_id", &C::source_cluster_id, Optional,
            RequiredUnless({"source_cluster_name"}), ConflictsWith({"source_cluster_name"}),
            "`id` of the cluster whose backups are restored. It lives on the same host and is only "
            "read from. Where it has no `dbaas_backup_policy` it is copied as it is at that time, "
            "from the member that leads it.",
            ClusterIdText())
        .Add("source_cluster_name", &C::source_cluster_name, Optional, Needs({"s3"}),
             "Name of the cluster whose backups are in the bucket of `s3`, whatever has become of "
             "it and of its host. Where the bucket has several of that name, the one with its "
             "random part: `orders-k3j4h5g6`.",
             RepositoryName())
        .Add("s3", &C::s3, Optional, Needs({"source_cluster_name"}),
             "The bucket, as in the `dbaas_backup_policy` of that cluster.")
        .Add("encryption_key_wo", &C::encryption_key_wo, Optional, WriteOnly, Sensitive,
             Needs({"source_cluster_name"}),
             "`encryption_key_wo` of that policy; needed until the cluster is made. Never stored "
             "in a plan or state.",
             PrintableSecret(1, 256))
        .Add("time", &C::time, Optional, ConflictsWith({"lsn", "backup_id"}),
             "The moment to go back to, such as `2026-11-21T10:30:00Z`: the last commit at or "
             "before it is the last one there is. Left out, with the next two, everything that was "
             "committed until now is restored. The data source `dbaas_backups` tells from when to "
             "when.",
             PointInTime)
        .Add("lsn", &C::lsn, Optional, ConflictsWith({"time", "backup_id"}),
             "A position in the log to go back to, such as `0/3000060`.", LogPosition())
        .Add("backup_id", &C::backup_id, Optional, ConflictsWith({"time", "lsn"}),
             "The backup to go back to, as it ended. The data source `dbaas_backups` has their "
             "ids. The `final_backup_identifier` of a `dbaas_backup_policy` is one, too.",
             NotEmpty());
  }
};

struct ClusterConfig {
  // What users say.
  std::string name;
  std::optional<std::string> host_name;
  std::string engine;
  std::string engine_version;
  int node_count = 1;
  std::optional<std::string> instance_class;
  std::optional<ResourcesConfig> resources;
  std::map<std::string, std::string> parameters;
  bool synchronous_replication = false;
  bool publicly_accessible = false;
  std::optional<int> port;
  std::optional<int> reader_port;
  std::string username;
  std::string db_name;
  std::optional<Secret<std::string>> password_wo;
  std::optional<std::int64_t> password_wo_version;
  std::optional<std::string> image;
  std::optional<std::string> backup_directory;
  bool deletion_protection = true;
  std::string max_disruption;
  std::optional<FailoverConfig> failover;
  std::string reconcile;
  std::optional<RestoreConfig> restore;
  // What they get.
  std::string id;
  std::string host;
  std::string endpoint;
  std::string reader_endpoint;
  std::vector<std::string> members;
  std::string engine_version_actual;
  std::string ca_cert;
  std::vector<std::string> drift;
};

Table<ClusterConfig> Rows() {
  using C = ClusterConfig;
  return Resource<C>(
             "dbaas_cluster",
             "A database cluster: one primary and its standbys on a host of yours, with failover, "
             "a port for writes and a port for reads. Which member is the primary is not declared "
             "here: after a failover the plan is empty.")
      .Add("name", &C::name, Required, RequiresReplace, Identity,
           "Name of the cluster, unique on its host. Containers, volumes and networks are named "
           "after it. Changing it destroys the cluster with its data and makes another one.",
           Dns1123(40), NotReserved({std::string(kManagementCluster)}))
      .Add("host_name", &C::host_name, Optional, Computed, RequiresReplace, Identity,
           "Name of the `host` block of the provider that the cluster lives on. The first one when "
           "left out. Moving a cluster is a replacement: its data does not move.",
           NotEmpty())
      .Add("engine", &C::engine, Default(kDefaultEngine), RequiresReplace,
           "The database. Another engine is another cluster.", OneOf(EngineNames()))
      .Add("engine_version", &C::engine_version, Default(kDefaultEngineVersion),
           "Version of the engine, as a prefix: `17` stands for every 17.x, and a new patch level "
           "never makes a difference in a plan. What really runs is `engine_version_actual`. A "
           "lower version than the one that runs is refused. See the data source "
           "`dbaas_engine_versions` for what can be asked for.",
           VersionPrefix())
      .Add("node_count", &C::node_count, Default(1),
           "Number of members that can become primary. Growing adds standbys without interruption; "
           "shrinking removes the highest-numbered members, after a switchover (a few seconds "
           "without writes) if one of them is the primary. Two or more survive the loss of one.",
           Range(1, 9))
      .Add("instance_class", &C::instance_class, Default(kDefaultInstanceClass),
           ConflictsWith({"resources"}),
           "How much CPU and memory each member may use, by name. See the data source "
           "`dbaas_instance_classes`. A change restarts the members one after the other, the "
           "primary last, after a switchover.",
           OneOf(InstanceClassNames()))
      .Add("resources", &C::resources, Optional,
           "CPU and memory of each member in numbers, in place of `instance_class`. A change "
           "costs the same.")
      .Add("parameters", &C::parameters, Optional,
           "Settings of the database by name, such as `work_mem = \"16MB\"`. All values are "
           "strings. Most take effect at once; those that the database reads only when it starts "
           "make the members restart one after the other, the primary last. Unknown names and "
           "values out of range are refused by the plan. A parameter that is removed goes back "
           "to its default.",
           ParameterAmounts)
      .Add("synchronous_replication", &C::synchronous_replication, Default(false),
           "Whether a commit waits until a standby has it too. No acknowledged transaction is lost "
           "in a failover then, and each commit takes a round trip longer. Needs a `node_count` of "
           "at least 2. Changed without a restart.")
      .Add("publicly_accessible", &C::publicly_accessible, Default(false),
           "Whether the ports are published on all addresses of the host instead of 127.0.0.1 "
           "only. A change recreates the proxy, which closes the open connections.")
      .Add("port", &C::port, Optional, Computed,
           "Port on the host that leads to the primary. A free one is chosen, and kept, when left "
           "out. A change recreates the proxy, which closes the open connections.",
           Range(1024, 65535))
      .Add("reader_port", &C::reader_port, Optional, Computed,
           "Port on the host that leads to the standbys, or to the primary while there is none. A "
           "free one is chosen, and kept, when left out. A change recreates the proxy.",
           Range(1024, 65535))
      .Add("username", &C::username, Default("admin"), RequiresReplace,
           "Name of the administrator, who owns `db_name` and may create roles and databases.",
           SqlIdentifier())
      .Add("db_name", &C::db_name, Default("app"), RequiresReplace,
           "Name of the database that is created with the cluster.", SqlIdentifier())
      .Add("password_wo", &C::password_wo, Optional, WriteOnly, Sensitive,
           Needs({"password_wo_version"}), SpecFields({"password"}),
           "Password of the administrator. It is never stored in a plan or state. Generated when "
           "left out; read it with the ephemeral resource `dbaas_credentials` or with `dbaas "
           "credentials`. A change takes effect when `password_wo_version` changes too; removing "
           "both leaves the password as it is.",
           PrintableSecret(8, 128))
      .Add("password_wo_version", &C::password_wo_version, Optional, Needs({"password_wo"}),
           SpecFields({"password_version"}),
           "Any number. Changing it is how a new `password_wo` is put into effect, for Terraform "
           "cannot see whether a write-only value differs. No restart.",
           Range(1, 1'000'000'000))
      .Add("image", &C::image, Optional,
           "Container image of the members, in place of the one that belongs to the engine and "
           "version. It needs the same contents; `images/` in the source repository says which. A "
           "change recreates the members one after the other, the primary last.",
           NotEmpty())
      .Add("backup_directory", &C::backup_directory, Optional, RequiresReplace,
           "A directory of the host, such as `/srv/backups/orders`, for the backups that a "
           "`dbaas_backup_policy` without `s3` takes. It has to be there and to be empty, and is "
           "for this cluster alone; what is in it stays when the cluster is destroyed. Left out, "
           "backups go into a volume, `<cluster>-backups`, which is destroyed with the cluster.",
           AbsolutePath())
      .Add("deletion_protection", &C::deletion_protection, Default(true),
           "While true, a plan that would destroy or replace the cluster fails. Set it to false "
           "and apply before destroying.")
      .Add("max_disruption", &C::max_disruption, Default("failover"),
           "The worst that a change of this cluster may do to those who use it: `none` (nobody "
           "notices), `reload` (settings are read again), `restart` (members or the proxy restart, "
           "and connections to them break) or `failover` (the primary's role moves). A plan that "
           "needs more fails before anything is touched, and says what it would have done.",
           OneOf({"none", "reload", "restart", "failover"}))
      .Add("failover", &C::failover, Optional,
           "How the cluster fails over. Left out, it is watched when it has several members.")
      .Add("reconcile", &C::reconcile, Default("off"),
           "What the host's watcher does when the cluster is no longer as it was applied, such as "
           "with a container that somebody removed: nothing (`off`), or bring it back within a "
           "minute (`repair`). It never makes a lost data volume anew, never does more than "
           "`max_disruption` allows, and leaves alone what an apply has to finish.",
           OneOf({"off", "repair"}))
      .Add(
          "restore", &C::restore, Optional, CreateOnly,
          "Makes the cluster from the backups of another one, up to any moment that they reach. "
          "The new cluster has its own name, ports, passwords and backups; the roles and databases "
          "of the other one come along.")
      .Add("id", &C::id, Computed, ChangesWith({"name", "host_name"}),
           "`host/name`, such as `local/orders`.")
      .Add("host", &C::host, Computed, ChangesWith({"host_name"}),
           "Address under which the ports are reached.")
      .Add("endpoint", &C::endpoint, Computed, ChangesWith({"host", "port"}),
           "`host:port` for reading and writing. Always leads to the primary.")
      .Add("reader_endpoint", &C::reader_endpoint, Computed, ChangesWith({"host", "reader_port"}),
           "`host:reader_port` for reading only.")
      .Add("members", &C::members, Computed, ChangesWith({"name", "node_count"}),
           "Names of the members, `<name>-1` and so on. Their roles are in the data source "
           "`dbaas_cluster`.")
      .Add("engine_version_actual", &C::engine_version_actual, Computed,
           ChangesWith({"engine_version", "image"}), "The version that runs, such as `17.6`.")
      .Add("ca_cert", &C::ca_cert, Computed, ChangesWith({"name", "host_name"}),
           "Certificate of the cluster's own authority (PEM), to check the server's certificate "
           "with (`sslmode=verify-full`).")
      .Add("drift", &C::drift, Computed, PlannedAs(Value::ListOf({})),
           "Why the host does not match this resource, one reason each: a member that someone "
           "removed, for instance. Empty after every apply; a plan that shows it becoming empty "
           "repairs that.")
      .Timeouts();
}

Result<PartAddress> AddressOf(const ClusterConfig& object) {
  return PartAddress{.host = object.host_name.value_or(""),
                     .cluster = object.name,
                     .key = std::string(kClusterPart)};
}

/// A port counts as asked for when the configuration has it; an allocated one is the engine's.
std::optional<int> AskedFor(const std::optional<int>& planned, const std::optional<int>& config) {
  return config ? planned : std::nullopt;
}

Result<RestoreSpec> ToRestore(const RestoreConfig& planned) {
  RestoreSpec spec = TRY(ToRestoreSpec(planned.time, planned.lsn, planned.backup_id));
  if (planned.s3) {
    spec.source.cluster = planned.source_cluster_name.value_or("");
    spec.s3 = ToS3Storage(*planned.s3);
    spec.keys_version = planned.s3->keys_wo_version.value_or(0);
  } else {
    const PartAddress source = TRY(ParseClusterAddress(planned.source_cluster_id.value_or("")));
    spec.source = {source.host, source.cluster};
  }
  return spec;
}

/// What is only ever in the configuration.
void TakeKeys(const RestoreConfig& config, RestoreSpec& spec) {
  spec.encryption_key = config.encryption_key_wo;
  if (!config.s3) return;
  spec.access_key = config.s3->access_key_wo;
  spec.secret_key = config.s3->secret_key_wo;
}

RestoreConfig FromRestore(const RestoreSpec& spec) {
  RestoreConfig config;
  if (spec.s3) {
    config.source_cluster_name = spec.source.cluster;
    config.s3 = FromS3Storage(*spec.s3);
    if (spec.keys_version != 0) config.s3->keys_wo_version = spec.keys_version;
  } else {
    config.source_cluster_id = spec.source.ToText();
  }
  if (spec.time) config.time = ToText(*spec.time);
  if (!spec.position.empty()) config.lsn = spec.position;
  if (!spec.backup_id.empty()) config.backup_id = spec.backup_id;
  return config;
}

Result<PartSpec> ToSpec(const ClusterConfig& planned, const ClusterConfig& config) {
  ClusterSpec spec{
      .name = planned.name,
      .engine = planned.engine,
      .engine_version = planned.engine_version,
      .node_count = planned.node_count,
      .parameters = planned.parameters,
      .synchronous_replication = planned.synchronous_replication,
      .publicly_accessible = planned.publicly_accessible,
      .port = AskedFor(planned.port, config.port),
      .reader_port = AskedFor(planned.reader_port, config.reader_port),
      .username = planned.username,
      .db_name = planned.db_name,
      .password = config.password_wo,
      .password_version = planned.password_wo_version.value_or(0),
      .image = planned.image.value_or(""),
      .backup_directory = planned.backup_directory.value_or(""),
      .deletion_protection = planned.deletion_protection,
      .max_disruption =
          DisruptionLevelFrom(planned.max_disruption).value_or(DisruptionLevel::kFailover),
      .repair = planned.reconcile == "repair"};
  if (planned.failover) {
    spec.watch = planned.failover->watch;
    if (planned.failover->webhook_url) spec.webhook_url = *planned.failover->webhook_url;
    spec.webhook_secret_version = planned.failover->webhook_secret_wo_version.value_or(0);
  }
  if (planned.restore) spec.restore = TRY(ToRestore(*planned.restore));
  if (spec.restore && config.restore) TakeKeys(*config.restore, *spec.restore);
  if (config.failover) spec.webhook_secret = config.failover->webhook_secret_wo;
  if (planned.resources) {
    spec.resources = TRY(ToResources(*planned.resources));
  } else {
    spec.instance_class = planned.instance_class.value_or(kDefaultInstanceClass);
    spec.resources = TRY(ResourcesOfClass(spec.instance_class));
  }
  return PartSpec(std::move(spec));
}

void TakeSpec(const ClusterSpec& spec, ClusterConfig& object) {
  object.name = spec.name;
  object.engine = spec.engine;
  object.engine_version = spec.engine_version;
  object.node_count = spec.node_count;
  object.instance_class.reset();
  object.resources.reset();
  if (spec.instance_class.empty()) {
    object.resources = FromResources(spec.resources);
  } else {
    object.instance_class = spec.instance_class;
  }
  object.parameters = spec.parameters;
  object.synchronous_replication = spec.synchronous_replication;
  object.publicly_accessible = spec.publicly_accessible;
  object.username = spec.username;
  object.db_name = spec.db_name;
  object.password_wo_version.reset();
  if (spec.password_version != 0) object.password_wo_version = spec.password_version;
  object.image.reset();
  if (!spec.image.empty()) object.image = spec.image;
  object.backup_directory.reset();
  if (!spec.backup_directory.empty()) object.backup_directory = spec.backup_directory;
  object.deletion_protection = spec.deletion_protection;
  object.max_disruption = ToString(spec.max_disruption);
  object.failover.reset();
  if (spec.watch) {
    FailoverConfig& failover = object.failover.emplace(FailoverConfig{.watch = *spec.watch});
    if (!spec.webhook_url.Reveal().empty()) failover.webhook_url = spec.webhook_url;
    if (spec.webhook_secret_version != 0) {
      failover.webhook_secret_wo_version = spec.webhook_secret_version;
    }
  }
  object.reconcile = spec.repair ? "repair" : "off";
  object.restore.reset();
  if (spec.restore) object.restore = FromRestore(*spec.restore);
}

void FromView(const ClusterView& view, const PartAddress& address, ClusterConfig& object) {
  TakeSpec(std::get<ClusterSpec>(view.parts.at(address.key)), object);
  object.host_name = view.id.host;
  object.port = view.port;
  object.reader_port = view.reader_port;
  object.id = view.id.ToText();
  object.host = view.address;
  object.endpoint = Endpoint(view.address, view.port);
  object.reader_endpoint = Endpoint(view.address, view.reader_port);
  object.members.clear();
  for (const MemberView& member : view.members) {
    if (member.part == address.key) object.members.push_back(member.name);
  }
  object.engine_version_actual = view.version_actual;
  object.ca_cert = view.ca_certificate_pem;
  object.drift = view.DriftOf(address.key);
}

Diagnostics Check(const Value& config) {
  Diagnostics found;
  const Value& synchronous = config.at("synchronous_replication");
  const Value& nodes = config.at("node_count");
  if (synchronous == Value::Bool(true) && (nodes.is_null() || nodes == Value::Int(1))) {
    found.push_back(ErrorAt(Attr({}, "synchronous_replication"), "Too few members",
                            "synchronous_replication needs a standby to wait for: set node_count "
                            "to 2 or more."));
  }
  const Value& port = config.at("port");
  if (port.is_known() && port == config.at("reader_port")) {
    found.push_back(ErrorAt(
        Attr({}, "reader_port"), "Port used twice",
        "reader_port must differ from port, and both are " + port.as_number().ToText() + "."));
  }
  return found;
}

}  // namespace

ResourceType ClusterResource() {
  return ManagedResource<ClusterConfig>(Rows(), {.address = AddressOf,
                                                 .to_spec = ToSpec,
                                                 .from_view = FromView,
                                                 .parse_id = ParseClusterAddress,
                                                 .check = Check,
                                                 .protection_attribute = "deletion_protection"});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// data.dbaas_cluster: one cluster as it is at this moment, roles and lag included.
#include <algorithm>

#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct MemberAnswer {
  std::string name;
  std::string role;
  bool healthy = false;
  std::string instance;
  std::string state;
  bool streaming = false;
  bool synchronous = false;
  std::optional<std::int64_t> lag_bytes;
  bool pending_restart = false;
  std::optional<std::string> host;
  std::optional<int> port;
  static Table<MemberAnswer> Attributes();
};

struct ClusterAnswer {
  std::string name;
  std::optional<std::string> host_name;
  std::string id;
  std::string status;
  std::string engine;
  std::string engine_version;
  std::string engine_version_actual;
  int node_count = 0;
  std::string username;
  std::string db_name;
  std::string host;
  int port = 0;
  int reader_port = 0;
  std::string endpoint;
  std::string reader_endpoint;
  std::string ca_cert;
  std::optional<std::string> primary;
  std::vector<MemberAnswer> members;
  std::vector<std::string> drift;
  std::vector<std::string> troubles;
};

Table<MemberAnswer> MemberAnswer::Attributes() {
  using M = MemberAnswer;
  return Nested<M>()
      .Add("name", &M::name, Computed, "Name of the member, such as `orders-1`.")
      .Add("role", &M::role, Computed,
           "`primary`, `standby` (can become primary), `replica` (follows for ever) or `unknown`.")
      .Add("healthy", &M::healthy, Computed,
           "True for a primary that accepts connections and for a follower that receives changes "
           "live.")
      .Add("instance", &M::instance, Computed,
           "What the host says about its container: `running`, `missing`, `stopped: ...`.")
      .Add("state", &M::state, Computed, "State in the words of the high-availability layer.")
      .Add("streaming", &M::streaming, Computed, "A follower that receives changes live.")
      .Add("synchronous", &M::synchronous, Computed, "Commits wait for this member.")
      .Add("lag_bytes", &M::lag_bytes, Computed,
           "How far it is behind the primary, in bytes of the log. Null where that is not known.")
      .Add("pending_restart", &M::pending_restart, Computed,
           "Settings wait for a restart of this member.")
      .Add("host", &M::host, Computed, "Address under which its port is reached; null without one.")
      .Add("port", &M::port, Computed, "Its own published port; null when it has none.");
}

Table<ClusterAnswer> Rows() {
  using C = ClusterAnswer;
  return DataSource<C>("dbaas_cluster",
                       "A cluster as it is now: who is the primary, how far the others lag, what "
                       "is not well. Unlike the resource of the same name, this asks the members, "
                       "so its answers change from one plan to the next.")
      .Add("name", &C::name, Required, "Name of the cluster.", NotEmpty(),
           SpecFields({"cluster_id"}))
      .Add("host_name", &C::host_name, Optional, Computed,
           "Name of the `host` block of the provider that it lives on. The first one when left "
           "out.",
           NotEmpty())
      .Add("id", &C::id, Computed, "`host/name`, such as `local/orders`.")
      .Add("status", &C::status, Computed,
           "`creating`, `running`, `modifying`, `degraded` or `deleting`.")
      .Add("engine", &C::engine, Computed, "The database, such as `postgresql`.")
      .Add("engine_version", &C::engine_version, Computed, "The version that was asked for.")
      .Add("engine_version_actual", &C::engine_version_actual, Computed, "The version that runs.")
      .Add("node_count", &C::node_count, Computed, "Members that can become primary.")
      .Add("username", &C::username, Computed, "Name of the administrator.")
      .Add("db_name", &C::db_name, Computed, "The database that was created with the cluster.")
      .Add("host", &C::host, Computed, "Address under which the ports are reached.")
      .Add("port", &C::port, Computed, "Port that leads to the primary.")
      .Add("reader_port", &C::reader_port, Computed, "Port that leads to the standbys.")
      .Add("endpoint", &C::endpoint, Computed, "`host:port`, for reading and writing.")
      .Add("reader_endpoint", &C::reader_endpoint, Computed,
           "`host:reader_port`, for reading only.")
      .Add("ca_cert", &C::ca_cert, Computed, "Certificate of the cluster's own authority (PEM).")
      .Add("primary", &C::primary, Computed,
           "Name of the primary; null while there is none, as in the middle of a failover.")
      .Add("members", &C::members, Computed, "All members, replicas included.")
      .Add("drift", &C::drift, Computed,
           "Why the host does not match what was asked for, one reason each.")
      .Add("troubles", &C::troubles, Computed,
           "What is unwell without being a difference, one line each: a member that is stopped, "
           "for instance.");
}

Result<DataQuery> Query(const ClusterAnswer& config) {
  const std::string host = config.host_name ? *config.host_name + "/" : "";
  return DataQuery{.cluster = host + config.name};
}

MemberAnswer Describe(const MemberView& member) {
  const MemberFacts& facts = member.facts;
  const bool primary = facts.role == Role::kPrimary;
  return {.name = member.name,
          .role = ToString(facts.role),
          .healthy = facts.running && (primary || facts.streaming),
          .instance = member.instance,
          .state = facts.state,
          .streaming = facts.streaming,
          .synchronous = facts.synchronous,
          .lag_bytes = facts.lag_bytes,
          .pending_restart = facts.pending_restart,
          .host = member.port == 0 ? std::nullopt : std::optional(member.address),
          .port = member.port == 0 ? std::nullopt : std::optional(member.port)};
}

void FillFromSpec(const ClusterView& view, ClusterAnswer& answer) {
  const auto part = view.parts.find(std::string(kClusterPart));
  if (part == view.parts.end()) return;  // Its creation or removal did not end.
  const auto& spec = std::get<ClusterSpec>(part->second);
  answer.engine = spec.engine;
  answer.engine_version = spec.engine_version;
  answer.node_count = spec.node_count;
  answer.username = spec.username;
  answer.db_name = spec.db_name;
}

Result<void> Fill(const DataAnswer& found, ClusterAnswer& answer) {
  if (found.clusters.empty()) return Internal("the engine answered without the cluster");
  const ClusterView& view = found.clusters.front();
  FillFromSpec(view, answer);
  answer.host_name = view.id.host;
  answer.id = view.id.ToText();
  answer.status = view.status;
  answer.engine_version_actual = view.version_actual;
  answer.host = view.address;
  answer.port = view.port;
  answer.reader_port = view.reader_port;
  answer.endpoint = Endpoint(view.address, view.port);
  answer.reader_endpoint = Endpoint(view.address, view.reader_port);
  answer.ca_cert = view.ca_certificate_pem;
  for (const MemberView& member : view.members) {
    answer.members.push_back(Describe(member));
    if (member.facts.role == Role::kPrimary) answer.primary = member.name;
  }
  for (const auto& [part, reasons] : view.drift) {
    answer.drift.insert(answer.drift.end(), reasons.begin(), reasons.end());
  }
  answer.troubles = view.troubles;
  return Ok();
}

}  // namespace

DataSourceType ClusterDataSource() {
  return ReadOnly<ClusterAnswer>(Rows(),
                                 {.query = Query, .fill = Fill, .cluster_attribute = "name"});
}

}  // namespace dbaas

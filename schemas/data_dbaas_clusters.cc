// SPDX-License-Identifier: MPL-2.0
//
// data.dbaas_clusters: every cluster of one host, or of all.
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ListedCluster {
  std::string id;
  std::string name;
  std::string host_name;
  std::string status;
  std::string engine;
  std::string engine_version;
  int node_count = 0;
  std::string endpoint;
  std::string reader_endpoint;
  static Table<ListedCluster> Attributes();
};

struct ClustersAnswer {
  std::optional<std::string> host_name;
  std::vector<std::string> ids;
  std::vector<ListedCluster> clusters;
};

Table<ListedCluster> ListedCluster::Attributes() {
  using L = ListedCluster;
  return Nested<L>()
      .Add("id", &L::id, Computed, "`host/name`, such as `local/orders`.")
      .Add("name", &L::name, Computed, "Name of the cluster.")
      .Add("host_name", &L::host_name, Computed, "Host that it lives on.")
      .Add("status", &L::status, Computed,
           "`creating`, `running`, `modifying`, `degraded` or `deleting`.")
      .Add("engine", &L::engine, Computed, "The database, such as `postgresql`.")
      .Add("engine_version", &L::engine_version, Computed, "The version that was asked for.")
      .Add("node_count", &L::node_count, Computed, "Members that can become primary.")
      .Add("endpoint", &L::endpoint, Computed, "`host:port`, for reading and writing.")
      .Add("reader_endpoint", &L::reader_endpoint, Computed, "For reading only.");
}

Table<ClustersAnswer> Rows() {
  using C = ClustersAnswer;
  return DataSource<C>("dbaas_clusters",
                       "All clusters of the provider's hosts, whoever made them: this or another "
                       "Terraform state, or the `dbaas` command. One listing per host; the members "
                       "are not asked.")
      .Add("host_name", &C::host_name, Optional,
           "Only the clusters of this `host` block of the provider. All hosts when left out.",
           NotEmpty())
      .Add("ids", &C::ids, Computed, "The `id` of each, for `for_each` and imports.")
      .Add("clusters", &C::clusters, Computed, "The clusters, by host and name.");
}

ListedCluster Describe(const ClusterView& view) {
  ListedCluster listed{.id = view.id.ToText(),
                       .name = view.id.cluster,
                       .host_name = view.id.host,
                       .status = view.status,
                       .endpoint = Endpoint(view.address, view.port),
                       .reader_endpoint = Endpoint(view.address, view.reader_port)};
  const auto part = view.parts.find(std::string(kClusterPart));
  if (part != view.parts.end()) {
    const auto& spec = std::get<ClusterSpec>(part->second);
    listed.engine = spec.engine;
    listed.engine_version = spec.engine_version;
    listed.node_count = spec.node_count;
  }
  return listed;
}

Result<void> Fill(const DataAnswer& found, ClustersAnswer& answer) {
  for (const ClusterView& view : found.clusters) {
    answer.ids.push_back(view.id.ToText());
    answer.clusters.push_back(Describe(view));
  }
  return Ok();
}

}  // namespace

DataSourceType ClustersDataSource() {
  return ReadOnly<ClustersAnswer>(
      Rows(), {.query = [](const ClustersAnswer& config) -> Result<DataQuery> {
                 return DataQuery{.list_clusters = true, .host = config.host_name.value_or("")};
               },
               .fill = Fill});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// list.dbaas_replica: every replica of one cluster, of one host, or of all, for `terraform query`.
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ReplicaListConfig {
  std::optional<std::string> host_name;
  std::optional<std::string> cluster_id;
};

Table<ReplicaListConfig> Rows() {
  using C = ReplicaListConfig;
  return ListResource<C>("dbaas_replica",
                         "The read replicas that are on the provider's hosts, whoever made them. "
                         "Those of a cluster that is being destroyed are left out, and so is what "
                         "is on a host that does not answer, with a warning.")
      .Add("host_name", &C::host_name, Optional, ConflictsWith({"cluster_id"}),
           "Only the replicas on this `host` block of the provider. All hosts when left out.",
           NotEmpty())
      .Add("cluster_id", &C::cluster_id, Optional,
           "Only the replicas of the cluster with this `id`.", ClusterIdText());
}

}  // namespace

ListResourceType ReplicaList() {
  return Listing<ReplicaListConfig>(
      Rows(),
      {.query = [](const ReplicaListConfig& config) -> Result<ListQuery> {
         return ListQuery{.host = config.host_name.value_or(""),
                          .cluster = config.cluster_id.value_or("")};
       },
       .lists = [](const PartSpec& part) { return std::holds_alternative<ReplicaSpec>(part); }});
}

}  // namespace dbaas

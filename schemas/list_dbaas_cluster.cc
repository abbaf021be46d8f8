// SPDX-License-Identifier: MPL-2.0
//
// list.dbaas_cluster: every cluster of one host, or of all, for `terraform query`.
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ClusterListConfig {
  std::optional<std::string> host_name;
};

Table<ClusterListConfig> Rows() {
  using C = ClusterListConfig;
  return ListResource<C>(
             "dbaas_cluster",
             "The clusters that are on the provider's hosts, whoever made them. One that "
             "is being destroyed is left out, and so is what is on a host that does not "
             "answer, with a warning.")
      .Add("host_name", &C::host_name, Optional,
           "Only the clusters of this `host` block of the provider. All hosts when left out.",
           NotEmpty());
}

}  // namespace

ListResourceType ClusterList() {
  return Listing<ClusterListConfig>(
      Rows(),
      {.query = [](const ClusterListConfig& config) -> Result<ListQuery> {
         return ListQuery{.host = config.host_name.value_or("")};
       },
       .lists = [](const PartSpec& part) { return std::holds_alternative<ClusterSpec>(part); }});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/part_list.h"

#include <utility>

#include "schemas/kit.h"

namespace dbaas {
namespace {

struct PartListConfig {
  std::optional<std::string> host_name;
  std::optional<std::string> cluster_id;
};

Result<ListQuery> QueryOf(const PartListConfig& config) {
  return ListQuery{.host = config.host_name.value_or(""),
                   .cluster = config.cluster_id.value_or("")};
}

}  // namespace

ListResourceType PartList(const char* type, const char* description, const std::string& those,
                          std::function<bool(const PartSpec&)> lists) {
  using C = PartListConfig;
  const auto rows =
      ListResource<C>(type, description)
          .Add("host_name", &C::host_name, Optional, ConflictsWith({"cluster_id"}),
               "Only " + those + " on this `host` block of the provider. All hosts when left out.",
               NotEmpty())
          .Add("cluster_id", &C::cluster_id, Optional,
               "Only " + those + " of the cluster with this `id`.", ClusterIdText());
  return Listing<C>(rows, {.query = QueryOf, .lists = std::move(lists)});
}

}  // namespace dbaas

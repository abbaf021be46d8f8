// SPDX-License-Identifier: MPL-2.0
//
// list.dbaas_backup_policy: the backup policies of one host, or of all, for `terraform query`.
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct PolicyListConfig {
  std::optional<std::string> host_name;
};

Table<PolicyListConfig> Rows() {
  using C = PolicyListConfig;
  return ListResource<C>("dbaas_backup_policy",
                         "The backup policies of the clusters that are on the provider's hosts, "
                         "whoever made them. Those of a cluster that is being destroyed are left "
                         "out, and so is what is on a host that does not answer, with a warning.")
      .Add("host_name", &C::host_name, Optional,
           "Only those on this `host` block of the provider. All hosts when left out.", NotEmpty());
}

}  // namespace

ListResourceType BackupPolicyList() {
  return Listing<PolicyListConfig>(
      Rows(),
      {.query = [](const PolicyListConfig& config) -> Result<ListQuery> {
         return ListQuery{.host = config.host_name.value_or(""), .cluster = ""};
       },
       .lists =
           [](const PartSpec& part) { return std::holds_alternative<BackupPolicySpec>(part); }});
}

}  // namespace dbaas

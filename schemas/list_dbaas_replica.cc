// SPDX-License-Identifier: MPL-2.0
//
// list.dbaas_replica: every replica of one cluster, of one host, or of all, for `terraform query`.
#include "schemas/part_list.h"
#include "schemas/types.h"

namespace dbaas {

ListResourceType ReplicaList() {
  return PartList(
      "dbaas_replica",
      "The read replicas that are on the provider's hosts, whoever made them. Those of "
      "a cluster that is being destroyed are left out, and so is what is on a host that "
      "does not answer, with a warning.",
      "the replicas",
      [](const PartSpec& part) { return std::holds_alternative<ReplicaSpec>(part); });
}

}  // namespace dbaas

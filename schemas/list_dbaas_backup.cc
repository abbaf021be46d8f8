// SPDX-License-Identifier: MPL-2.0
//
// list.dbaas_backup: every backup that is kept of one cluster, of one host's, or of all, for
// `terraform query`.
#include "schemas/part_list.h"
#include "schemas/types.h"

namespace dbaas {

ListResourceType BackupList() {
  return PartList(
      "dbaas_backup",
      "The backups that somebody keeps of the clusters on the provider's hosts, whoever "
      "made them. Those of a cluster that is being destroyed are left out, and so is "
      "what is on a host that does not answer, with a warning.",
      "those", [](const PartSpec& part) { return std::holds_alternative<BackupSpec>(part); });
}

}  // namespace dbaas

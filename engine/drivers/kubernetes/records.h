// SPDX-License-Identifier: MPL-2.0
//
// Cluster records, a Secret `dbaas-record-CLUSTER` each. Called by kubernetes_driver.cc.
// Thread-safe; errors as engine/drivers/driver.h.
//
// A record is replaced as a whole and only where the Secret's version is the one that was read, so
// of two who write at once one gets kConflict. The API server has it on disk before it answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/drivers/kubernetes/place.h"
#include "engine/model/record.h"

namespace dbaas::kubernetes {

Result<std::optional<ClusterRecord>> ReadRecord(Place& place, const std::string& cluster);
Result<std::vector<ClusterRecord>> ReadRecords(Place& place);
Result<void> WriteRecord(Place& place, const ClusterRecord& record,
                         std::int64_t expected_generation);
Result<void> RemoveRecord(Place& place, const std::string& cluster);

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
//
// Cluster records of a process host: one file each, replaced as a whole and readable by the host's
// user alone. Called by process_driver.cc. Thread-safe, between processes too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/drivers/process/store.h"
#include "engine/model/record.h"

namespace dbaas::process {

Result<std::optional<ClusterRecord>> ReadRecord(const Store& store, const std::string& cluster);
Result<std::vector<ClusterRecord>> ReadRecords(const Store& store);
Result<void> WriteRecord(const Store& store, const ClusterRecord& record,
                         std::int64_t expected_generation);
Result<void> RemoveRecord(const Store& store, const std::string& cluster);

}  // namespace dbaas::process

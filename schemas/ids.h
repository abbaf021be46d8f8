// SPDX-License-Identifier: MPL-2.0
//
// Ids as users see and type them: "local/orders" is a cluster, "local/orders/reports" one of its
// replicas, or a backup that is kept of it. The host may be left out by hand, where the provider's
// default host is meant.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/model/spec.h"
#include "schemas/resource_type.h"

namespace dbaas {

/// "local/orders" or "orders".
Result<PartAddress> ParseClusterAddress(const std::string& id);
/// "local/orders/reports" or "orders/reports".
Result<PartAddress> ParseReplicaAddress(const std::string& id);

/// "local/orders/before-upgrade" or "orders/before-upgrade".
Result<PartAddress> ParseBackupAddress(const std::string& id);

/// Of a replica or a backup.
std::string PartId(const ClusterId& cluster, const std::string& name);
/// "127.0.0.1:15432"
std::string Endpoint(const std::string& address, int port);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The provider block: which hosts there are. Read by provider/lifecycle.* and by the command, for
// the engine. Pure.
#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/model/host.h"
#include "schemas/diagnostic.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

const Schema& ProviderSchema();
/// Rules that go beyond single attributes: no two hosts of one name or directory, one driver a
/// host. Values may be unknown.
Diagnostics CheckProvider(const Value& config);
/// REQUIRES: config is wholly known. Empty when there is no host block.
Result<std::vector<HostConfig>> ReadProviderHosts(const Value& config);

}  // namespace dbaas

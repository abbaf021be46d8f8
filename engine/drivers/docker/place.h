// SPDX-License-Identifier: MPL-2.0
//
// Places: containers that never run. They have a name that only one can have, labels, files and
// volumes, and that is all that leases and the record store need. Called by leases.cc, records.cc.
// Thread-safe.
#pragma once

#include <string>

#include "engine/drivers/docker/client.h"

namespace dbaas::docker {

/// Image of all places: it holds nothing at all.
inline constexpr const char* kEmptyImageRepository = "dbaas/records";
inline constexpr const char* kEmptyImageTag = "1";

/// Creates one, and the image when it is not there; the answer has its "Id". kConflict when the
/// name is taken.
Result<Json> CreatePlace(DockerClient& client, const std::string& name, const Json& labels,
                         const Json& host_config);

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
//
// The image that tests on a real Docker engine run: busybox and nothing else. Made on the spot,
// from this machine's busybox-static, so that no registry is needed.
#pragma once

#include <string>

#include "engine/drivers/docker/client.h"

namespace dbaas {

inline constexpr const char* kTestImage = "dbaas/test:1";
inline constexpr const char* kBusybox = "/bin/busybox";  ///< Here, and in the image.

/// Makes it when it is not there. Returns what is missing for that, in words; empty when all is
/// well.
std::string EnsureTestImage(docker::DockerClient& client);

}  // namespace dbaas

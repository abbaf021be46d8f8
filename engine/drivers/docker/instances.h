// SPDX-License-Identifier: MPL-2.0
//
// Instances as containers of one Docker engine. Called by docker_driver.cc. Thread-safe; errors as
// engine/drivers/driver.h.
//
// An instance comes into being in steps, each of which can be repeated, so that a process may die
// between any two of them and the next Ensure goes on:
//
//   create ── connect the other networks ── place files, the last of them their mark ── start
//
// Changed files go into the running container, it is told (signal or restart), and only then are
// they marked. So the mark never claims more than what the process has been told of.
#pragma once

#include <string>

#include "engine/drivers/docker/client.h"
#include "engine/model/object.h"

namespace dbaas::docker {

/// Where an instance keeps the fingerprint of its files, because a container's labels cannot
/// change. A symbolic link to nowhere: its target comes with the answer to a HEAD request, which
/// takes the engine a tenth of the time that an archive takes.
inline constexpr const char* kMarkerPath = "/etc/dbaas/.files-fingerprint";
inline constexpr const char* kMarkerTarget = "fingerprint-";  ///< Then the fingerprint itself.

Result<void> EnsureInstance(DockerClient& client, const Object& object);
/// Stops it in its own time, then removes it with its anonymous volumes. Named volumes stay.
Result<void> RemoveInstance(DockerClient& client, const ObjectId& id);
Result<void> RestartInstance(DockerClient& client, const std::string& name);
Result<void> KillInstance(DockerClient& client, const std::string& name);

/// Fingerprint of the files inside; empty when it never got any.
Result<Fingerprint> ReadMarker(DockerClient& client, const std::string& container);

}  // namespace dbaas::docker

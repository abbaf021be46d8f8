// SPDX-License-Identifier: MPL-2.0
//
// Files of an instance: how they lie in its Secret, and the scripts that put them where they
// belong. Pure. Called by manifests.cc and instances.cc.
//
// A Secret mounted where the files are wanted would belong to root, hide what the image has in that
// folder, and change a minute late. So the pod has an empty volume of its own for each such folder,
// and its init container, from the instance's own image, copies there first what the image has and
// then the files, as the user that the instance runs as. The same script places changed files in a
// running pod, fed by stdin. What it needs of an image: /bin/sh, base64, cp, mkdir, mv and chmod.
//
// The stream is text, two lines a file and a last one that tells a whole stream from a torn one:
//
//   600 /etc/dbaas/patroni.yml
//   bmFtZTogb3JkZXJzLTEK
//   end
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/model/object.h"

namespace dbaas::kubernetes {

// Keys of the Secret. Those that are only for the beginning are kept as they were at first.
inline constexpr const char* kFilesKey = "files";
inline constexpr const char* kOnceKey = "once";
inline constexpr const char* kSumKey = "sum";  ///< Of both, to notice a Secret that was edited.

// Where the init container finds its volumes.
inline constexpr const char* kOwnFolder = "/dbaas/own";
inline constexpr const char* kFilesFolder = "/dbaas/files";

enum class FileChoice { kCompared, kCreateOnly };
std::string FileStream(const InstanceSpec& instance, FileChoice choice);
/// Of the two streams.
std::string SumOf(const std::string& files, const std::string& once);
/// `data` of a Secret: whether it is as we wrote it.
bool IsIntact(const Json& data);

/// Folders that the instance may write to besides its volumes: /tmp, /run, /var and those of its
/// files.
/// None is inside another, and none inside a volume.
std::vector<std::string> OwnFolders(const InstanceSpec& instance);

/// Those that the init container needs. Others it must not see, or it would copy what is in them.
std::vector<Mount> MountsWithFiles(const InstanceSpec& instance);

/// kInvalid when a file cannot be placed: no absolute path, or none in a folder.
Result<void> CheckFiles(const InstanceSpec& instance);

/// argv of the init container.
std::vector<std::string> PrepareCommand(const InstanceSpec& instance);
/// argv that places a stream from stdin.
std::vector<std::string> PlaceCommand();
/// argv that sends the instance's first process a signal: "SIGHUP".
std::vector<std::string> SignalCommand(const std::string& signal);

}  // namespace dbaas::kubernetes

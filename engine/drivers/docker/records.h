// SPDX-License-Identifier: MPL-2.0
//
// The store of cluster records on one Docker engine: the named volume `dbaas-records`, reached
// through a container of the same name that mounts it and never runs. The archive calls read and
// write the volumes of such a container, so that nothing of ours has to run for it. Format, and why
// it is safe: docs/record_format.md. Called by docker_driver.cc.
//
// The volume survives `docker system prune`; the container does not, and is made again when needed.
// Threading: thread-safe. Writers of one cluster are kept apart by its lease; writers of different
// clusters, and those who clear the store away, may meet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/drivers/docker/client.h"
#include "engine/drivers/docker/record_format.h"
#include "engine/model/record.h"

namespace dbaas::docker {

/// Image of containers that are only places: it holds nothing at all.
inline constexpr const char* kEmptyImageRepository = "dbaas/records";
inline constexpr const char* kEmptyImageTag = "1";
/// Creates a container of the empty image, and the image when it is not there. 409 is kConflict.
Result<Json> CreatePlace(DockerClient& client, const std::string& name, const Json& labels,
                         const Json& host_config);

class RecordStore {
 public:
  explicit RecordStore(DockerClient& client) : client_(client) {}

  Result<std::optional<ClusterRecord>> Read(const std::string& cluster);
  Result<std::vector<ClusterRecord>> ReadAll();
  Result<void> Write(const ClusterRecord& record, std::int64_t expected_generation);
  /// Also clears the whole store away when that was the last record.
  Result<void> Remove(const std::string& cluster);

 private:
  using Stored = std::map<std::string, StoredRecord>;
  /// Of one cluster, or of all. Makes the container when there is a volume without one.
  Result<Stored> Load(const std::optional<std::string>& cluster);
  Result<void> EnsureContainer();
  Result<bool> ContainerExists();
  Result<bool> VolumeExists();
  Result<void> Put(const std::string& cluster, const std::vector<StoredRecord>& slots);
  Result<void> ClearAwayIfEmpty();

  DockerClient& client_;
};

}  // namespace dbaas::docker

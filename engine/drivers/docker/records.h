// SPDX-License-Identifier: MPL-2.0
//
// The store of cluster records on one Docker engine: the named volume `dbaas-records`, reached
// through a container of the same name that mounts it and never runs. The archive calls read and
// write the volumes of such a container, so that nothing of ours has to run for it. Format, and why
// it is safe: docs/record_format.md. Called by docker_driver.cc.
//
// The volume survives `docker system prune`; the container does not, and is made again when needed.
// When the last record goes, both go. So that nobody's first record is thrown away with them, first
// writes and the clearing away exclude each other by a lease of their own; all other writes need
// none, because a store with a record in it is never cleared away.
// Threading: thread-safe. Writers of one cluster are kept apart by its lease.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/drivers/docker/client.h"
#include "engine/drivers/docker/record_format.h"
#include "engine/model/record.h"

namespace dbaas::docker {

class RecordStore {
 public:
  /// `name` is that of container, volume and lease. Tests have stores of their own.
  explicit RecordStore(std::shared_ptr<DockerClient> client, std::string name = "dbaas-records")
      : shared_client_(std::move(client)), client_(*shared_client_), name_(std::move(name)) {}

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
  /// The id of the store's container; empty when it is not there.
  Result<std::string> FindContainer();
  Result<bool> VolumeExists();
  /// Makes the container again when it was cleaned away.
  Result<void> Put(const std::string& archive);
  Result<void> ClearAwayIfEmpty();
  /// Excludes first writes and clearing away, for as long as the lease lives.
  Result<std::unique_ptr<Lease>> Lock();

  const std::shared_ptr<DockerClient> shared_client_;
  DockerClient& client_;
  const std::string name_;
};

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
//
// The directory of a process host, and what lies where in it:
//
//   networks/orders/object.json
//   volumes/orders-1-data/{object.json, data/}
//   instances/orders-1/...          status.h
//   records/orders.json             the cluster record
//   leases/orders.json              leases.cc
//   addresses.json                  addresses.cc
//
// An object is there when its folder is, which appears with object.json in it and disappears with
// all that it holds, both at once: it is made and removed under another name, one with a dot.
// Called by the driver's other files. Thread-safe, between processes too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/drivers/process/files.h"
#include "engine/drivers/process/user.h"
#include "engine/model/object.h"
#include "engine/model/state.h"

namespace dbaas::process {

/// object.json.
struct Note {
  bool managed = false;  ///< False for a folder that is not ours.
  ObjectId id;
  std::string cluster;
  std::string part;
  std::string member;
  Fingerprint fingerprint;
  std::string directory;             ///< Of a volume: Object::directory.
  std::vector<std::string> volumes;  ///< That an instance mounts.
  std::vector<int> host_ports;       ///< That it publishes, running or not.
};

class Store {
 public:
  Store(std::string directory, std::string host, SystemUser user)
      : directory_(std::move(directory)), host_(std::move(host)), user_(std::move(user)) {}

  const std::string& directory() const { return directory_; }
  const std::string& host() const { return host_; }
  const SystemUser& user() const { return user_; }

  std::string FolderOf(const ObjectId& id) const;
  std::string Records() const { return directory_ + "/records"; }
  std::string Leases() const { return directory_ + "/leases"; }

  /// Makes the directory itself, for the host's user alone. To be called before ActAs.
  Result<void> Prepare() const;
  /// Excludes everybody else who changes something in the directory.
  Result<Descriptor> Lock() const { return LockFolder(directory_); }

  /// Nothing when there is no such folder.
  Result<std::optional<Note>> Find(const ObjectId& id) const;
  /// All objects of ours of one kind.
  std::vector<Note> List(ObjectKind kind) const;
  /// Makes the folder with its note; also `files`, by their path in it. Success when it is there
  /// already and the same; kConflict when it is not the same.
  Result<void> Make(const Object& object,
                    const std::vector<std::pair<std::string, std::string>>& files = {}) const;
  /// kConflict when what is there is not that object of ours.
  Result<void> CheckIsOurs(const Note& note, const ObjectId& id) const;
  Result<void> Remove(const ObjectId& id) const;
  /// Clears away what interrupted calls left, and the folders that are empty.
  void Tidy() const;

 private:
  Result<void> Make() const;
  Result<void> MakeData(const Object& volume, const std::string& at) const;
  Result<void> CheckIsSame(const Note& note, const Object& object) const;

  const std::string directory_;
  const std::string host_;
  const SystemUser user_;
};

}  // namespace dbaas::process

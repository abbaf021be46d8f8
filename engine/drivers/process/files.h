// SPDX-License-Identifier: MPL-2.0
//
// Files as this driver needs them: read whole, replaced as a whole, locked. Everything that is
// written is on the disk before it has its name, so a crash leaves the old file or the new one.
// Called by everything here. Thread-safe; errors are kNotFound, kDenied, kInternal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace dbaas::process {

/// The last error of the system as ours: "opening /x: No such file or directory".
Error SystemError(const std::string& doing, int number);

Result<std::string> ReadText(const std::string& path);
/// kNotFound when there is none; kInternal when it is not JSON.
Result<Json> ReadJson(const std::string& path);
Result<void> WriteText(const std::string& path, std::string_view content, int mode = 0600);
/// The folder and those above it that are missing.
Result<void> MakeFolders(const std::string& path, int mode = 0700);
/// Names in a folder, sorted, without those that begin with a dot. Empty when there is no folder.
std::vector<std::string> NamesIn(const std::string& folder);
bool Exists(const std::string& path);
/// Never overwrites; false when `to` exists.
Result<bool> RenameNew(const std::string& from, const std::string& to);

/// A descriptor that is closed with its object.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int Release();
  void Close();

 private:
  int number_ = -1;
};

/// Excludes other processes and threads for as long as it lives. Waits.
Result<Descriptor> LockFolder(const std::string& folder);

/// A lock that whoever takes it keeps until all processes that inherited it have ended. Not held
/// by anybody: an empty descriptor from Try, false from IsHeld, which itself takes nothing.
Result<Descriptor> TryLockFile(const std::string& path);
bool IsLocked(const std::string& path);

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
//
// Tar archives in memory, as the archive calls of the Docker Engine API take and give them: files
// and folders with owner and mode, symbolic links to write, no devices. Our own, because this page
// of code is all we need, while libarchive would bring its compression and ACL libraries into a
// fully static binary for formats that the API never sends us.
//
//   TarWriter tar;
//   tar.AddFile({.path = "etc/dbaas/patroni.yml", .content = "...", .mode = 0600, .uid = 999});
//   const std::string archive = TRY(std::move(tar).Finish());
//
// Pure. Errors: kInvalid for a path or number that the format cannot hold, kInternal for an archive
// that makes no sense. Reads ustar and the pax records path, size and mtime; whatever else a pax
// header says is skipped. Source: POSIX.1-2017, pax, "ustar Interchange Format".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace dbaas::docker {

struct TarEntry {
  std::string path;  ///< Relative, without a trailing slash.
  std::string content;
  int mode = 0644;
  int uid = 0;
  int gid = 0;
  std::int64_t mtime = 0;  ///< Seconds since the epoch.
  bool is_folder = false;
};

class TarWriter {
 public:
  void AddFile(const TarEntry& entry);
  void AddFolder(const TarEntry& entry);
  /// A symbolic link at entry.path; entry.content is what it points to.
  void AddLink(const TarEntry& entry);
  /// The archive, or the first thing that did not fit into one.
  Result<std::string> Finish() &&;

 private:
  void AddHeader(const TarEntry& entry, std::size_t size, char type,
                 std::string_view link_target = {});

  std::string archive_;
  std::vector<Error> errors_;
};

/// Files and folders; entries of other types are left out.
Result<std::vector<TarEntry>> ReadTar(std::string_view archive);

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/files.h"

#include <fmt/format.h>

#include <set>

namespace dbaas::kubernetes {
namespace {

// Files take their places by rename, so that nobody reads half of one. Arguments are the folders of
// volumes, which are where they will be already while the init container runs.
constexpr const char* kPlace = R"(set -eu
umask 022
place() {
  while IFS=' ' read -r mode path; do
    [ "$mode" != end ] || return 0
    IFS= read -r text
    target=$own$path
    for volume in "$@"; do
      case $path in "$volume"/*) target=$path ;; esac
    done
    mkdir -p "${target%/*}"
    (umask 077 && printf %s "$text" | base64 -d >"$target.new")
    chmod "$mode" "$target.new"
    mv -f "$target.new" "$target"
  done
  echo 'the files were cut short' >&2
  return 1
}
)";
// What the image has in a folder and this user may not read is nothing that he needs. Of /var,
// where images keep the lists of their packages, only the folders are taken.
constexpr const char* kPrepare = R"(own=/dbaas/own
while [ "$1" != -- ]; do
  mkdir -p "$own$1"
  [ "$1" = /var ] || [ ! -d "$1" ] || cp -R "$1/." "$own$1/" 2>/dev/null || :
  shift
done
for path in /var/* /var/*/*; do
  if [ -L "$path" ]; then cp -P "$path" "$own$path"; elif [ -d "$path" ]; then mkdir -p "$own$path"; fi
done
shift
place "$@" </dbaas/files/once
place "$@" </dbaas/files/files
)";

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool IsInside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

bool IsInVolume(const std::string& path, const InstanceSpec& instance) {
  for (const Mount& mount : instance.mounts) {
    if (IsInside(path, mount.path)) return true;
  }
  return false;
}

}  // namespace

std::string FileStream(const InstanceSpec& instance, FileChoice choice) {
  std::string stream;
  for (const File& file : instance.files) {
    if (file.create_only != (choice == FileChoice::kCreateOnly)) continue;
    stream += fmt::format("{:o} {}\n{}\n", file.mode, file.path, Base64(file.content.Reveal()));
  }
  return stream + "end\n";
}

std::string SumOf(const std::string& files, const std::string& once) {
  return Sha256Hex(fmt::format("{} {}", files.size(), files) + once);
}

bool IsIntact(const Json& data) {
  const auto value = [&](const char* key) { return DecodeBase64(GetString(data, key)); };
  return value(kSumKey) == SumOf(value(kFilesKey), value(kOnceKey));
}

std::vector<std::string> OwnFolders(const InstanceSpec& instance) {
  std::set<std::string> wanted = {"/run", "/tmp", "/var"};
  for (const File& file : instance.files) wanted.insert(FolderOf(file.path));
  std::vector<std::string> folders;
  for (const std::string& folder : wanted) {
    if (IsInVolume(folder, instance)) continue;
    bool is_covered = false;
    for (const std::string& other : wanted) {
      is_covered = is_covered || (other != folder && IsInside(folder, other));
    }
    if (!is_covered) folders.push_back(folder);
  }
  return folders;
}

std::vector<Mount> MountsWithFiles(const InstanceSpec& instance) {
  std::vector<Mount> mounts;
  for (const Mount& mount : instance.mounts) {
    for (const File& file : instance.files) {
      if (!IsInside(file.path, mount.path)) continue;
      mounts.push_back(mount);
      break;
    }
  }
  return mounts;
}

Result<void> CheckFiles(const InstanceSpec& instance) {
  for (const File& file : instance.files) {
    if (!file.path.starts_with('/') || FolderOf(file.path).empty() ||
        file.path.find('\n') != std::string::npos) {
      return Internal(fmt::format("file {} has no absolute path in a folder", file.path));
    }
  }
  return Ok();
}

std::vector<std::string> PrepareCommand(const InstanceSpec& instance) {
  std::vector<std::string> command = {"/bin/sh", "-c", std::string(kPlace) + kPrepare, "prepare"};
  for (const std::string& folder : OwnFolders(instance)) command.push_back(folder);
  command.emplace_back("--");
  for (const Mount& mount : MountsWithFiles(instance)) command.push_back(mount.path);
  return command;
}

std::vector<std::string> PlaceCommand() {
  return {"/bin/sh", "-c", std::string(kPlace) + "own=\nplace\n"};
}

std::vector<std::string> SignalCommand(const std::string& signal) {
  const std::string name = signal.starts_with("SIG") ? signal.substr(3) : signal;
  return {"/bin/sh", "-c", fmt::format("kill -{} 1", name)};
}

}  // namespace dbaas::kubernetes

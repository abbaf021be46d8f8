// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace dbaas::process {
namespace {

namespace fs = std::filesystem;

constexpr char kNote[] = "object.json";
constexpr ObjectKind kKinds[] = {ObjectKind::kNetwork, ObjectKind::kVolume, ObjectKind::kInstance};

Json NoteOf(const Object& object) {
  Json volumes = Json::array();
  for (const auto& mount : object.instance.mounts) volumes.push_back(mount.volume);
  Json ports = Json::array();
  for (const auto& port : object.instance.ports) {
    if (port.host_port != 0) ports.push_back(port.host_port);
  }
  return {{kLabelManagedBy, kManagedBy},
          {kLabelCluster, object.cluster},
          {kLabelPart, object.part},
          {kLabelMember, object.member},
          {kLabelObject, fmt::format("{}/{}", ToString(object.id.kind), object.id.name)},
          {kLabelFingerprint, object.fingerprint},
          {"directory", object.directory},
          {"volumes", volumes},
          {"host_ports", ports}};
}

Note FromJson(const Json& json, const ObjectId& id) {
  Note note{
      .managed = GetString(json, kLabelManagedBy) == kManagedBy &&
                 GetString(json, kLabelObject) == fmt::format("{}/{}", ToString(id.kind), id.name),
      .id = id,
      .cluster = GetString(json, kLabelCluster),
      .part = GetString(json, kLabelPart),
      .member = GetString(json, kLabelMember),
      .fingerprint = GetString(json, kLabelFingerprint),
      .directory = GetString(json, "directory")};
  for (const auto& volume : GetMember(json, "volumes")) {
    if (volume.is_string()) note.volumes.push_back(volume);
  }
  for (const auto& port : GetMember(json, "host_ports")) {
    if (port.is_number_integer()) note.host_ports.push_back(port);
  }
  return note;
}

}  // namespace

std::string Store::FolderOf(const ObjectId& id) const {
  return fmt::format("{}/{}s/{}", directory_, ToString(id.kind), id.name);
}

/// Under another name first: nobody may meet it before it is the user's. Never in place of one that
/// somebody made at the same moment, though it be empty: that one may be locked already, and two
/// folders of one path are two locks.
Result<void> Store::Make() const {
  TRY(MakeFolders(fs::path(directory_).parent_path().string(), 0755));
  std::string made = directory_ + ".XXXXXX";
  if (mkdtemp(made.data()) == nullptr) return SystemError("making folder " + directory_, errno);
  const auto give_and_name = [&]() -> Result<bool> {
    if (geteuid() == 0 && lchown(made.c_str(), user_.uid, user_.gid) != 0) {
      return SystemError("giving " + directory_ + " to " + user_.name, errno);
    }
    return RenameNew(made, directory_);
  };
  const auto is_it = give_and_name();
  if (!is_it || !*is_it) rmdir(made.c_str());
  if (!is_it) return is_it.error();
  return Ok();
}

Result<void> Store::Prepare() const {
  struct stat status {};
  if (stat(directory_.c_str(), &status) != 0) {
    TRY(Make());
    if (stat(directory_.c_str(), &status) != 0) {
      return SystemError("looking at folder " + directory_, errno);
    }
  }
  if (status.st_uid == user_.uid) return Ok();
  return Denied(fmt::format("directory {} of host {} does not belong to user {}", directory_, host_,
                            user_.name),
                "A process host belongs to one user. Give it to that user, or name another "
                "directory.");
}

Result<std::optional<Note>> Store::Find(const ObjectId& id) const {
  const std::string folder = FolderOf(id);
  const auto json = ReadJson(folder + "/" + kNote);
  if (json) return std::optional(FromJson(*json, id));
  if (json.error().kind != ErrorKind::kNotFound) return json.error();
  if (!Exists(folder)) return std::optional<Note>();
  return std::optional(Note{.id = id});
}

std::vector<Note> Store::List(ObjectKind kind) const {
  std::vector<Note> notes;
  for (const auto& name : NamesIn(fmt::format("{}/{}s", directory_, ToString(kind)))) {
    auto note = Find({kind, name});
    // One that cannot be read is just being removed, or not ours.
    if (note && *note && (*note)->managed) notes.push_back(std::move(**note));
  }
  return notes;
}

Result<void> Store::CheckIsOurs(const Note& note, const ObjectId& id) const {
  if (note.managed) return Ok();
  return Conflict(fmt::format("folder {} on host {} is not managed by dbaas", FolderOf(id), host_),
                  "Rename or remove it, or choose another name.");
}

Result<void> Store::CheckIsSame(const Note& note, const Object& object) const {
  TRY(CheckIsOurs(note, object.id));
  if (note.cluster != object.cluster) {
    return Conflict(
        fmt::format("{} on host {} belongs to cluster {}", object.id.ToText(), host_, note.cluster),
        "Choose another name.");
  }
  if (note.fingerprint != object.fingerprint) {
    return Conflict(
        fmt::format("{} on host {} exists with other settings", object.id.ToText(), host_),
        fmt::format("Its fingerprint is {}, not {}.", note.fingerprint, object.fingerprint));
  }
  return Ok();
}

Result<void> Store::MakeData(const Object& volume, const std::string& at) const {
  if (volume.directory.empty()) return MakeFolders(at);
  std::string draft = volume.directory + "/.dbaas-XXXXXX";
  if (mkdtemp(draft.data()) == nullptr) {
    const std::string why = std::generic_category().message(errno);
    return NotFound(fmt::format("directory {} of host {} cannot be used by {}", volume.directory,
                                host_, user_.name),
                    why)
        .On("backup_directory");
  }
  rmdir(draft.c_str());
  if (symlink(volume.directory.c_str(), at.c_str()) != 0) return SystemError("making " + at, errno);
  return Ok();
}

Result<void> Store::Make(const Object& object,
                         const std::vector<std::pair<std::string, std::string>>& files) const {
  if (const auto note = TRY(Find(object.id))) return CheckIsSame(*note, object);
  const std::string folder = FolderOf(object.id);
  const std::string parent = fs::path(folder).parent_path().string();
  const Descriptor lock = TRY(Lock());  // Tidy() removes folders that are empty.
  TRY(MakeFolders(parent));
  std::string draft = parent + "/.new-XXXXXX";
  if (mkdtemp(draft.data()) == nullptr) return SystemError("making " + draft, errno);
  Result<void> made = WriteText(draft + "/" + kNote, Dump(NoteOf(object)) + "\n");
  for (const auto& [path, content] : files) {
    if (made) made = WriteText(draft + "/" + path, content);
  }
  if (made && object.id.kind == ObjectKind::kVolume) made = MakeData(object, draft + "/data");
  if (made) {
    const Result<bool> named = RenameNew(draft, folder);
    if (named && *named) return Ok();
    if (!named) made = named.error();
  }
  std::error_code ignored;
  fs::remove_all(draft, ignored);
  TRY(std::move(made));
  // Somebody made it between our two looks; perhaps it is the same.
  const auto note = TRY(Find(object.id));
  return note ? CheckIsSame(*note, object) : Unavailable(object.id.ToText() + " vanished");
}

Result<void> Store::Remove(const ObjectId& id) const {
  const std::string folder = FolderOf(id);
  std::string grave = fs::path(folder).parent_path().string() + "/.gone-XXXXXX";
  if (mkdtemp(grave.data()) == nullptr) return SystemError("making " + grave, errno);
  if (rename(folder.c_str(), grave.c_str()) != 0 && errno != ENOENT) {
    return SystemError("removing " + folder, errno);
  }
  // Somebody who tidies up may remove it at the same time: then either of us finds things gone.
  std::error_code error;
  for (int attempt = 0; attempt < 100 && Exists(grave); ++attempt) fs::remove_all(grave, error);
  if (Exists(grave)) return Internal("removing " + folder + ": " + error.message());
  return Ok();
}

void Store::Tidy() const {
  std::error_code ignored;
  for (const ObjectKind kind : kKinds) {
    const std::string parent = fmt::format("{}/{}s", directory_, ToString(kind));
    for (const auto& entry : fs::directory_iterator(parent, ignored)) {
      const std::string name = entry.path().filename().string();
      const bool is_old = name.starts_with(".new-") &&
                          fs::last_write_time(entry, ignored) <
                              fs::file_time_type::clock::now() - std::chrono::minutes(10);
      if (name.starts_with(".gone-") || is_old) fs::remove_all(entry, ignored);
    }
    rmdir(parent.c_str());  // Only when it is empty.
  }
  rmdir(Records().c_str());
  rmdir(Leases().c_str());
}

}  // namespace dbaas::process

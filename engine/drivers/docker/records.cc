// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/records.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "engine/base/process.h"
#include "engine/base/random.h"
#include "engine/drivers/docker/leases.h"
#include "engine/drivers/docker/place.h"
#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

constexpr const char* kFolder = "/records";
/// More than two are needed only while others make or remove the container at the same moment.
constexpr int kLoadAttempts = 40;
constexpr Milliseconds kPause = std::chrono::milliseconds(50);
/// What is done under the lock takes a fraction of a second. Whoever dies over it delays processes
/// of other machines by no more than this.
constexpr Milliseconds kLockTtl = std::chrono::seconds(15);
constexpr int kLockAttempts = 1200;  ///< A minute.

Json StoreLabels() {
  return {{kLabelManagedBy, kManagedBy},
          {kLabelCluster, kManagementCluster},
          {"dbaas/store", "records"}};
}

bool HasRecords(const std::map<std::string, StoredRecord>& stored) {
  return std::any_of(stored.begin(), stored.end(),
                     [](const auto& entry) { return entry.second.exists(); });
}

std::int64_t Seconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Result<std::string> PackSlot(const std::string& cluster, const StoredRecord& slot, TimePoint now) {
  TarWriter tar;
  tar.AddFolder({.path = cluster, .mode = 0700, .mtime = Seconds(now)});
  tar.AddFile({.path = SlotPath(cluster, slot.sequence),
               .content = EncodeSlot(slot),
               .mode = 0600,
               .mtime = Seconds(now)});
  return std::move(tar).Finish();
}

/// Unpacked in this order: the tombstone decides. Then an empty file takes the place of the folder
/// with all its secrets. Archives can replace but not remove, so that file stays.
Result<std::string> PackRemoval(const std::string& cluster, std::int64_t sequence, TimePoint now) {
  TarWriter tar;
  tar.AddFile({.path = SlotPath(cluster, sequence),
               .content = EncodeSlot({.sequence = sequence}),
               .mode = 0600,
               .mtime = Seconds(now)});
  tar.AddFile({.path = cluster, .mode = 0600, .mtime = Seconds(now)});
  return std::move(tar).Finish();
}

Error NotOurStore(const char* what, const std::string& name) {
  return Conflict(fmt::format("{} {} is not managed by dbaas", what, name),
                  "The cluster records belong there. Rename it.");
}

Result<ClusterRecord> ToRecord(const StoredRecord& stored) { return RecordFromJson(stored.body); }

}  // namespace

Result<std::string> RecordStore::FindContainer() {
  const Result<Json> container = client_.Get(fmt::format("/containers/{}/json", name_));
  if (!container.has_value()) {
    if (container.error().kind == ErrorKind::kNotFound) return std::string();
    return container.error();
  }
  if (!ReadOwner(GetMember(GetMember(*container, "Config"), "Labels")).managed) {
    return NotOurStore("container", name_);
  }
  return GetString(*container, "Id");
}

Result<bool> RecordStore::VolumeExists() {
  const Result<Json> volume = client_.Get(fmt::format("/volumes/{}", name_));
  if (!volume.has_value()) {
    if (volume.error().kind == ErrorKind::kNotFound) return false;
    return volume.error();
  }
  if (!ReadOwner(GetMember(*volume, "Labels")).managed) return NotOurStore("volume", name_);
  return true;
}

Result<void> RecordStore::EnsureContainer() {
  // The mount makes the volume too, with its labels, in the same call: no one can remove the volume
  // between the two.
  const Result<Json> created =
      CreatePlace(client_, name_, StoreLabels(),
                  {{"Mounts", Json::array({{{"Type", "volume"},
                                            {"Source", name_},
                                            {"Target", kFolder},
                                            {"VolumeOptions", {{"Labels", StoreLabels()}}}}})}});
  if (created.has_value()) {
    TRY(VolumeExists());  // Says so when the volume is someone else's.
    return Ok();
  }
  if (created.error().kind != ErrorKind::kConflict) return created.error();
  TRY(FindContainer());  // Says so when the container is someone else's.
  return Ok();
}

Result<RecordStore::Stored> RecordStore::Load(const std::optional<std::string>& cluster) {
  const std::string path = cluster ? fmt::format("{}/{}", kFolder, *cluster) : kFolder;
  std::string container = name_;
  for (int attempt = 1;; ++attempt) {
    const Result<std::vector<TarEntry>> entries = client_.GetArchive(container, path);
    if (entries.has_value()) return NewestSlots(*entries);
    const ErrorKind kind = entries.error().kind;
    // The engine answers 500 or 409 for a container that is just being removed.
    const bool may_pass = kind == ErrorKind::kInternal || kind == ErrorKind::kConflict;
    if (kind != ErrorKind::kNotFound && !may_pass) return entries.error();
    if (attempt == kLoadAttempts) return entries.error();
    if (attempt > 1) std::this_thread::sleep_for(kPause);

    const std::string id = TRY(FindContainer());
    if (id.empty()) {
      if (!TRY(VolumeExists())) return Stored();
      TRY(EnsureContainer());
    }
    // Not found: the folder, or the container? A container that has the name before and after one
    // looks into it is there, so it is the folder.
    if (kind == ErrorKind::kNotFound && !id.empty() && id == container) return Stored();
    container = id.empty() ? name_ : id;
  }
}

Result<std::optional<ClusterRecord>> RecordStore::Read(const std::string& cluster) {
  const Stored stored = TRY_IN(Load(cluster), "reading the record of cluster " + cluster);
  const auto found = stored.find(cluster);
  if (found == stored.end() || !found->second.exists()) return std::optional<ClusterRecord>();
  return std::optional(TRY_IN(ToRecord(found->second), "reading the record of cluster " + cluster));
}

Result<std::vector<ClusterRecord>> RecordStore::ReadAll() {
  const Stored stored = TRY_IN(Load(std::nullopt), "reading the cluster records");
  std::vector<ClusterRecord> records;
  for (const auto& [cluster, record] : stored) {
    if (!record.exists()) continue;
    records.push_back(TRY_IN(ToRecord(record), "reading the record of cluster " + cluster));
  }
  return records;
}

Result<void> RecordStore::Put(const std::string& archive) {
  constexpr auto kReplace = DockerClient::Replace::kAnything;
  Result<void> put = client_.PutArchive(name_, kFolder, archive, kReplace);
  if (put.has_value() || put.error().kind != ErrorKind::kNotFound) return put;
  TRY(EnsureContainer());
  return client_.PutArchive(name_, kFolder, archive, kReplace);
}

Result<std::unique_ptr<Lease>> RecordStore::Lock() {
  const Holder holder{.name = fmt::format("pid {}", getpid()),
                      .token = SystemRandom().Token(16),
                      .machine = MachineIdentity(),
                      .pid = getpid(),
                      .start_time = ProcessStartTime(getpid())};
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<Lease>> lease = AcquireLease(shared_client_, name_, holder, kLockTtl);
    if (lease.has_value() || lease.error().kind != ErrorKind::kConflict) return lease;
    if (attempt == kLockAttempts) {
      return Unavailable("the store of cluster records stays locked", lease.error().ToLine());
    }
    std::this_thread::sleep_for(kPause);
  }
}

Result<void> RecordStore::Write(const ClusterRecord& record, std::int64_t expected_generation) {
  const std::string doing = "writing the record of cluster " + record.cluster;
  const Json body = ToJson(record);
  Stored stored = TRY_IN(Load(record.cluster), doing);
  std::unique_ptr<Lease> lock;
  if (!stored[record.cluster].exists()) {
    lock = TRY_IN(Lock(), doing);
    stored = TRY_IN(Load(record.cluster), doing);
  }
  const StoredRecord current = stored[record.cluster];
  if (current.exists() && current.body == body) return Ok();  // A repetition after a lost answer.
  const std::int64_t generation = current.exists() ? GetInt(current.body, "generation") : 0;
  if (generation != expected_generation) {
    return Conflict(
        fmt::format("the record of cluster {} was changed by someone else", record.cluster),
        fmt::format("Expected generation {}, found {}.", expected_generation, generation));
  }
  const StoredRecord next{.sequence = current.sequence + 1, .body = body};
  TRY_IN(Put(TRY(PackSlot(record.cluster, next, client_.EngineNow()))), doing);
  return Ok();
}

Result<void> RecordStore::Remove(const std::string& cluster) {
  const std::string doing = "removing the record of cluster " + cluster;
  Stored stored = TRY_IN(Load(cluster), doing);
  const StoredRecord current = stored[cluster];
  if (current.exists()) {
    TRY_IN(Put(TRY(PackRemoval(cluster, current.sequence + 1, client_.EngineNow()))), doing);
  }
  if (HasRecords(TRY_IN(Load(std::nullopt), doing))) return Ok();
  TRY_IN(ClearAwayIfEmpty(), doing);
  return Ok();
}

Result<void> RecordStore::ClearAwayIfEmpty() {
  // Where there is a volume, reading has made a container. So without one there is nothing left.
  if (TRY(FindContainer()).empty()) return Ok();
  const std::unique_ptr<Lease> lock = TRY(Lock());
  if (HasRecords(TRY(Load(std::nullopt)))) return Ok();
  // A process that slept here for longer than the lock lasts must not go on.
  TRY(lock->Renew());
  TRY(client_.Delete(fmt::format("/containers/{}?force=1", name_)));
  const Result<bool> removed = client_.Delete(fmt::format("/volumes/{}", name_));
  // Someone just reads, and made a container for it. The next one to remove a record cleans up.
  if (!removed.has_value() && removed.error().kind != ErrorKind::kConflict) return removed.error();
  return Ok();
}

}  // namespace dbaas::docker

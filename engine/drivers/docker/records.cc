// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

constexpr const char* kStoreName = "dbaas-records";  ///< Of the container and of the volume.
constexpr const char* kFolder = "/records";
/// Writing again is needed only when the store is cleared away at the same moment.
constexpr int kWriteAttempts = 5;

Json StoreLabels() {
  return {{kLabelManagedBy, kManagedBy},
          {kLabelCluster, kManagementCluster},
          {"dbaas/store", "records"}};
}

bool HasRecords(const std::map<std::string, StoredRecord>& stored) {
  return std::any_of(stored.begin(), stored.end(),
                     [](const auto& entry) { return entry.second.exists(); });
}

Error NotOurStore(const char* what) {
  return Conflict(fmt::format("{} {} is not managed by dbaas", what, kStoreName),
                  "The cluster records belong there. Rename it.");
}

Result<ClusterRecord> ToRecord(const StoredRecord& stored) { return RecordFromJson(stored.body); }

}  // namespace

Result<Json> CreatePlace(DockerClient& client, const std::string& name, const Json& labels,
                         const Json& host_config) {
  const std::string path = "/containers/create?name=" + UrlEscape(name);
  const Json body = {{"Image", fmt::format("{}:{}", kEmptyImageRepository, kEmptyImageTag)},
                     {"Cmd", Json::array({"/never-started"})},
                     {"NetworkDisabled", true},
                     {"Labels", labels},
                     {"HostConfig", host_config}};
  Result<Json> created = client.Post(path, body, kSlowCallTimeout);
  if (created.has_value() || created.error().kind != ErrorKind::kNotFound) return created;
  TRY(client.ImportImage(kEmptyImageRepository, kEmptyImageTag, TRY(TarWriter().Finish())));
  return client.Post(path, body, kSlowCallTimeout);
}

Result<bool> RecordStore::ContainerExists() {
  const Result<Json> container = client_.Get(fmt::format("/containers/{}/json", kStoreName));
  if (!container.has_value()) {
    if (container.error().kind == ErrorKind::kNotFound) return false;
    return container.error();
  }
  if (!ReadOwner(GetMember(GetMember(*container, "Config"), "Labels")).managed) {
    return NotOurStore("container");
  }
  return true;
}

Result<bool> RecordStore::VolumeExists() {
  const Result<Json> volume = client_.Get(fmt::format("/volumes/{}", kStoreName));
  if (!volume.has_value()) {
    if (volume.error().kind == ErrorKind::kNotFound) return false;
    return volume.error();
  }
  if (!ReadOwner(GetMember(*volume, "Labels")).managed) return NotOurStore("volume");
  return true;
}

Result<void> RecordStore::EnsureContainer() {
  // The mount makes the volume too, with its labels, in the same call: no one can remove the volume
  // between the two.
  const Result<Json> created =
      CreatePlace(client_, kStoreName, StoreLabels(),
                  {{"Mounts", Json::array({{{"Type", "volume"},
                                            {"Source", kStoreName},
                                            {"Target", kFolder},
                                            {"VolumeOptions", {{"Labels", StoreLabels()}}}}})}});
  if (created.has_value()) {
    TRY(VolumeExists());  // Says so when the volume is someone else's.
    return Ok();
  }
  if (created.error().kind != ErrorKind::kConflict) return created.error();
  TRY(ContainerExists());  // Says so when the container is someone else's.
  return Ok();
}

Result<RecordStore::Stored> RecordStore::Load(const std::optional<std::string>& cluster) {
  const std::string path = cluster ? fmt::format("{}/{}", kFolder, *cluster) : kFolder;
  Result<std::vector<TarEntry>> entries = client_.GetArchive(kStoreName, path);
  if (!entries.has_value() && entries.error().kind == ErrorKind::kNotFound) {
    // No such folder, or no such container? Without a container there may still be the volume.
    if (TRY(ContainerExists())) return Stored();
    if (!TRY(VolumeExists())) return Stored();
    TRY(EnsureContainer());
    entries = client_.GetArchive(kStoreName, path);
    if (!entries.has_value() && entries.error().kind == ErrorKind::kNotFound) return Stored();
  }
  if (!entries.has_value()) return entries.error();
  return NewestSlots(*entries);
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

Result<void> RecordStore::Put(const std::string& cluster, const std::vector<StoredRecord>& slots) {
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(client_.EngineNow().time_since_epoch())
          .count();
  TarWriter tar;
  tar.AddFolder({.path = cluster, .mode = 0700, .mtime = now});
  for (const StoredRecord& slot : slots) {
    tar.AddFile({.path = SlotPath(cluster, slot.sequence),
                 .content = EncodeSlot(slot),
                 .mode = 0600,
                 .mtime = now});
  }
  return client_.PutArchive(kStoreName, kFolder, TRY(std::move(tar).Finish()));
}

Result<void> RecordStore::Write(const ClusterRecord& record, std::int64_t expected_generation) {
  const std::string doing = "writing the record of cluster " + record.cluster;
  const Json body = ToJson(record);
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    Stored stored = TRY_IN(Load(record.cluster), doing);
    const StoredRecord current = stored[record.cluster];
    if (current.exists() && current.body == body) return Ok();  // A repetition, or our own write.
    const std::int64_t generation = current.exists() ? GetInt(current.body, "generation") : 0;
    if (generation != expected_generation) {
      return Conflict(
          fmt::format("the record of cluster {} was changed by someone else", record.cluster),
          fmt::format("Expected generation {}, found {}.", expected_generation, generation));
    }
    Result<void> put = Put(record.cluster, {{.sequence = current.sequence + 1, .body = body}});
    if (!put.has_value() && put.error().kind == ErrorKind::kNotFound) {
      TRY_IN(EnsureContainer(), doing);
      put = Put(record.cluster, {{.sequence = current.sequence + 1, .body = body}});
    }
    // Not found even now: the store was cleared away between the two calls. Once more.
    if (!put.has_value() && put.error().kind == ErrorKind::kNotFound) continue;
    if (!put.has_value()) return std::move(put).error().In(doing);
    // The loop's first lines look whether it is really there. That is what makes it safe to clear
    // the store away while others write: see docs/record_format.md.
    stored = TRY_IN(Load(record.cluster), doing);
    if (stored[record.cluster].exists() && stored[record.cluster].body == body) return Ok();
  }
  return Unavailable(doing + ": it was gone again each time",
                     "Something keeps removing the volume dbaas-records.");
}

Result<void> RecordStore::Remove(const std::string& cluster) {
  Stored stored = TRY_IN(Load(cluster), "removing the record of cluster " + cluster);
  const StoredRecord current = stored[cluster];
  if (current.exists()) {
    // All slots, so that no secret stays behind. The first one decides; the rest is cleaning.
    std::vector<StoredRecord> tombstones;
    for (std::int64_t step = 1; step <= kRecordSlots; ++step) {
      tombstones.push_back({.sequence = current.sequence + step});
    }
    TRY_IN(Put(cluster, tombstones), "removing the record of cluster " + cluster);
  }
  return ClearAwayIfEmpty();
}

Result<void> RecordStore::ClearAwayIfEmpty() {
  if (HasRecords(TRY(Load(std::nullopt)))) return Ok();
  const Json labels = Json::array(
      {fmt::format("{}={}", kLabelManagedBy, kManagedBy), std::string("dbaas/store=records")});
  const Json containers =
      TRY(client_.Get("/containers/json?all=1&filters=" + UrlEscape(Dump({{"label", labels}}))));
  for (const Json& container : containers) {
    const std::string id = GetString(container, "Id");
    // Renamed first: whoever writes from now on makes another container, which keeps the volume in
    // use and so from being removed below. Then a last look at what was written before.
    const Result<Json> renamed = client_.Post(
        fmt::format("/containers/{}/rename?name={}-retired-{}", id, kStoreName, id.substr(0, 12)));
    if (!renamed.has_value() && renamed.error().kind == ErrorKind::kNotFound) continue;
    // Any other failure: it was renamed already, by someone who died.
    const Result<std::vector<TarEntry>> entries = client_.GetArchive(id, kFolder);
    if (!entries.has_value() && entries.error().kind != ErrorKind::kNotFound) {
      return entries.error();
    }
    const bool in_use = !entries.has_value() || HasRecords(TRY(NewestSlots(*entries)));
    TRY(client_.Delete(fmt::format("/containers/{}?force=1", id)));
    if (in_use) return Ok();  // The next reader makes the container again.
  }
  const Result<bool> removed = client_.Delete(fmt::format("/volumes/{}", kStoreName));
  if (!removed.has_value() && removed.error().kind != ErrorKind::kConflict) return removed.error();
  return Ok();
}

}  // namespace dbaas::docker

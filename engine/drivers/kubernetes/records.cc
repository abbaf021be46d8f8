// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/records.h"

#include <fmt/format.h>

#include "engine/drivers/kubernetes/manifests.h"

namespace dbaas::kubernetes {
namespace {

constexpr const char* kRecordKey = "record";
constexpr const char* kStoreIsRecord = "record";

std::string SecretName(const std::string& cluster) { return "dbaas-record-" + cluster; }

bool IsRecord(const Json& secret) {
  return ReadOwner(secret).managed && GetString(GetMember(GetMember(secret, "metadata"), "labels"),
                                                kLabelStore) == kStoreIsRecord;
}

Result<Json> BodyOf(const Json& secret) {
  return ParseJson(DecodeBase64(GetString(GetMember(secret, "data"), kRecordKey)),
                   "Secret " + GetString(GetMember(secret, "metadata"), "name"));
}

Error NotOurs(const Place& place, const std::string& cluster) {
  return Conflict(fmt::format("secret {} on host {} is not managed by dbaas", SecretName(cluster),
                              place.host()),
                  "The record of the cluster belongs there. Rename or remove it.");
}

/// The Secret that holds the record; nothing when there is none.
Result<std::optional<Json>> FindRecord(Place& place, const std::string& cluster) {
  std::optional<Json> secret = TRY(place.Find(kSecrets, SecretName(cluster)));
  if (secret && !IsRecord(*secret)) return NotOurs(place, cluster);
  return secret;
}

}  // namespace

Result<std::optional<ClusterRecord>> ReadRecord(Place& place, const std::string& cluster) {
  const std::string doing = "reading the record of cluster " + cluster;
  const std::optional<Json> secret = TRY_IN(FindRecord(place, cluster), doing);
  if (!secret) return std::optional<ClusterRecord>();
  return std::optional(TRY_IN(RecordFromJson(TRY_IN(BodyOf(*secret), doing)), doing));
}

Result<std::vector<ClusterRecord>> ReadRecords(Place& place) {
  const std::string selector =
      Selector(std::nullopt) + fmt::format(",{}={}", kLabelStore, kStoreIsRecord);
  const Json list = TRY_IN(place.List(kSecrets, selector), "reading the cluster records");
  std::vector<ClusterRecord> records;
  for (const Json& secret : GetMember(list, "items")) {
    const std::string doing = "reading the record of cluster " + ReadOwner(secret).cluster;
    records.push_back(TRY_IN(RecordFromJson(TRY_IN(BodyOf(secret), doing)), doing));
  }
  return records;
}

Result<void> WriteRecord(Place& place, const ClusterRecord& record,
                         std::int64_t expected_generation) {
  const std::string doing = "writing the record of cluster " + record.cluster;
  const Json body = ToJson(record);
  Json secret = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"type", "dbaas/record"},
                 {"metadata",
                  {{"name", SecretName(record.cluster)},
                   {"labels",
                    {{kLabelManagedBy, kManagedBy},
                     {kLabelCluster, record.cluster},
                     {kLabelStore, kStoreIsRecord}}}}},
                 {"data", {{kRecordKey, Base64(Dump(body))}}}};
  // The second round is for whoever was overtaken, or whose answer was lost.
  for (int round = 0;; ++round) {
    const std::optional<Json> there = TRY_IN(FindRecord(place, record.cluster), doing);
    std::int64_t generation = 0;
    if (there) {
      const Json stored = TRY_IN(BodyOf(*there), doing);
      if (stored == body) return Ok();
      generation = GetInt(stored, "generation");
    }
    if (generation != expected_generation) {
      return Conflict(
          fmt::format("the record of cluster {} was changed by someone else", record.cluster),
          fmt::format("Expected generation {}, found {}.", expected_generation, generation));
    }
    if (there) {
      secret["metadata"]["resourceVersion"] =
          GetString(GetMember(*there, "metadata"), "resourceVersion");
    }
    const Result<Json> written =
        there ? place.client().Replace(place.PathOf(kSecrets, SecretName(record.cluster)), secret)
              : place.Create(kSecrets, secret);
    if (written.has_value()) return Ok();
    if (written.error().kind != ErrorKind::kConflict || round == 1) {
      return Error(written.error()).In(doing);
    }
  }
}

Result<void> RemoveRecord(Place& place, const std::string& cluster) {
  const std::string doing = "removing the record of cluster " + cluster;
  if (!TRY_IN(FindRecord(place, cluster), doing)) return Ok();
  TRY_IN(place.Delete(kSecrets, SecretName(cluster)), doing);
  return Ok();
}

}  // namespace dbaas::kubernetes

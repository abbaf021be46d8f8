// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/records.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace dbaas::process {
namespace {

std::string PathOf(const Store& store, const std::string& cluster) {
  return fmt::format("{}/{}.json", store.Records(), cluster);
}

/// Null when there is none.
Result<Json> Load(const Store& store, const std::string& cluster) {
  auto json = ReadJson(PathOf(store, cluster));
  if (!json && json.error().kind == ErrorKind::kNotFound) return Json();
  return json;
}

}  // namespace

Result<std::optional<ClusterRecord>> ReadRecord(const Store& store, const std::string& cluster) {
  const std::string doing = "reading the record of cluster " + cluster;
  const Json json = TRY_IN(Load(store, cluster), doing);
  if (json.is_null()) return std::optional<ClusterRecord>();
  return std::optional(TRY_IN(RecordFromJson(json), doing));
}

Result<std::vector<ClusterRecord>> ReadRecords(const Store& store) {
  std::vector<ClusterRecord> records;
  for (const auto& name : NamesIn(store.Records())) {
    auto record = TRY(ReadRecord(store, name.substr(0, name.rfind(".json"))));
    if (record) records.push_back(std::move(*record));
  }
  return records;
}

Result<void> WriteRecord(const Store& store, const ClusterRecord& record,
                         std::int64_t expected_generation) {
  const std::string doing = "writing the record of cluster " + record.cluster;
  const Descriptor lock = TRY_IN(store.Lock(), doing);
  const Json body = ToJson(record);
  const Json current = TRY_IN(Load(store, record.cluster), doing);
  if (current == body) return Ok();  // A repetition after a lost answer.
  const std::int64_t generation = current.is_null() ? 0 : GetInt(current, "generation");
  if (generation != expected_generation) {
    return Conflict(
        fmt::format("the record of cluster {} was changed by someone else", record.cluster),
        fmt::format("Expected generation {}, found {}.", expected_generation, generation));
  }
  TRY_IN(MakeFolders(store.Records()), doing);
  TRY_IN(WriteText(PathOf(store, record.cluster), Dump(body) + "\n"), doing);
  return Ok();
}

Result<void> RemoveRecord(const Store& store, const std::string& cluster) {
  if (unlink(PathOf(store, cluster).c_str()) == 0 || errno == ENOENT) return Ok();
  return SystemError("removing the record of cluster " + cluster, errno);
}

}  // namespace dbaas::process

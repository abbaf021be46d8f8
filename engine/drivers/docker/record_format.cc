// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/record_format.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "engine/base/hash.h"

namespace dbaas::docker {
namespace {

constexpr std::string_view kMagic = "dbaas-record 1 ";
constexpr std::string_view kSlotPrefix = "slot-";

/// The sequence number is under the checksum too.
std::string Checksum(std::int64_t sequence, std::string_view body) {
  return Sha256Hex(fmt::format("{}\n{}", sequence, body));
}

/// "records/orders/slot-1" or "orders/slot-1" → "orders"; empty for anything else.
std::string ClusterOfSlot(const TarEntry& entry) {
  const auto name_at = entry.path.find_last_of('/');
  if (entry.is_folder || name_at == std::string::npos) return {};
  if (!std::string_view(entry.path).substr(name_at + 1).starts_with(kSlotPrefix)) return {};
  const std::string folder = entry.path.substr(0, name_at);
  const auto cluster_at = folder.find_last_of('/');
  return cluster_at == std::string::npos ? folder : folder.substr(cluster_at + 1);
}

}  // namespace

std::string EncodeSlot(const StoredRecord& record) {
  const std::string body = Dump(record.body);
  return fmt::format("{}{} {}\n{}\n", kMagic, record.sequence, Checksum(record.sequence, body),
                     body);
}

std::optional<StoredRecord> DecodeSlot(std::string_view text) {
  if (!text.starts_with(kMagic)) return std::nullopt;
  text.remove_prefix(kMagic.size());
  StoredRecord record;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), record.sequence);
  if (error != std::errc() || record.sequence <= 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto line_end = text.find('\n');
  if (!text.starts_with(' ') || line_end == std::string_view::npos) return std::nullopt;
  const std::string_view checksum = text.substr(1, line_end - 1);
  std::string_view body = text.substr(line_end + 1);
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(1);
  if (checksum != Checksum(record.sequence, body)) return std::nullopt;
  Result<Json> json = ParseJson(body, "the record");
  if (!json.has_value()) return std::nullopt;
  record.body = std::move(*json);
  return record;
}

std::string SlotPath(const std::string& cluster, std::int64_t sequence) {
  return fmt::format("{}/{}{}", cluster, kSlotPrefix, sequence % kRecordSlots);
}

Result<std::map<std::string, StoredRecord>> NewestSlots(const std::vector<TarEntry>& entries) {
  std::map<std::string, StoredRecord> newest;
  std::map<std::string, int> broken;
  for (const TarEntry& entry : entries) {
    const std::string cluster = ClusterOfSlot(entry);
    if (cluster.empty()) continue;
    std::optional<StoredRecord> record = DecodeSlot(entry.content);
    if (!record) {
      ++broken[cluster];
    } else if (record->sequence > newest[cluster].sequence) {
      newest[cluster] = std::move(*record);
    }
  }
  for (const auto& [cluster, count] : broken) {
    // A single broken slot is a first write that never ended: nobody was told that it had.
    if (count == 1 || newest.contains(cluster)) continue;
    return Internal(fmt::format("the record of cluster {} is damaged", cluster),
                    fmt::format("None of its {} copies can be read.", count));
  }
  return newest;
}

}  // namespace dbaas::docker

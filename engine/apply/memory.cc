// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/memory.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

struct Size {
  std::string instance_class;  ///< Empty when it was given in numbers.
  std::int64_t memory_bytes = 0;
};

/// Of a part that has members of its own size.
std::optional<Size> SizeOf(const PartSpec& part) {
  if (const auto* cluster = std::get_if<ClusterSpec>(&part)) {
    return Size{cluster->instance_class, cluster->resources.memory_bytes};
  }
  const auto* replica = std::get_if<ReplicaSpec>(&part);
  if (replica == nullptr || !replica->resources) return std::nullopt;
  return Size{replica->instance_class, replica->resources->memory_bytes};
}

std::string Gibibytes(std::int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

}  // namespace

Result<void> CheckMemory(Driver& driver, const std::optional<ClusterRecord>& before,
                         const PartChange& change) {
  const auto size = change.spec ? SizeOf(*change.spec) : std::nullopt;
  if (!size) return Ok();
  if (before && before->parts.contains(change.key)) {
    const auto had = SizeOf(before->parts.at(change.key));
    if (had && had->memory_bytes >= size->memory_bytes) return Ok();
  }
  const std::int64_t there = TRY(driver.MemoryBytes());
  // A machine that is sold as 32 GiB tells of less: its kernel and firmware keep some. Subtracted,
  // because a host that cannot tell says the largest number there is.
  if (size->memory_bytes - there / 10 <= there) return Ok();
  return Invalid(size->instance_class.empty() ? "resources.memory" : "instance_class",
                 fmt::format("a member is to have {} of memory, and host {} has {} in all",
                             Gibibytes(size->memory_bytes), driver.Host(), Gibibytes(there)),
                 "The data source dbaas_instance_classes tells what each class has.");
}

}  // namespace dbaas

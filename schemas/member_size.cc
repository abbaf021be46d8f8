// SPDX-License-Identifier: MPL-2.0
#include "schemas/member_size.h"

#include "schemas/spellings.h"

namespace dbaas {
namespace {

// As many as Linux can have; settings are computed from the number.
constexpr std::int64_t kMostCores = 8192;

/// The nearest double, which is what the record keeps of `1 / 3`.
Value CanonicalCpu(const Value& value) {
  if (value.kind() != Value::Kind::kNumber) return value;
  return Value::Num(Number::FromDouble(value.as_number().AsDouble()));
}

}  // namespace

Table<ResourcesConfig> ResourcesConfig::Attributes() {
  return Nested<ResourcesConfig>()
      .Add("cpu", &ResourcesConfig::cpu, Required,
           "CPU cores that one member may use. Fractions are allowed.", PositiveUpTo(kMostCores),
           Canonical(CanonicalCpu))
      .Add("memory", &ResourcesConfig::memory, Required,
           "Memory that one member may use, such as `\"512MiB\"` or `\"4GiB\"`. The database's "
           "caches are sized from it unless `parameters` say otherwise.",
           MemoryAmount);
}

Result<Resources> ToResources(const ResourcesConfig& config) {
  auto bytes = ParseMemory(config.memory);
  if (!bytes) {
    Error error = std::move(bytes).error();
    error.summary = "resources.memory " + error.summary;
    return std::move(error).On("resources.memory");
  }
  return Resources{.cpu = config.cpu, .memory_bytes = *bytes};
}

ResourcesConfig FromResources(const Resources& resources) {
  return {.cpu = resources.cpu, .memory = MemoryText(resources.memory_bytes)};
}

Result<Resources> ResourcesOfClass(const std::string& instance_class) {
  if (const InstanceClass* found = FindInstanceClass(instance_class)) return found->resources;
  return Invalid("instance_class", "there is no instance class " + instance_class);
}

std::vector<std::string> InstanceClassNames() {
  std::vector<std::string> names;
  for (const InstanceClass& one : InstanceClasses()) names.push_back(one.name);
  return names;
}

}  // namespace dbaas

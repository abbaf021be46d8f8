// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::instance_class: what a size is called stands for.
#include <fmt/format.h>

#include "engine/model/spec.h"
#include "schemas/function.h"
#include "schemas/member_size.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ClassSize {
  double cpu = 0;
  std::string memory;
  std::int64_t memory_bytes = 0;
  static Table<ClassSize> Attributes();
};

Table<ClassSize> ClassSize::Attributes() {
  using C = ClassSize;
  return Nested<C>()
      .Add("cpu", &C::cpu, Computed, "CPU cores that each member may use.")
      .Add("memory", &C::memory, Computed, "Memory that each member may use, such as `4GiB`.")
      .Add("memory_bytes", &C::memory_bytes, Computed, "The same in bytes.");
}

Result<ClassSize> SizeOf(const std::string& name) {
  const InstanceClass* found = FindInstanceClass(name);
  if (found == nullptr) {
    return Invalid("name", fmt::format("there is no instance class \"{}\"; there are {}", name,
                                       fmt::join(InstanceClassNames(), ", ")));
  }
  return ClassSize{.cpu = found->resources.cpu,
                   .memory = MemoryText(found->resources.memory_bytes),
                   .memory_bytes = found->resources.memory_bytes};
}

}  // namespace

FunctionType InstanceClassFunction() {
  return Function("instance_class", "What an instance class stands for",
                  "CPU and memory of each member of a cluster of that class.",
                  {{"name", "Name of the class, such as `db.small`."}}, SizeOf);
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// data.dbaas_instance_classes: the sizes that have names.
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ListedClass {
  std::string name;
  double cpu = 0;
  std::string memory;
  std::int64_t memory_bytes = 0;
  static Table<ListedClass> Attributes();
};

struct ClassesAnswer {
  std::vector<ListedClass> classes;
};

Table<ListedClass> ListedClass::Attributes() {
  using L = ListedClass;
  return Nested<L>()
      .Add("name", &L::name, Computed, "Value for `instance_class`.")
      .Add("cpu", &L::cpu, Computed, "CPU cores that each member may use.")
      .Add("memory", &L::memory, Computed, "Memory that each member may use, such as `4GiB`.")
      .Add("memory_bytes", &L::memory_bytes, Computed, "The same in bytes.");
}

Table<ClassesAnswer> Rows() {
  return DataSource<ClassesAnswer>(
             "dbaas_instance_classes",
             "The instance classes: names for sizes of members, as on Amazon RDS. No host is "
             "asked; whether a class fits on one is for you to know.")
      .Add("classes", &ClassesAnswer::classes, Computed, "The classes, smallest first.");
}

Result<void> Fill(const DataAnswer&, ClassesAnswer& answer) {
  for (const InstanceClass& one : InstanceClasses()) {
    answer.classes.push_back({.name = one.name,
                              .cpu = one.resources.cpu,
                              .memory = MemoryText(one.resources.memory_bytes),
                              .memory_bytes = one.resources.memory_bytes});
  }
  return Ok();
}

}  // namespace

DataSourceType InstanceClassesDataSource() {
  return ReadOnly<ClassesAnswer>(
      Rows(), {.query = [](const ClassesAnswer&) -> Result<DataQuery> { return DataQuery{}; },
               .fill = Fill});
}

}  // namespace dbaas

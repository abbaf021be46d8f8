// SPDX-License-Identifier: MPL-2.0
//
// data.dbaas_engine_versions: what a cluster can be made of.
#include "schemas/engines.h"
#include "schemas/kit.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ListedVersion {
  std::string engine;
  std::string version;
  bool is_default = false;
  static Table<ListedVersion> Attributes();
};

struct VersionsAnswer {
  std::optional<std::string> engine;
  std::vector<ListedVersion> versions;
};

Table<ListedVersion> ListedVersion::Attributes() {
  using L = ListedVersion;
  return Nested<L>()
      .Add("engine", &L::engine, Computed, "Value for `engine` of a cluster.")
      .Add("version", &L::version, Computed, "Value for `engine_version` of a cluster.")
      .Add("is_default", &L::is_default, Computed,
           "A cluster that names no version gets this one.");
}

Table<VersionsAnswer> Rows() {
  using C = VersionsAnswer;
  return DataSource<C>("dbaas_engine_versions",
                       "The engines and versions that a `dbaas_cluster` can have with this version "
                       "of the provider. No host is asked.")
      .Add("engine", &C::engine, Optional, "Only the versions of this engine.",
           OneOf(EngineNames()))
      .Add("versions", &C::versions, Computed, "The versions, newest first within an engine.");
}

Result<void> Fill(const DataAnswer& found, VersionsAnswer& answer) {
  for (const EngineVersion& one : found.engine_versions) {
    if (answer.engine && *answer.engine != one.engine) continue;
    answer.versions.push_back(
        {.engine = one.engine, .version = one.version, .is_default = one.is_default});
  }
  return Ok();
}

}  // namespace

DataSourceType EngineVersionsDataSource() {
  return ReadOnly<VersionsAnswer>(
      Rows(), {.query = [](const VersionsAnswer&) -> Result<DataQuery> { return DataQuery{}; },
               .fill = Fill});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// A resource type of a test's own before core: for words of the kit that no resource of the
// provider needs yet. Its objects are clusters of which only the name matters.
//
//   ResourceType shelf = OwnType<Shelf>(Rows(), [](const ClusterView& view, Shelf& shelf) { ... });
//   class WordsTest : public OwnTypeTest { ... OwnTypeTest("test_shelf", Types) ... };
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "schemas/kit.h"
#include "tests/protocol/core.h"
#include "tests/protocol/random_config.h"
#include "tests/protocol/rig.h"

namespace dbaas::core {

/// `C` has a name. `found` sets what an apply finds out.
template <typename C>
ResourceType OwnType(Table<C> rows, std::function<void(const ClusterView& view, C& object)> found) {
  return ManagedResource<C>(
      std::move(rows),
      {.address = [](const C& object) -> Result<PartAddress> {
         return PartAddress{.cluster = object.name, .key = "cluster"};
       },
       .to_spec = [](const C& planned, const C&) -> Result<PartSpec> {
         return PartSpec(ClusterSpec{.name = planned.name,
                                     .engine = "postgresql",
                                     .engine_version = "17",
                                     .instance_class = "db.small",
                                     .resources = {.cpu = 1, .memory_bytes = 1 << 30},
                                     .deletion_protection = false});
       },
       .from_view = [found = std::move(found)](const ClusterView& view, const PartAddress&,
                                               C& object) { found(view, object); },
       .parse_id = [](const std::string&) -> Result<PartAddress> { return NotFound(""); }});
}

/// A provider that has it and nothing else.
inline ProviderTypes Only(ResourceType type) {
  ProviderTypes types;
  types.provider = AllTypes().provider;
  types.resources = {std::move(type)};
  return types;
}

class OwnTypeTest : public testing::Test {
 protected:
  OwnTypeTest(std::string resource, std::function<const ProviderTypes&()> types)
      : resource_(std::move(resource)), rig_(1, std::move(types)) {}
  ~OwnTypeTest() override { EXPECT_THAT(core_.violations(), testing::IsEmpty()); }

  Instance Make(const Value& config, const Instance& before = {}) {
    const Applied applied = core_.Converge(resource_, before, config);
    EXPECT_TRUE(applied.ok) << ToText(applied.diagnostics);
    return applied.instance;
  }

  /// Of 300 configurations that are drawn from the schema.
  void EveryPlanIsValid() {
    const RandomConfig configs(core_, resource_);
    EXPECT_THAT(core_.violations(), testing::IsEmpty());
    rig_.local().SetReachable(false);
    int plans = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      SeededRandom random(seed);
      plans += configs.Plan(core_, random) ? 1 : 0;
      ASSERT_THAT(core_.violations(), testing::IsEmpty()) << "seed " << seed;
    }
    EXPECT_GT(plans, 100) << "most of what is drawn should be valid";
  }

  const std::string resource_;
  Rig rig_;
  SeededRandom variety_{7};  // Sets come in any order, among other things.
  Core core_{rig_.service(), &variety_};
};

}  // namespace dbaas::core

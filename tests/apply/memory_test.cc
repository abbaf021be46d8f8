// SPDX-License-Identifier: MPL-2.0
//
// Members that are bigger than their host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

class MemoryTest : public testing::Test {
 protected:
  MemoryTest() { world_.host.SetMemory(4 * kGibibyte); }

  static PartChange Sized(Verb verb, std::int64_t bytes, const std::string& instance_class = "") {
    ClusterSpec spec = Spec(1);
    spec.instance_class = instance_class;
    spec.resources.memory_bytes = bytes;
    return Change(verb, spec);
  }
  /// By the plan, and by an apply that nobody planned.
  Error ErrorOf(const PartChange& change) {
    const auto applied = world_.Apply(change);
    EXPECT_FALSE(applied.has_value());
    EXPECT_EQ(world_.PlanOf(change), "error: " + applied.error().ToLine());
    return applied.error();
  }

  World world_;
};

TEST_F(MemoryTest, AMemberThatIsBiggerThanItsHostIsRefused) {
  const Error error = ErrorOf(Sized(Verb::kCreate, 8 * kGibibyte));
  EXPECT_EQ(error.field, "resources.memory");
  EXPECT_THAT(error.ToLine(), HasSubstr("is to have 8.0 GiB of memory, and host local has 4.0"));
  EXPECT_EQ(ErrorOf(Sized(Verb::kCreate, 8 * kGibibyte, "db.large")).field, "instance_class");
  EXPECT_THAT(world_.host.Names(), IsEmpty()) << "nothing was begun";
}

TEST_F(MemoryTest, WhatAMachineKeepsForItselfIsForgiven) {
  world_.host.SetMemory(31 * kGibibyte);
  EXPECT_TRUE(world_.Apply(Sized(Verb::kCreate, 32 * kGibibyte)).has_value());
}

TEST_F(MemoryTest, AHostThatCannotTellRefusesNobody) {
  world_.host.SetMemory(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(world_.Apply(Sized(Verb::kCreate, 32 * kGibibyte)).has_value());
}

TEST_F(MemoryTest, OnlyWhatGrowsIsLookedAt) {
  ASSERT_TRUE(world_.Apply(Sized(Verb::kCreate, 2 * kGibibyte)).has_value());
  EXPECT_EQ(ErrorOf(Sized(Verb::kUpdate, 8 * kGibibyte)).field, "resources.memory");
  ReplicaSpec replica{.name = "reports"};
  replica.resources = Resources{.cpu = 1, .memory_bytes = 8 * kGibibyte};
  EXPECT_EQ(ErrorOf(Change(Verb::kCreate, replica, PartKey(PartSpec(replica)))).field,
            "resources.memory");
  world_.host.SetMemory(kGibibyte);  // Moved to a smaller machine.
  PartChange other = Sized(Verb::kUpdate, 2 * kGibibyte);
  std::get<ClusterSpec>(*other.spec).node_count = 2;
  EXPECT_TRUE(world_.Apply(other).has_value());
}

}  // namespace
}  // namespace dbaas

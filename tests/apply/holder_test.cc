// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/holder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using Texts = std::map<std::string, std::string>;

std::string OccasionOf(const Texts& variables, const Texts& files = {}) {
  const auto find = [](const Texts& texts, const std::string& key) {
    const auto found = texts.find(key);
    return found == texts.end() ? std::string() : found->second;
  };
  return Occasion([&](const char* name) { return find(variables, name); },
                  [&](const std::string& path) { return find(files, path); });
}

TEST(HolderTest, AtHomeThereIsNoOccasion) {
  EXPECT_EQ(OccasionOf({}), "");
  EXPECT_EQ(OccasionOf({}, {{".terraform/environment", "default"}}), "");
}

TEST(HolderTest, WorkspaceIsTheVariablesOrTheFolders) {
  EXPECT_EQ(OccasionOf({}, {{".terraform/environment", "staging"}}), "workspace staging");
  EXPECT_EQ(OccasionOf({{"TF_DATA_DIR", "/d"}}, {{"/d/environment", "blue"}}), "workspace blue");
  EXPECT_EQ(OccasionOf({{"TF_WORKSPACE", "green"}}, {{".terraform/environment", "blue"}}),
            "workspace green");
}

TEST(HolderTest, JobIsTheOneOfTheSystemThatRunsIt) {
  EXPECT_EQ(OccasionOf({{"GITHUB_RUN_ID", "7"}, {"GITHUB_REPOSITORY", "acme/infra"}}),
            "acme/infra run 7");
  EXPECT_EQ(OccasionOf({{"CI_JOB_URL", "https://ci/7"}, {"TF_WORKSPACE", "blue"}}),
            "workspace blue, https://ci/7");
}

TEST(HolderTest, ThisProcessNamesItselfAsTheKernelKnowsIt) {
  SeededRandom random(1);
  setenv("USER", "somebody-else", 1);
  const Holder holder = ThisProcess("test", random);
  EXPECT_EQ(holder.name.find("somebody-else"), std::string::npos) << holder.name;
  EXPECT_EQ(holder.pid, getpid());
  EXPECT_GT(holder.start_time, 0);
}

}  // namespace
}  // namespace dbaas

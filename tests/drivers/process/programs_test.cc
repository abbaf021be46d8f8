// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/drivers/process/files.h"
#include "tests/drivers/process/folder.h"

namespace dbaas::process {
namespace {

using testing::HasSubstr;

class ProgramsTest : public testing::Test {
 protected:
  void Install(const std::string& folder, const std::string& name) {
    ASSERT_TRUE(MakeFolders(folder_.path() + folder, 0755).has_value());
    ASSERT_TRUE(WriteText(folder_.path() + folder + "/" + name, "", 0755).has_value());
  }

  TestFolder folder_;
  const std::vector<ImageDefinition> images_ = {
      {.image = "dbaas/db:{}",
       .programs = {{"server", "server-{}"}, {"sh", "sh"}},
       .search = folder_.path() + "/{}/bin",
       .home = "/home",
       .folders = {},
       .environment = {}}};
};

TEST_F(ProgramsTest, AVersionIsFoundInItsFolderWhichComesFirst) {
  Install("/15/bin", "server");
  const auto image = FindImage(images_, "dbaas/db:15", "local");
  ASSERT_TRUE(image.has_value()) << image.error().ToLine();
  EXPECT_EQ(FindProgram("server", image->path), folder_.path() + "/15/bin/server");
}

TEST_F(ProgramsTest, AMissingVersionNamesThePackageAndWhatThereIs) {
  Install("/15/bin", "server");
  const auto image = FindImage(images_, "dbaas/db:17", "local");
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(image.error().summary, HasSubstr("dbaas/db:17"));
  EXPECT_THAT(image.error().detail, HasSubstr("apt-get install server-17."));
  EXPECT_THAT(image.error().detail, HasSubstr("there is: 15."));
}

TEST_F(ProgramsTest, APostgreSqlWithoutPgBackRestIsOneErrorThatNamesIt) {
  std::vector<ImageDefinition> images = {OwnImages().front()};
  ASSERT_EQ(images.front().image, "dbaas/postgresql:{}");
  // As if this machine had all but that.
  for (Program& program : images.front().programs) {
    if (program.name == "pgbackrest") {
      program.name = "no-such-pgbackrest";
    } else {
      program = {"sh", "sh"};
    }
  }
  const auto image = FindImage(images, "dbaas/postgresql:17", "local");
  ASSERT_FALSE(image.has_value());
  EXPECT_THAT(image.error().detail, HasSubstr("apt-get install pgbackrest."));
}

TEST_F(ProgramsTest, OtherImagesAreNotThere) {
  const auto image = FindImage(images_, "example.com/db:15", "local");
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().summary, "host local has no image example.com/db:15");
}

TEST_F(ProgramsTest, WhatCannotBeRunIsNoProgram) {
  Install("/a", "tool");
  chmod((folder_.path() + "/a/tool").c_str(), 0644);
  Install("/b", "tool");
  EXPECT_EQ(FindProgram("tool", folder_.path() + "/a:relative:" + folder_.path() + "/b"),
            folder_.path() + "/b/tool");
  EXPECT_EQ(FindProgram("tool", folder_.path() + "/a"), "");
}

}  // namespace
}  // namespace dbaas::process

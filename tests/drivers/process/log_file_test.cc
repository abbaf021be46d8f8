// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/log_file.h"

#include <gtest/gtest.h>

#include "tests/drivers/process/folder.h"

namespace dbaas::process {
namespace {

TEST(LogFileTest, TheLastLinesAreRead) {
  const TestFolder folder;
  EXPECT_EQ(ReadLog(folder.path(), 5), "");
  LogFile log(folder.path());
  log.Write("one\ntwo\nthr");
  log.Write("ee\n");
  EXPECT_EQ(ReadLog(folder.path(), 2), "two\nthree\n");
  EXPECT_EQ(ReadLog(folder.path(), 9), "one\ntwo\nthree\n");
}

TEST(LogFileTest, ItNeverNeedsMoreThanThreeFilesAndIsReadAcrossThem) {
  const TestFolder folder;
  LogFile log(folder.path());
  const std::string megabyte = std::string((1 << 20) - 1, 'x') + "\n";
  for (int i = 0; i < 45; ++i) log.Write(megabyte);
  std::uintmax_t size = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    size += entry.file_size();
    ++files;
  }
  EXPECT_EQ(files, 3);
  EXPECT_LE(size, 30u << 20);
  EXPECT_EQ(ReadLog(folder.path(), 12).size(), 12 * megabyte.size());
}

}  // namespace
}  // namespace dbaas::process

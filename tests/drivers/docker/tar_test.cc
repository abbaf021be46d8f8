// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/tar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace dbaas::docker {
namespace {

std::string Pack(const std::vector<TarEntry>& entries) {
  TarWriter tar;
  for (const TarEntry& entry : entries) {
    entry.is_folder ? tar.AddFolder(entry) : tar.AddFile(entry);
  }
  Result<std::string> archive = std::move(tar).Finish();
  EXPECT_TRUE(archive.has_value());
  return archive.has_value() ? *archive : "";
}

TEST(TarTest, WhatIsWrittenIsRead) {
  const std::string long_folder(120, 'd');
  const std::vector<TarEntry> entries = {
      {.path = "etc", .mode = 0755, .uid = 1, .gid = 2, .mtime = 3, .is_folder = true},
      {.path = "etc/empty", .content = "", .mode = 0600},
      {.path = "etc/one", .content = std::string(512, 'x'), .mode = 0640, .uid = 999, .gid = 998},
      {.path = "etc/two",
       .content = std::string("a\0b", 3) + std::string(5000, 'y'),
       .mtime = 1'795'000'000},
      {.path = long_folder + "/file", .content = "far away"}};
  const auto read = ReadTar(Pack(entries));
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), entries.size());
  for (std::size_t at = 0; at < entries.size(); ++at) {
    EXPECT_EQ((*read)[at].path, entries[at].path);
    EXPECT_EQ((*read)[at].content, entries[at].content);
    EXPECT_EQ((*read)[at].mode, entries[at].mode);
    EXPECT_EQ((*read)[at].uid, entries[at].uid);
    EXPECT_EQ((*read)[at].gid, entries[at].gid);
    EXPECT_EQ((*read)[at].mtime, entries[at].mtime);
    EXPECT_EQ((*read)[at].is_folder, entries[at].is_folder);
  }
}

TEST(TarTest, WhatDoesNotFitIsAnError) {
  for (const TarEntry& entry :
       {TarEntry{.path = std::string(101, 'n')}, TarEntry{.path = std::string(300, 'n') + "/a"},
        TarEntry{.path = ""}, TarEntry{.path = "a", .uid = 1 << 30},
        TarEntry{.path = "a", .uid = -1}, TarEntry{.path = "a", .mtime = -1}}) {
    TarWriter tar;
    tar.AddFile(entry);
    const Result<std::string> archive = std::move(tar).Finish();
    ASSERT_FALSE(archive.has_value());
    EXPECT_EQ(archive.error().kind, ErrorKind::kInvalid);
  }
}

TEST(TarTest, AnArchiveThatWasCutIsAnError) {
  const std::string archive = Pack({{.path = "a", .content = std::string(700, 'x')}});
  for (std::size_t cut = 0; cut < archive.size() - 1024; cut += 64) {
    EXPECT_FALSE(ReadTar(archive.substr(0, cut)).has_value()) << cut;
  }
}

TEST(TarTest, AHeaderThatWasChangedIsAnError) {
  const std::string archive = Pack({{.path = "a", .content = "x"}});
  for (std::size_t at = 0; at < 512; ++at) {
    std::string changed = archive;
    changed[at] = static_cast<char>(changed[at] + 1);
    // The last two bytes of the checksum field end its number and carry none.
    if (at == 154 || at == 155) continue;
    EXPECT_FALSE(ReadTar(changed).has_value()) << at;
  }
}

TEST(TarTest, PaxRecordsAreReadAndUnknownEntriesLeftOut) {
  const std::string path(180, 'p');
  const auto pax_record = [](const std::string& text) {
    // The length counts itself.
    std::size_t length = text.size() + 2;
    while (fmt::format("{} {}\n", length, text).size() != length) ++length;
    return fmt::format("{} {}\n", length, text);
  };
  std::string archive =
      Pack({{.path = "PaxHeader",
             .content = pax_record("path=" + path) + pax_record("SCHILY.xattr.user.a=b\n=c") +
                        pax_record("mtime=1700000000.5")},
            {.path = "short", .content = "content"},
            {.path = "plain", .content = "next"}});
  archive[156] = 'x';
  // The type is under the checksum.
  unsigned sum = 0;
  for (std::size_t at = 0; at < 512; ++at) {
    sum += at >= 148 && at < 156 ? ' ' : static_cast<unsigned char>(archive[at]);
  }
  archive.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  const auto read = ReadTar(archive);
  ASSERT_TRUE(read.has_value()) << read.error().ToLine();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].path, path);
  EXPECT_EQ((*read)[0].mtime, 1700000000);
  EXPECT_EQ((*read)[0].content, "content");
  EXPECT_EQ((*read)[1].path, "plain");
  EXPECT_EQ((*read)[1].mtime, 0);
}

TEST(TarTest, BrokenPaxHeadersAreErrorsAndNotCrashes) {
  for (const std::string text : {"5", "5 ", "99 path=a\n", "0 path=a\n", "9 path=a\n\n", "abc",
                                 "10 path=abc", "18446744073709551616 path=a\n", "7 path\n"}) {
    std::string archive = Pack({{.path = "PaxHeader", .content = text}, {.path = "a"}});
    archive[156] = 'g';  // Skipped: only the checksum has to be right again.
    archive[156] = 'x';
    unsigned sum = 0;
    for (std::size_t at = 0; at < 512; ++at) {
      sum += at >= 148 && at < 156 ? ' ' : static_cast<unsigned char>(archive[at]);
    }
    archive.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    EXPECT_FALSE(ReadTar(archive).has_value()) << text;
  }
}

TEST(TarTest, LinksAreWrittenAndLeftOutWhenRead) {
  TarWriter tar;
  tar.AddLink({.path = "etc/marker", .content = "fingerprint-1"});
  tar.AddFile({.path = "etc/file"});
  const auto read = ReadTar(*std::move(tar).Finish());
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().path, "etc/file");
  TarWriter too_long;
  too_long.AddLink({.path = "a", .content = std::string(101, 't')});
  EXPECT_FALSE(std::move(too_long).Finish().has_value());
}

TEST(TarTest, TheSystemsTarUnderstandsIt) {
  const std::string folder = testing::TempDir() + "/dbaas-tar-test";
  std::filesystem::create_directories(folder);
  const std::string long_path = std::string(90, 'l') + "/" + std::string(90, 'f');
  {
    std::ofstream file(folder + "/a.tar", std::ios::binary);
    file << Pack({{.path = "etc", .mode = 0750, .uid = 5, .gid = 6, .is_folder = true},
                  {.path = "etc/one", .content = "content", .mode = 0600, .uid = 999, .gid = 998},
                  {.path = long_path, .content = "x"}});
  }
  const std::string command = "tar --numeric-owner -tvf " + folder + "/a.tar 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string listing;
  char buffer[4096];
  for (std::size_t count; (count = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    listing.append(buffer, count);
  }
  EXPECT_EQ(pclose(pipe), 0) << listing;
  EXPECT_NE(listing.find("drwxr-x--- 5/6"), std::string::npos) << listing;
  EXPECT_NE(listing.find("-rw------- 999/998"), std::string::npos) << listing;
  EXPECT_NE(listing.find(long_path), std::string::npos) << listing;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace dbaas::docker

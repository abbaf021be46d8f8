// SPDX-License-Identifier: MPL-2.0
//
// The journal as a reader finds it: written by applies, cut, torn, enormous, or written by others.
#include "engine/apply/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "engine/apply/journal_reader.h"
#include "tests/fakes/fake_clock.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JournalTest : public ::testing::Test {
 protected:
  ~JournalTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Journal> Open(const std::string& host = "local") {
    return std::make_unique<Journal>(folder_, host, "orders", clock_);
  }
  void AddBytes(const std::string& bytes) {
    std::ofstream(Journal::PathOf(folder_, "local", "orders"), std::ios::app) << bytes;
  }
  JournalExcerpt Read() {
    auto read = ReadJournal(folder_, "local", "orders");
    EXPECT_TRUE(read.has_value());
    return read ? *std::move(read) : JournalExcerpt();
  }

  FakeClock clock_;
  const std::string folder_ = testing::TempDir() + "dbaas_journal_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
};

/// One line an apply, one an action.
std::string ToText(const JournalExcerpt& excerpt) {
  std::string text;
  const auto end = [](const JournaledEnd& end) {
    return end.outcome + (end.error.empty() ? "" : " (" + end.error + ")") +
           (end.took ? " " + std::to_string(*end.took) : "");
  };
  for (const auto& apply : excerpt.applies) {
    text += std::to_string(apply.generation) + " " + apply.who + " " + apply.what + " " +
            end(apply.end) + "\n";
    for (const auto& action : apply.actions) {
      text += "  " + action.action + " " + end(action.end) + "\n";
    }
  }
  return text;
}

TEST_F(JournalTest, WhatWasWrittenIsRead) {
  auto journal = Open();
  journal->Apply(7, "alice", "node_count 1 → 2");
  clock_.Tick(Milliseconds(10));
  journal->Began("+ volume a");
  journal->Began("+ instance b");
  journal->Ended("+ volume a", "ok", "", Milliseconds(5));
  journal->Ended("+ instance b", "failed", "no space left", Milliseconds(2100));
  journal->Done("failed", "+ instance b: no space left");
  const JournalExcerpt read = Read();
  EXPECT_EQ(ToText(read),
            "7 alice node_count 1 → 2 failed (+ instance b: no space left) 10\n"
            "  + volume a ok 5\n"
            "  + instance b failed (no space left) 2100\n");
  EXPECT_EQ(read.applies[0].at, "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(read.applies[0].actions[1].at, "2026-01-01T00:00:00.010Z");
  EXPECT_EQ(read.strange_lines, 0U);
}

TEST_F(JournalTest, WhatHasNoEndRunsWhileItsProcessDoesAndIsCutAfterwards) {
  auto earlier = Open();
  earlier->Apply(1, "alice", "new cluster");
  earlier->Began("+ volume a");
  auto later = Open();
  later->Apply(2, "bob", "repair");
  later->Began("+ volume b");
  earlier.reset();
  EXPECT_EQ(ToText(Read()),
            "1 alice new cluster cut\n  + volume a cut\n2 bob repair running\n  + volume b "
            "running\n");
  later.reset();
  EXPECT_EQ(ToText(Read()),
            "1 alice new cluster cut\n  + volume a cut\n2 bob repair cut\n  + volume b cut\n");
}

TEST_F(JournalTest, AnApplyThatWaitsForItsTurnIsNotAtWork) {
  auto cut = Open();
  cut->Apply(1, "alice", "new cluster");
  cut.reset();
  const auto waits = Open();
  EXPECT_EQ(ToText(Read()), "1 alice new cluster cut\n");
}

TEST_F(JournalTest, ATornLineTakesNoOtherWithIt) {
  Open()->Apply(1, "alice", "new cluster");
  AddBytes(R"({"event":"began","gener)");
  Open()->Apply(2, "bob", "repair");
  const JournalExcerpt read = Read();
  EXPECT_EQ(ToText(read), "1 alice new cluster cut\n2 bob repair cut\n");
  EXPECT_EQ(read.strange_lines, 1U);
}

TEST_F(JournalTest, AnActionThatBeganAgainEndsItsLastTime) {
  auto journal = Open();
  journal->Apply(1, "alice", "x");
  journal->Began("a");
  journal->Began("a");
  journal->Ended("a", "ok", "", Milliseconds(1));
  journal.reset();
  EXPECT_EQ(ToText(Read()), "1 alice x cut\n  a cut\n  a ok 1\n");
}

TEST_F(JournalTest, LinesOfTwoAppliesMayBeMixed) {
  auto slept = Open();
  slept->Apply(1, "alice", "x");
  slept->Began("a");
  auto next = Open();
  next->Apply(2, "bob", "y");
  next->Began("a");
  slept->Ended("a", "failed", "the lease is gone", Milliseconds(9));
  slept->Done("failed", "a: the lease is gone");
  next->Ended("a", "ok", "", Milliseconds(1));
  next->Done("ok", "");
  EXPECT_EQ(ToText(Read()),
            "1 alice x failed (a: the lease is gone) 0\n  a failed (the lease is gone) 9\n"
            "2 bob y ok 0\n  a ok 1\n");
}

TEST_F(JournalTest, AnApplyThatChangedNothingLeavesNoLine) {
  Open()->Done("ok", "");
  EXPECT_TRUE(Read().applies.empty());
}

TEST_F(JournalTest, HostsAndClustersWithDashesAreNotMistaken) {
  EXPECT_NE(Journal::PathOf(folder_, "a-b", "c"), Journal::PathOf(folder_, "a", "b-c"));
  Open("db1")->Apply(1, "alice", "x");
  Open("db2")->Apply(1, "alice", "x");
  const auto none = ReadJournal(folder_, "local", "orders");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(none.error().detail, HasSubstr("db1, db2"));
  EXPECT_EQ(ReadJournal("", "local", "orders").error().kind, ErrorKind::kNotFound);
}

TEST_F(JournalTest, WhatIsNoFileIsRefusedAndHoldsNobodyUp) {
  std::filesystem::create_directories(folder_ + "/local");
  ASSERT_EQ(mkfifo(Journal::PathOf(folder_, "local", "orders").c_str(), 0600), 0);
  EXPECT_EQ(ReadJournal(folder_, "local", "orders").error().kind, ErrorKind::kDenied);
}

TEST_F(JournalTest, StrangeLinesAreCountedAndPassedOver) {
  const std::string text =
      R"({"event":"apply","generation":1,"who":"a","what":"b"})"
      "\n\nnonsense\n[1]\n{}\n\"\\ud800\"\n\xff\xfe\n"
      R"({"event":"melted","generation":1})"
      "\n"
      R"({"event":"began","generation":2,"action":"of nobody"})"
      "\n"
      R"({"event":"began","generation":1,"action":""})"
      "\n"
      R"({"event":"ended","generation":1,"action":"never begun","outcome":"ok"})"
      "\n"
      R"({"event":"began","generation":1,"action":"c"})"
      "\n"
      R"({"event":"ended","generation":1,"action":"c","outcome":"great","ms":1})"
      "\n"
      R"({"event":"ended","generation":1,"action":"c","outcome":"ok","ms":-1e300})"
      "\n";
  const JournalExcerpt read = ReadJournal({.text = text});
  EXPECT_EQ(ToText(read), "1 a b cut\n  c ok 0\n");
  EXPECT_EQ(read.strange_lines, 10U);
}

TEST_F(JournalTest, TheLastAppliesAreKept) {
  const auto journal = Open();
  for (int i = 1; i <= 60; ++i) {
    journal->Apply(i, "a", "b");
    journal->Began("c");
  }
  const JournalExcerpt read = Read();
  ASSERT_EQ(read.applies.size(), kJournaledApplies);
  EXPECT_EQ(read.applies.front().generation, 11);
  EXPECT_EQ(read.applies.back().generation, 60);
  EXPECT_EQ(read.strange_lines, 0U);
}

TEST_F(JournalTest, OfAHugeFileItsEndIsRead) {
  auto journal = Open();
  journal->Apply(1, "a", "b");
  // A hole costs no disk, and would cost everything to whoever read it all.
  std::filesystem::resize_file(Journal::PathOf(folder_, "local", "orders"), 1LL << 36);
  journal->Began("of an apply that is too far back");
  journal->Apply(2, "c", "d");
  AddBytes(std::string(kJournalLine, ' ') + "{}\n");
  journal->Began("e");
  const JournalExcerpt read = Read();
  EXPECT_EQ(ToText(read), "2 c d running\n  e running\n");
  EXPECT_EQ(read.strange_lines, 1U);
}

TEST_F(JournalTest, ManyUnendedActionsTakeNoLonger) {
  std::string text = R"({"event":"apply","generation":1})"
                     "\n";
  while (text.size() < kJournalTail / 2) {
    text += R"({"event":"began","generation":1,"action":"a"})"
            "\n";
  }
  while (text.size() < kJournalTail) {
    text += R"({"event":"ended","generation":1,"action":"a","outcome":"ok"})"
            "\n";
  }
  const JournalExcerpt read = ReadJournal({.text = text});
  EXPECT_EQ(read.strange_lines, 0U);
  EXPECT_EQ(read.applies[0].actions.front().end.outcome, "cut");
  EXPECT_EQ(read.applies[0].actions.back().end.outcome, "ok");
}

}  // namespace
}  // namespace dbaas

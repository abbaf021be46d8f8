// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/status.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "engine/drivers/process/files.h"
#include "tests/drivers/process/folder.h"

namespace dbaas::process {
namespace {

TEST(StatusTest, ARunPlanIsReadAsItWasWritten) {
  const RunPlan plan{.argv = {"/bin/a", "b c"},
                     .environment = {{"HOME", "/x"}},
                     .folder = "/x/root",
                     .host = "local",
                     .address = "127.1.2.3",
                     .ports = {{.host_port = 15432, .instance_port = 5000, .public_address = true}},
                     .stop_signal = SIGINT,
                     .stop_timeout_seconds = 60};
  EXPECT_EQ(ToJson(RunPlanFromJson(ToJson(plan))), ToJson(plan));
}

TEST(StatusTest, WhatSaysThatItRunsIsLostWhenNobodyHoldsItsLock) {
  const TestFolder folder;
  EXPECT_EQ(ReadStatus(folder.path()).state, RunState::kStopped);
  EXPECT_EQ(ReadStatus(folder.path()).detail, "created");
  ASSERT_TRUE(
      WriteStatus(
          folder.path(),
          {.state = RunState::kRunning, .detail = "running", .pid = 4242, .starts = 3, .ends = 2})
          .has_value());
  {
    const auto lock = TryLockFile(folder.path() + "/lock");
    ASSERT_TRUE(lock.has_value() && *lock);
    EXPECT_EQ(ReadStatus(folder.path()).state, RunState::kRunning);
    EXPECT_FALSE(*TryLockFile(folder.path() + "/lock")) << "it has a holder";
  }
  const Status lost = ReadStatus(folder.path());
  EXPECT_EQ(lost.state, RunState::kLost);
  EXPECT_EQ(lost.detail, "its supervisor is gone");
  EXPECT_EQ(lost.ends, 3);
}

TEST(StatusTest, NobodyAnswersWhereNobodyListens) {
  const TestFolder folder;
  EXPECT_EQ(*AskSupervisor(folder.path(), "stop", Milliseconds(100)), Answer::kNobody);
}

TEST(StatusTest, SignalsHaveNumbers) {
  EXPECT_EQ(SignalNumber(""), SIGTERM);
  EXPECT_EQ(SignalNumber("SIGUSR2"), SIGUSR2);
  EXPECT_EQ(SignalNumber("SIGNOTHING"), 0);
}

}  // namespace
}  // namespace dbaas::process

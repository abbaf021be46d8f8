// SPDX-License-Identifier: MPL-2.0
//
// Who ends with an instance, and who does not: real processes, below one that collects orphans as a
// supervisor does.
#include "engine/drivers/process/family.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace dbaas::process {
namespace {

constexpr char kFolder[] = "/hosts/test/instances/dbaas-management-watch";

/// A process that sleeps, with one variable in its environment, which it has when this returns.
pid_t StartSleeper(std::string variable) {
  int until_exec[2];
  EXPECT_EQ(pipe2(until_exec, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    char program[] = "/bin/sleep";
    char duration[] = "60";
    char* argv[] = {program, duration, nullptr};
    char* environment[] = {variable.data(), nullptr};
    execve(program, argv, environment);
    _exit(127);
  }
  close(until_exec[1]);
  char nothing = 0;
  EXPECT_EQ(read(until_exec[0], &nothing, 1), 0);
  close(until_exec[0]);
  return pid;
}

bool IsAlive(pid_t pid) { return waitpid(pid, nullptr, WNOHANG) == 0; }

TEST(FamilyTest, IsEndedButForTheSupervisorsOfOthers) {
  const pid_t child = StartSleeper("ANY=thing");
  const pid_t own = StartSleeper(std::string(kSupervisorMark) + "=" + kFolder);
  const pid_t others = StartSleeper(std::string(kSupervisorMark) + "=/hosts/test/instances/orders");
  EndFamily(kFolder);
  EXPECT_FALSE(IsAlive(child));
  EXPECT_FALSE(IsAlive(own));
  EXPECT_TRUE(IsAlive(others));
  kill(others, SIGKILL);
  waitpid(others, nullptr, 0);
}

TEST(FamilyTest, OfAMarkIsWhoeverHasIt) {
  const std::string folder = "/hosts/test/instances/orders-2";
  const pid_t marked = StartSleeper(std::string(kMark) + "=" + folder);
  const pid_t longer = StartSleeper(std::string(kMark) + "=" + folder + "0");
  EndMarked(folder);
  int status = 0;
  ASSERT_EQ(waitpid(marked, &status, 0), marked);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_TRUE(IsAlive(longer));
  EndMarked(folder + "0");
  waitpid(longer, nullptr, 0);
  EXPECT_FALSE(AnyMarked(folder + "0"));
}

}  // namespace
}  // namespace dbaas::process

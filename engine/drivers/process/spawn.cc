// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "engine/base/json.h"
#include "engine/drivers/process/family.h"
#include "engine/drivers/process/files.h"
#include "engine/drivers/process/supervisor.h"

namespace dbaas::process {
namespace {

constexpr Milliseconds kStartPatience = std::chrono::seconds(60);
constexpr int kCannotStart = 127;

struct Pipe {
  Descriptor out;  ///< The end that is read.
  Descriptor in;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("making a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Arguments as exec wants them. Made before the fork, which may not allocate.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Variables(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  return variables;
}

/// What a new program is not to inherit: blocked signals and ignored ones.
void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
}

int ExitCode(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kCannotStart;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Waits for one of the descriptors. False when the time is over.
bool Wait(std::vector<pollfd>& descriptors, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    const int ready = poll(descriptors.data(), descriptors.size(), static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// What people see in a list of processes, for /proc/self/exe.
std::string NameOf(const std::string& program) {
  std::error_code no_link;
  const std::string target = std::filesystem::read_symlink(program, no_link).string();
  return no_link ? program : target;
}

Result<void> ReadReadiness(const Descriptor& pipe, const std::string& folder) {
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  std::string text;
  while (text.find('\n') == std::string::npos) {
    std::vector<pollfd> waiting = {{.fd = pipe.get(), .events = POLLIN, .revents = 0}};
    if (!Wait(waiting, deadline)) return Unavailable("the supervisor of " + folder + " is silent");
    char buffer[4096];
    const ssize_t count = read(pipe.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  if (text == "ok\n") return Ok();
  const auto json = ParseJson(text, "the supervisor's answer");
  if (!json) return Unavailable("the supervisor of " + folder + " could not be started");
  const std::string summary = GetString(*json, "summary");
  const std::string detail = GetString(*json, "detail");
  const std::string kind = GetString(*json, "kind");
  if (kind == ToString(ErrorKind::kConflict)) {
    return Conflict(summary, detail).On(GetString(*json, "field"));
  }
  if (kind == ToString(ErrorKind::kDenied)) return Denied(summary, detail);
  return Internal(summary, detail);
}

}  // namespace

Result<void> StartSupervisor(const std::string& program, const std::string& folder,
                             const SystemUser& user) {
  Pipe ready = TRY(MakePipe());
  std::vector<std::string> words = {NameOf(program), kSuperviseVerb, folder};
  const std::vector<char*> argv = Pointers(words);
  // Nothing of ours: it may hold the credentials of whoever runs terraform.
  std::vector<std::string> variables = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
                                        std::string(kSupervisorMark) + "=" + folder};
  const std::vector<char*> environment = Pointers(variables);
  const pid_t child = fork();
  if (child < 0) return SystemError("starting a supervisor", errno);
  if (child == 0) {
    // Twice, so that it is nobody's child; in a session of its own, so that no terminal's
    // interrupt reaches it.
    setsid();
    if (fork() != 0) _exit(0);
    ResetSignals();
    const int nothing = open("/dev/null", O_RDWR);
    for (const int standard : {0, 1, 2}) dup2(nothing, standard);
    dup2(ready.in.get(), kReadyDescriptor);
    close_range(kReadyDescriptor + 1, ~0U, 0);
    if (chdir("/") == 0 && BecomeForGood(user)) {
      execve(program.c_str(), argv.data(), environment.data());
    }
    _exit(kCannotStart);
  }
  ready.in.Close();
  ExitCode(child);
  return ReadReadiness(ready.out, folder);
}

Result<ExecResult> RunCommand(const CommandPlan& plan, const std::string& input,
                              const SystemUser& user, Milliseconds patience) {
  Pipe to_command = TRY(MakePipe());
  Pipe output = TRY(MakePipe());
  Pipe errors = TRY(MakePipe());
  std::vector<std::string> words = plan.argv;
  const std::vector<char*> argv = Pointers(words);
  std::vector<std::string> variables = Variables(plan.environment);
  const std::vector<char*> environment = Pointers(variables);
  const pid_t child = fork();
  if (child < 0) return SystemError("starting " + plan.argv.front(), errno);
  if (child == 0) {
    setsid();
    ResetSignals();
    dup2(to_command.out.get(), 0);
    dup2(output.in.get(), 1);
    dup2(errors.in.get(), 2);
    close_range(3, ~0U, 0);
    if (BecomeForGood(user) && chdir(plan.folder.c_str()) == 0) {
      execve(argv[0], argv.data(), environment.data());
    }
    _exit(kCannotStart);
  }
  to_command.out.Close();
  output.in.Close();
  errors.in.Close();
  fcntl(to_command.in.get(), F_SETFL, O_NONBLOCK);
  if (input.empty()) to_command.in.Close();

  ExecResult result;
  std::size_t sent = 0;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (output.out || errors.out) {
    // A descriptor that is closed is -1, which poll leaves alone.
    std::vector<pollfd> waiting = {{.fd = to_command.in.get(), .events = POLLOUT, .revents = 0},
                                   {.fd = output.out.get(), .events = POLLIN, .revents = 0},
                                   {.fd = errors.out.get(), .events = POLLIN, .revents = 0}};
    if (!Wait(waiting, deadline)) {
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
      ExitCode(child);
      return Timeout(fmt::format("{} did not end", plan.argv.front()));
    }
    if (waiting[0].revents != 0) {
      const ssize_t count = write(to_command.in.get(), input.data() + sent, input.size() - sent);
      if (count > 0) sent += static_cast<std::size_t>(count);
      const bool is_refused = count < 0 && errno != EAGAIN && errno != EINTR;
      if (is_refused || sent == input.size()) to_command.in.Close();
    }
    const auto take = [](Descriptor& from, std::string& to) {
      char buffer[64 * 1024];
      const ssize_t count = read(from.get(), buffer, sizeof(buffer));
      if (count > 0) to.append(buffer, static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) from.Close();
    };
    if (waiting[1].revents != 0) take(output.out, result.output);
    if (waiting[2].revents != 0) take(errors.out, result.errors);
  }
  result.exit_code = ExitCode(child);
  return result;
}

}  // namespace dbaas::process

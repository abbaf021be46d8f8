// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

namespace dbaas::kubernetes {
namespace {

// A credential has some kilobytes; a program that never stops talking must not fill our memory.
constexpr std::size_t kMaxOutput = 4 << 20;
// How often one looks whether the program is gone: what it left behind may keep the pipes open.
constexpr int kLookEveryMs = 50;

class Pipe {
 public:
  Pipe() {
    // Close-on-exec: no other child, of no other thread, may hold an end of it.
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    CloseEnd(0);
    CloseEnd(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool ok() const { return ends_[0] >= 0; }
  int end(std::size_t which) const { return ends_[which]; }
  void CloseEnd(std::size_t which) {
    if (ends_[which] >= 0) close(std::exchange(ends_[which], -1));
  }

  /// One read; false at the end.
  bool ReadInto(std::string& text) {
    char buffer[16 * 1024];
    const ssize_t count = read(ends_[0], buffer, sizeof(buffer));
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    if (count == 0) return false;
    if (text.size() < kMaxOutput) text.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!variables.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

/// 0, or the number of what went wrong.
int Spawn(std::vector<std::string> argv, std::vector<std::string> environment, int output,
          int errors, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_adddup2(&files, errors, 2);
  // Sockets of libcurl and of gRPC are nothing for it.
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  // We ignore SIGPIPE and may block signals; both would be inherited. A group of its own, so that
  // it can be ended together with whatever it started.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int failure = posix_spawnp(&child, argv[0].c_str(), &files, &attributes,
                                   Pointers(argv).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failure;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ProgramOutput> RunProgram(const std::vector<std::string>& argv,
                                 const std::map<std::string, std::string>& variables,
                                 Milliseconds timeout) {
  Pipe output;
  Pipe errors;
  if (!output.ok() || !errors.ok()) {
    return Internal(fmt::format("{} was not started: {}", argv[0], std::strerror(errno)));
  }
  pid_t child = -1;
  if (const int failure = Spawn(argv, Environment(variables), output.end(1), errors.end(1), child);
      failure != 0) {
    const std::string line = fmt::format("{} was not started: {}", argv[0], std::strerror(failure));
    return failure == ENOENT || failure == EACCES ? NotFound(line) : Internal(line);
  }
  output.CloseEnd(1);
  errors.CloseEnd(1);

  ProgramOutput result;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  int status = 0;
  bool is_gone = false;
  while (output.end(0) >= 0 || errors.end(0) >= 0 || !is_gone) {
    pollfd pipes[2] = {{output.end(0), POLLIN, 0}, {errors.end(0), POLLIN, 0}};
    const int ready = poll(pipes, 2, kLookEveryMs);
    if (ready > 0 && pipes[0].revents != 0 && !output.ReadInto(result.output)) output.CloseEnd(0);
    if (ready > 0 && pipes[1].revents != 0 && !errors.ReadInto(result.errors)) errors.CloseEnd(0);
    if (ready == 0 && is_gone) break;  // Nothing more came after its end.
    const bool has_closed = output.end(0) < 0 && errors.end(0) < 0;
    if (!is_gone && (ready == 0 || has_closed)) {
      const pid_t ended = waitpid(child, &status, WNOHANG);
      is_gone = ended == child || (ended < 0 && errno == ECHILD);
    }
    if (std::chrono::steady_clock::now() < deadline) continue;
    if (!is_gone) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return Timeout(
          fmt::format("{} did not end within {} seconds", argv[0],
                      std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
    }
    break;
  }
  result.exit_code = ExitCode(status);
  return result;
}

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "engine/drivers/process/control.h"
#include "engine/drivers/process/family.h"
#include "engine/drivers/process/forward.h"
#include "engine/drivers/process/log_file.h"
#include "engine/drivers/process/loop.h"
#include "engine/drivers/process/status.h"

namespace dbaas::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kFirstPause = 100ms;
constexpr auto kLongestPause = 60s;
constexpr auto kLongEnough = 10s;  ///< Whoever ran for so long starts again without delay.
constexpr int kLockAttempts = 100;
constexpr int kExecFailed = 127;

std::string EndText(int status) {
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return fmt::format("exited ({})", code);
}

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// As many files as this user may open: databases want thousands, and sockets are files.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Tells whoever started us how it went; once.
class Ready {
 public:
  Ready() {
    if (fcntl(kReadyDescriptor, F_GETFD) >= 0) pipe_ = Descriptor(kReadyDescriptor);
    if (pipe_) fcntl(pipe_.get(), F_SETFD, FD_CLOEXEC);
  }
  void Say(const std::string& line) {
    if (!pipe_) return;
    (void)!write(pipe_.get(), (line + "\n").c_str(), line.size() + 1);
    pipe_.Close();
  }
  void SayError(const Error& error) {
    Say(Dump({{"kind", ToString(error.kind)},
              {"summary", error.summary},
              {"detail", error.detail},
              {"field", error.field}}));
  }
  void Forget() { pipe_.Close(); }

 private:
  Descriptor pipe_;
};

// ---- The inner process -------------------------------------------------------------------------

class Supervisor {
 public:
  Supervisor(std::string folder, RunPlan plan, Ready& ready)
      : folder_(std::move(folder)),
        plan_(std::move(plan)),
        ready_(ready),
        status_(ReadStatusFile(folder_)),
        log_(folder_),
        forwarder_(loop_, plan_.address) {}

  int Run(int control, const std::vector<std::pair<Descriptor, PublishedPort>>& listeners) {
    CollectOrphans();
    const sigset_t handled = HandledSignals();
    signals_ = Descriptor(signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
    loop_.Add(signals_.get(), EPOLLIN, [this](std::uint32_t) { TakeSignals(); });
    loop_.Add(control, EPOLLIN, [this, control](std::uint32_t) { TakeRequest(control); });
    for (const auto& [listener, port] : listeners) {
      forwarder_.Serve(listener.get(), port.instance_port);
    }
    const std::string failed = Start();
    if (!failed.empty()) {
      ready_.SayError(Internal("the instance could not be started", failed));
      return 1;
    }
    ready_.Say("ok");
    while (!done_) {
      loop_.RunOnce(deadline_);
      if (deadline_ && steady_clock::now() >= *deadline_) PassDeadline();
    }
    return 0;
  }

 private:
  enum class Wanted { kRunning, kRestarted, kStopped };

  struct Asker {
    Descriptor connection;
    std::string request;
  };

  // ---- Starting and ending

  /// Empty, or why not.
  std::string Start() {
    int output[2];
    int failure[2];
    if (pipe2(output, O_CLOEXEC) != 0) return std::strerror(errno);
    if (pipe2(failure, O_CLOEXEC) != 0) return std::strerror(errno);
    const pid_t self = getpid();
    main_ = fork();
    if (main_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(kExecFailed);
      Become(output[1], failure[1]);
    }
    close(output[1]);
    close(failure[1]);
    Listen(Descriptor(output[0]));
    int reason = main_ < 0 ? errno : 0;
    const ssize_t told = main_ < 0 ? 0 : read(failure[0], &reason, sizeof(reason));
    close(failure[0]);
    if (main_ < 0 || told > 0) {
      if (main_ > 0) waitpid(std::exchange(main_, 0), nullptr, 0);
      return fmt::format("{}: {}", plan_.argv.empty() ? "no command" : plan_.argv.front(),
                         std::strerror(reason));
    }
    started_ = steady_clock::now();
    deadline_.reset();
    wanted_ = Wanted::kRunning;
    ++status_.starts;
    Note(RunState::kRunning, "running", main_);
    return {};
  }

  /// In the child: the instance's first process. Does not return.
  [[noreturn]] void Become(int output, int failure) {
    setsid();
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> argv;
    for (auto& argument : plan_.argv) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables;
    for (const auto& [name, value] : plan_.environment) variables.push_back(name + "=" + value);
    std::vector<char*> environment;
    for (auto& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    const char* const program = argv.front();
    if (program != nullptr && chdir(plan_.folder.c_str()) == 0) {
      // What people see in a list of processes.
      if (std::string_view(program) == kOwnProgram) argv.front() = program_invocation_name;
      execve(program, argv.data(), environment.data());
    }
    const int reason = errno;
    (void)!write(failure, &reason, sizeof(reason));
    _exit(kExecFailed);
  }

  /// Asks the first process to end, and takes no "no" once its time is over.
  void Stop(Wanted wanted, int signal) {
    wanted_ = wanted;
    if (main_ == 0) return AfterEnd();
    kill(main_, signal);
    deadline_ = steady_clock::now() + std::chrono::seconds(plan_.stop_timeout_seconds);
  }

  void PassDeadline() {
    deadline_.reset();
    if (main_ != 0) {
      kill(main_, SIGKILL);
      return;
    }
    Again();
  }

  void TakeSignals() {
    signalfd_siginfo information{};
    while (read(signals_.get(), &information, sizeof(information)) == sizeof(information)) {
      if (information.ssi_signo == SIGCHLD) {
        Collect();
      } else if (information.ssi_signo != SIGHUP) {
        Stop(Wanted::kStopped, plan_.stop_signal);  // The machine is going down.
      }
    }
  }

  void Collect() {
    int status = 0;
    while (true) {
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid <= 0) return;
      if (pid != main_) continue;  // An orphan that was handed to us.
      main_ = 0;
      // What a container's end does: nobody outlives the first process.
      EndFamily(folder_);
      ++status_.ends;
      status_.last_end = EndText(status);
      AfterEnd();
    }
  }

  void AfterEnd() {
    deadline_.reset();
    if (wanted_ == Wanted::kStopped) {
      Note(RunState::kStopped, status_.last_end);
      done_ = true;
      AnswerAll();
      return;
    }
    if (wanted_ == Wanted::kRestarted) return Again();
    if (steady_clock::now() - started_ > kLongEnough) pause_ = kFirstPause;
    deadline_ = steady_clock::now() + pause_;
    log_.Write(fmt::format("dbaas: {}, starts again in {:.1f} s\n", status_.last_end,
                           std::chrono::duration<double>(pause_).count()));
    pause_ = std::min<steady_clock::duration>(pause_ * 2, kLongestPause);
    Note(RunState::kRestarting, status_.last_end);
  }

  void Again() {
    const std::string failed = Start();
    if (failed.empty()) return AnswerAll();
    log_.Write("dbaas: " + failed + "\n");
    wanted_ = Wanted::kRunning;
    status_.last_end = fmt::format("exited ({})", kExecFailed);
    AfterEnd();
    AnswerAll();
  }

  void Note(RunState state, const std::string& detail, pid_t pid = 0) {
    status_.state = state;
    status_.detail = detail;
    status_.pid = pid;
    const auto written = WriteStatus(folder_, status_);
    if (!written) log_.Write("dbaas: " + written.error().ToLine() + "\n");
  }

  // ---- What it says

  void Listen(Descriptor output) {
    const int number = output.get();
    fcntl(number, F_SETFL, O_NONBLOCK);
    auto kept = std::make_shared<Descriptor>(std::move(output));
    loop_.Add(number, EPOLLIN, [this, kept](std::uint32_t) {
      char buffer[16 * 1024];
      while (true) {
        const ssize_t count = read(kept->get(), buffer, sizeof(buffer));
        if (count > 0) {
          log_.Write({buffer, static_cast<std::size_t>(count)});
          continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        loop_.Remove(kept->get());
        return;
      }
    });
  }

  // ---- What it is asked

  void TakeRequest(int control) {
    Descriptor connection(accept4(control, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    // Ours alone can connect, and they say it in one piece at once.
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    char buffer[64];
    const ssize_t count = recv(connection.get(), buffer, sizeof(buffer) - 1, 0);
    if (count <= 1) return;
    const std::string request(buffer, static_cast<std::size_t>(count) - 1);
    if (request.starts_with("signal ")) {
      if (main_ != 0) kill(main_, std::atoi(request.c_str() + 7));
      return Answer(connection);
    }
    askers_.push_back({std::move(connection), request});
    // A stop that somebody waits for is not undone by a restart.
    if (request == "restart") {
      if (wanted_ != Wanted::kStopped) Stop(Wanted::kRestarted, plan_.stop_signal);
    } else {
      Stop(Wanted::kStopped, request == "kill" ? SIGKILL : plan_.stop_signal);
    }
  }

  static void Answer(const Descriptor& connection) {
    (void)!send(connection.get(), "ok\n", 3, MSG_NOSIGNAL);
  }
  void AnswerAll() {
    for (const Asker& asker : askers_) Answer(asker.connection);
    askers_.clear();
  }

  const std::string folder_;
  RunPlan plan_;
  Ready& ready_;
  Status status_;
  LogFile log_;
  Loop loop_;
  Forwarder forwarder_;
  Descriptor signals_;
  pid_t main_ = 0;  ///< 0 while it does not run.
  Wanted wanted_ = Wanted::kRunning;
  steady_clock::time_point started_;
  steady_clock::duration pause_ = kFirstPause;
  /// While it runs: when its time to stop is over. While not: when it starts again.
  std::optional<SteadyTime> deadline_;
  std::vector<Asker> askers_;
  bool done_ = false;
};

// ---- The outer process -------------------------------------------------------------------------

/// Waits for the inner one, and hands on what an administrator tells this one.
int WaitFor(pid_t inner) {
  const sigset_t handled = HandledSignals();
  while (true) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == inner) return status;
    }
    const int signal = sigwaitinfo(&handled, nullptr);
    if (signal == SIGTERM || signal == SIGINT) kill(inner, SIGTERM);
  }
}

void NoteDeath(const std::string& folder) {
  Status status = ReadStatusFile(folder);
  status.state = RunState::kRestarting;
  status.detail = status.last_end = "exited (its supervisor was killed)";
  status.pid = 0;
  status.ends = status.starts;
  (void)WriteStatus(folder, status).has_value();
}

}  // namespace

int Supervise(const std::string& folder) {
  Ready ready;
  umask(077);
  RaiseFileLimit();
  const sigset_t handled = HandledSignals();
  sigprocmask(SIG_SETMASK, &handled, nullptr);
  const auto fail = [&](const Error& error) {
    ready.SayError(error);
    return 1;
  };

  Descriptor lock;
  for (int attempt = 0; attempt < kLockAttempts && !lock; ++attempt) {
    auto taken = TryLockFile(folder + "/lock");
    if (!taken) return fail(taken.error());
    lock = std::move(*taken);
    if (lock) break;
    if (ReadStatusFile(folder).state == RunState::kRunning) break;
    std::this_thread::sleep_for(10ms);
  }
  if (!lock) {  // Somebody was quicker, which is just as well.
    ready.Say("ok");
    return 0;
  }
  const auto json = ReadJson(folder + "/run.json");
  if (!json) return fail(json.error());
  const RunPlan plan = RunPlanFromJson(*json);
  CollectOrphans();
  EndFamily(folder);
  const auto listeners = ListenOnPorts(plan.ports, plan.host);
  if (!listeners) return fail(listeners.error());
  const auto control = ListenOnControl(folder);
  if (!control) return fail(control.error());

  while (true) {
    const pid_t inner = fork();
    if (inner < 0) return fail(SystemError("starting", errno));
    if (inner == 0) {
      const int code = Supervisor(folder, plan, ready).Run(control->get(), *listeners);
      std::_Exit(code);
    }
    ready.Forget();
    const int status = WaitFor(inner);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    EndFamily(folder);
    NoteDeath(folder);
    std::this_thread::sleep_for(kFirstPause);
  }
}

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "provider/crash.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace dbaas {
namespace {

// A signal handler may neither allocate nor lock, so what it needs lies ready here.
char socket_path[128] = {};
char socket_folder[128] = {};

void Say(std::string_view text) {
  // The process is dying; there is nobody left to tell that telling failed.
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
}

/// Terraform keeps what follows a line that begins like this, and shows it after the run.
void SayCrash(std::string_view reason) {
  Say("panic: terraform-provider-dbaas " DBAAS_VERSION ": ");
  Say(reason);
  Say("\n\nThis is a bug in the provider. What was applied so far stands, and the next apply\n"
      "continues from there.\n");
}

void OnFatalSignal(int signal) {
  // abort() comes through here too, after OnTerminate has said more than we know.
  if (signal != SIGABRT) SayCrash(sigdescr_np(signal));
  if (socket_path[0] != '\0') {
    unlink(socket_path);
    rmdir(socket_folder);
  }
  raise(signal);  // The handler was reset on entry: this one is the default action.
}

[[noreturn]] void OnTerminate() {
  try {
    if (const auto current = std::current_exception()) std::rethrow_exception(current);
    SayCrash("terminated");
  } catch (const std::exception& exception) {
    SayCrash(exception.what());
  } catch (...) {
    SayCrash("an exception that is not a std::exception");
  }
  std::abort();
}

}  // namespace

void InstallCrashHandlers() {
  std::set_terminate(OnTerminate);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    struct sigaction current {};
    sigaction(signal, nullptr, &current);
    if (current.sa_handler != SIG_DFL) continue;  // A sanitizer's, which says more.
    struct sigaction ours {};
    ours.sa_handler = OnFatalSignal;
    ours.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(signal, &ours, nullptr);
  }
}

void RemoveOnCrash(const std::string& path) {
  std::strncpy(socket_path, path.c_str(), std::size(socket_path) - 1);
  path.copy(socket_folder, std::min(path.rfind('/'), std::size(socket_folder) - 1));
}

}  // namespace dbaas

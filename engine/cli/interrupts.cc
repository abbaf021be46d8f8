// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/interrupts.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

namespace dbaas {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // A pager that was closed: no reason to lose an apply.
  std::thread([this] { Watch(); }).detach();  // It ends with the process, by waiting for nothing.
}

void Interrupts::Watch() {
  const sigset_t signals = Signals();
  for (bool first = true;; first = false) {
    int received = 0;
    sigwait(&signals, &received);
    if (!first && caught_) {
      std::fputs("\nLeft at once, with work under way. The next apply goes on from there.\n",
                 stderr);
    }
    if (!first || !caught_) _exit(128 + received);
    std::fputs(
        "\nStopping: nothing more is started, what runs is let end. Again to exit at once.\n",
        stderr);
    stop_.request_stop();
  }
}

}  // namespace dbaas

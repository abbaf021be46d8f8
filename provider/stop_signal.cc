// SPDX-License-Identifier: MPL-2.0
#include "provider/stop_signal.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <initializer_list>

namespace dbaas {
namespace {
constexpr int kParentThreadEnded = SIGUSR1;
}

StopSignal::StopSignal(Interrupt interrupt) : parent_(getppid()) {
  sigemptyset(&signals_);
  for (const int signal : {SIGTERM, SIGHUP, kParentThreadEnded}) sigaddset(&signals_, signal);
  if (interrupt == Interrupt::kStops) {
    sigaddset(&signals_, SIGINT);
  } else {
    signal(SIGINT, SIG_IGN);
  }
  signal(SIGPIPE, SIG_IGN);  // The host closed its end of stderr: no reason to lose an apply.
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void StopSignal::StopWithParent() {
  prctl(PR_SET_PDEATHSIG, kParentThreadEnded);
  // It may have ended before that took effect, and then nobody will tell.
  if (getppid() != parent_) Request();
}

void StopSignal::Request() const { kill(getpid(), SIGTERM); }

void StopSignal::Wait() const {
  int received = 0;
  do {
    sigwait(&signals_, &received);
  } while (received == kParentThreadEnded && getppid() == parent_);
}

}  // namespace dbaas

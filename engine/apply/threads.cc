// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/threads.h"

#include <thread>

namespace dbaas {
namespace {

class RepeatingThread final : public Repetition {
 public:
  RepeatingThread(Milliseconds interval, std::function<void()> work)
      : thread_([interval, work = std::move(work)](const std::stop_token& stop) {
          // Real time on purpose: a clock that is turned by hand must not make this thread spin.
          SystemClock clock;
          while (clock.SleepFor(interval, stop)) work();
        }) {}

 private:
  std::jthread thread_;
};

class SystemThreads final : public Threads {
 public:
  std::unique_ptr<Runner> MakeRunner(int capacity, Perform perform) override {
    return MakeThreadRunner(capacity, std::move(perform));
  }
  std::unique_ptr<Repetition> Repeat(Milliseconds interval, std::function<void()> work) override {
    return std::make_unique<RepeatingThread>(interval, std::move(work));
  }
};

}  // namespace

Threads& RealThreads() {
  static SystemThreads threads;
  return threads;
}

}  // namespace dbaas

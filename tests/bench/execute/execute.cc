// SPDX-License-Identifier: MPL-2.0
//
// bench_execute ACTIONS: what the executor adds to actions, eight at a time. Three runs of no-op
// actions: handed to the threads directly (the floor), by Execute, and by Execute with a journal on
// this disk; and one of 64 actions that sleep for 20 ms. Prints one line of JSON.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "engine/apply/executor.h"

namespace dbaas {
namespace {

using std::chrono::steady_clock;

constexpr int kWorkers = 8;
constexpr int kActionsOfACluster = 8;
constexpr int kSlowActions = 64;
constexpr auto kSlow = std::chrono::milliseconds(20);

/// Chains of eight, as many side by side as it takes.
Plan Chains(int actions) {
  Plan plan;
  for (ActionId id = 0; id < actions; ++id) {
    Action action{.title = "+ instance orders-" + std::to_string(id),
                  .operation = RestartInstance{"orders"},
                  .after = {},
                  .reason = {}};
    if (id % kActionsOfACluster != 0) action.after.push_back(id - 1);
    plan.actions.push_back(std::move(action));
  }
  return plan;
}

double SecondsSince(steady_clock::time_point began) {
  return std::chrono::duration<double>(steady_clock::now() - began).count();
}

double HandedOver(const Plan& plan) {
  const auto runner = MakeThreadRunner(kWorkers, [](const Action&) { return Result<void>(); });
  const int total = static_cast<int>(plan.actions.size());
  const auto began = steady_clock::now();
  int started = 0;
  for (int ended = 0; ended < total; ++ended) {
    for (; started < total && started - ended < kWorkers; ++started) {
      runner->Start(started, plan.actions[started]);
    }
    runner->WaitForOne();
  }
  return SecondsSince(began);
}

double Executed(const Plan& plan, const std::string& journal_folder, const Perform& perform) {
  SystemClock clock;
  Journal journal(journal_folder, "local", "bench", clock);
  SilentProgress progress;
  const auto runner = MakeThreadRunner(kWorkers, perform);
  const auto began = steady_clock::now();
  const ApplyReport report = Execute(plan, *runner, journal, progress, clock, {});
  const double seconds = SecondsSince(began);
  if (report.error) {
    std::fprintf(stderr, "%s\n", report.error->ToLine().c_str());
    std::exit(1);
  }
  return seconds;
}

int Run(int actions) {
  const Plan plan = Chains(actions);
  const Perform nothing = [](const Action&) { return Result<void>(); };
  const std::string folder =
      std::filesystem::temp_directory_path() / ("dbaas-bench-" + std::to_string(getpid()));
  const double floor = HandedOver(plan);
  const double executed = Executed(plan, {}, nothing);
  const double journaled = Executed(plan, folder, nothing);
  std::filesystem::remove_all(folder);

  Plan slow;
  slow.actions.resize(kSlowActions);
  std::atomic<int> in_flight = 0;
  std::atomic<int> most_in_flight = 0;
  const double slow_seconds = Executed(slow, {}, [&](const Action&) {
    const int now = ++in_flight;
    int most = most_in_flight;
    while (now > most && !most_in_flight.compare_exchange_weak(most, now)) {
    }
    std::this_thread::sleep_for(kSlow);
    --in_flight;
    return Result<void>();
  });
  const double slow_floor = std::chrono::duration<double>(kSlow).count() * kSlowActions / kWorkers;
  std::printf(
      "{\"actions\": %d, \"floor\": %.6f, \"executed\": %.6f, \"journaled\": %.6f, "
      "\"in_flight\": %d, \"slow\": %.6f, \"slow_floor\": %.6f}\n",
      actions, floor, executed, journaled, most_in_flight.load(), slow_seconds, slow_floor);
  return 0;
}

}  // namespace
}  // namespace dbaas

int main(int argc, char** argv) {
  if (argc != 2 || std::atoi(argv[1]) <= 0) {
    std::fputs("usage: bench_execute ACTIONS\n", stderr);
    return 2;
  }
  return dbaas::Run(std::atoi(argv[1]));
}

// SPDX-License-Identifier: MPL-2.0
//
// Fibers: many lines of thought on one thread, and one clock for them. Only one runs at a time and
// it hands over where it says so; who is next is drawn from the seed; time passes only when nobody
// can go on. So one number replays a run of many racing applies.
//
//   Fibers fibers(random);
//   fibers.Spawn(1, [&] { fibers.Sleep(Milliseconds(500), {}); ... });
//   fibers.Spawn(2, [&] { fibers.WaitUntil([&] { return ready; }); ... });
//   fibers.Run();
//
// A process is a number that fibers share. Whoever holds a mutex of its process while it hands over
// does so under Alone: its siblings would block the only thread there is.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/apply/threads.h"
#include "engine/base/clock.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {

class Fibers {
 public:
  using Predicate = std::function<bool()>;

  explicit Fibers(SeededRandom& random);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  void Spawn(int process, std::function<void()> body);
  /// Runs all of them to their ends. False when those that are left wait for ever.
  bool Run();

  // Called by fibers.
  int Process() const;
  void Yield();
  /// Returns earlier when `woken` comes true.
  void Sleep(Milliseconds duration, const Predicate& woken);
  void WaitUntil(const Predicate& predicate);

  TimePoint Now() const { return now_; }
  /// A machine that was asleep: nobody ran, and it is later.
  void Jump(Milliseconds duration) { now_ += duration; }
  /// Something happened that someone may be waiting for: sleeps are exact again.
  void Progress() { ++progress_; }
  /// The next nap of a fiber that only ever naps while nothing happens: it grows, so that hours
  /// of waiting cost little.
  Milliseconds Stretched(Milliseconds duration);

  /// While one lives, no sibling of the fiber that made it runs.
  class Alone {
   public:
    explicit Alone(Fibers& fibers);
    ~Alone();
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;

   private:
    Fibers& fibers_;
    int process_;
  };

 private:
  struct Fiber;
  static void Enter();
  void SwitchTo(Fiber& fiber);
  void SwitchBack(bool is_last);
  bool CanRun(const Fiber& fiber) const;
  Fiber* Pick();

  SeededRandom& random_;
  TimePoint now_ = ToTimePoint("2026-01-01T00:00:00.000Z");
  std::uint64_t progress_ = 0;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<std::pair<int, Fiber*>> alone_;  ///< Processes, and who holds them.
  std::vector<Fiber*> ready_;                  ///< Only kept for its memory.
  Fiber* current_ = nullptr;
  struct Context;
  std::unique_ptr<Context> main_;
};

/// Runners and repetitions out of fibers of the caller's process.
class FiberThreads final : public Threads {
 public:
  explicit FiberThreads(Fibers& fibers) : fibers_(fibers) {}
  std::unique_ptr<Runner> MakeRunner(int capacity, Perform perform) override;
  std::unique_ptr<Repetition> Repeat(Milliseconds interval, std::function<void()> work) override;

 private:
  Fibers& fibers_;
};

}  // namespace dbaas

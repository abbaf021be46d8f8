// SPDX-License-Identifier: MPL-2.0
//
// Outbox: what a watcher has to tell to somebody who may be busy or away. Putting something in
// never waits, so that watching goes on; another thread delivers, and comes again until it was
// taken, refused for good, or too old.
//
//   Outbox outbox("the history", [&](const WatchReport& report) { return ...; }, clock, random);
//   auto working = threads.Repeat(Milliseconds(200), [&] { outbox.Work(); });
//   outbox.Put(report);
//
// Threading: Put from anywhere; Work and Flush from one thread at a time. Errors: none get out;
// what could not be told is logged.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/model/watch_report.h"
#include "engine/watch/pause.h"

namespace dbaas {

class Outbox {
 public:
  /// kUnavailable, kConflict and kTimeout are tried again; everything else is final.
  using Deliver = std::function<Result<void>(const WatchReport&)>;

  /// `name` is who is told, for the log: "the history". What is passed must outlive the outbox.
  Outbox(std::string name, Deliver deliver, Clock& clock, Random& random)
      : name_(std::move(name)), deliver_(std::move(deliver)), clock_(clock), random_(random) {}

  void Put(const WatchReport& report);
  /// Tries once whatever is due.
  void Work();
  /// Tries everything once more, due or not, and forgets it: before the process ends.
  void Flush();

 private:
  struct Letter {
    WatchReport report;
    TimePoint since;  ///< When it was put in.
    Pause pause{};    ///< Not tried while it lasts.
    int failures = 0;
  };
  /// Whether there is nothing left to do for it.
  bool Try(Letter& letter, bool is_last);
  void GiveUp(const Letter& letter, const std::string& why) const;

  std::string name_;
  Deliver deliver_;
  Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::deque<Letter> letters_;  ///< Oldest first.
};

}  // namespace dbaas

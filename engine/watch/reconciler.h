// SPDX-License-Identifier: MPL-2.0
//
// Reconciler: brings clusters that ask for it (`reconcile = "repair"`) back to what their records
// say. It decides nothing: what is wrong, and what a machine may mend unasked, is converge's word
// (apply/converge.h, Repair). Called by Engine::Watch.
//
//   Reconciler reconciler({.converge = context, .clusters = {}, .report = print});
//   auto working = threads.Repeat(std::chrono::seconds(30), [&] { reconciler.Look(); });
//
// Threading: one thread. Errors: none get out. Docs: docs/watch.md.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "engine/base/clock.h"
#include "engine/watch/rounds.h"

namespace dbaas {

class Reconciler {
 public:
  explicit Reconciler(Rounds rounds) : rounds_(std::move(rounds)) {}

  /// Looks at every cluster once, and mends what was wrong the last time too: what is gone a moment
  /// later was a restart, or somebody at work.
  void Look();

 private:
  /// A cluster in which something was wrong, or could not be looked at.
  struct Case {
    bool was_wrong = false;  ///< At the last look.
    int failures = 0;        ///< Repairs that failed, one after the other.
    Pause pause;             ///< No repair meanwhile. Each one is an entry of the history.
    std::string told;        ///< Why it is left alone: said once.
  };
  void LookAt(const std::string& cluster);
  void LeaveAlone(const std::string& cluster, const Error& error);

  Rounds rounds_;
  std::map<std::string, Case> cases_;
};

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// ArchiveMonitor: says when the log of a cluster with a backup policy does not reach its
// repository. What waits takes the room of the data, until there is none and the database stops; so
// it is said again whenever half of the room has gone since it was said last. Called by
// Engine::Watch.
//
//   ArchiveMonitor monitor({.converge = context, .clusters = {}, .report = print});
//   auto working = threads.Repeat(std::chrono::seconds(10), [&] { monitor.Look(); });
//
// Threading: one thread. Errors: none get out; where nobody leads there is other news. Docs:
// docs/watch.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "engine/watch/rounds.h"

namespace dbaas {

class ArchiveMonitor {
 public:
  explicit ArchiveMonitor(Rounds rounds) : rounds_(std::move(rounds)) {}

  /// Looks at every cluster once, unless it did a few minutes ago.
  void Look();

 private:
  void LookAt(const ClusterRecord& record);

  Rounds rounds_;
  Pause pause_;
  std::map<std::string, std::int64_t> room_when_told_;  ///< Of clusters whose log does not arrive.
};

}  // namespace dbaas

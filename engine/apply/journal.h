// SPDX-License-Identifier: MPL-2.0
//
// Journal: an append-only account of what an apply began and how it ended. Format and rules:
// docs/journal_format.md; who reads it: journal_reader.h. Thread-safe. A journal that cannot be
// written is said once in the log and stops nothing: the databases matter more than their diary.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/json.h"

namespace dbaas {

class Journal {
 public:
  /// Opens (and makes) the journal of a cluster. An empty `folder` writes nothing.
  Journal(const std::string& folder, const std::string& host, const std::string& cluster,
          Clock& clock);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// From here until the destructor, or the end of the process, readers see that it is at work.
  void Apply(std::int64_t generation, const std::string& who, const std::string& what);
  void Began(const std::string& action);
  void Ended(const std::string& action, const std::string& outcome, const std::string& error,
             Milliseconds elapsed);
  /// How the apply as a whole ended; `error` is empty when it went well. Nothing to write where
  /// there was no Apply().
  void Done(const std::string& outcome, const std::string& error);

  static std::string PathOf(const std::string& folder, const std::string& host,
                            const std::string& cluster);
  /// $XDG_STATE_HOME/dbaas/journal, or the like under HOME; empty when there is neither.
  static std::string DefaultFolder();

 private:
  void EndTornLine();
  void Write(Json line, bool sync);

  Clock& clock_;
  std::mutex mutex_;
  int file_ = -1;
  std::int64_t generation_ = 0;
  std::optional<TimePoint> began_;  ///< When the apply did.
};

}  // namespace dbaas

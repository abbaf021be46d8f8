// SPDX-License-Identifier: MPL-2.0
//
// Progress: how long work tells people what it is doing. Passed down, never called back up through.
// Implemented by the provider (log lines) and the command (terminal). Thread-safe implementations
// only: actions report from many threads.
#pragma once

#include <string>

#include "engine/base/clock.h"

namespace dbaas {

class Progress {
 public:
  virtual ~Progress() = default;
  /// One plain sentence: "waiting for the lease of orders, held by alice@build-7 pid 4242".
  virtual void Note(const std::string& message) = 0;
  /// An action began / ended; `error` is empty when it ended well.
  virtual void Began(int done, int total, const std::string& action) = 0;
  virtual void Ended(int done, int total, const std::string& action, const std::string& error,
                     Milliseconds elapsed) = 0;
};

/// For work that nobody looks on at.
class SilentProgress final : public Progress {
 public:
  void Note(const std::string&) override {}
  void Began(int, int, const std::string&) override {}
  void Ended(int, int, const std::string&, const std::string&, Milliseconds) override {}
};

}  // namespace dbaas

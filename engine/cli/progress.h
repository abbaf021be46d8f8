// SPDX-License-Identifier: MPL-2.0
//
// What an apply shows while it works: on a terminal a list of the actions under way that is redrawn
// in place, with what ended scrolling away above it; elsewhere plain lines. Goes to stderr, results
// go to stdout. Thread-safe, as a Progress has to be.
#pragma once

#include <condition_variable>
#include <iosfwd>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/cli/verb.h"

namespace dbaas {

/// "+ instance orders-1 ... 2.1 s" and the like, one line an event.
class PlainProgress final : public Progress {
 public:
  explicit PlainProgress(std::ostream& out) : out_(out) {}
  void Note(const std::string& message) override;
  void Began(int done, int total, const std::string& action) override;
  void Ended(int done, int total, const std::string& action, const std::string& error,
             Milliseconds elapsed) override;

 private:
  std::mutex mutex_;
  std::ostream& out_;
};

/// Redraws itself ten times a second, until it is destroyed.
class LiveProgress final : public Progress {
 public:
  /// `columns`: lines are cut there, for a line that wraps cannot be drawn over.
  LiveProgress(std::ostream& out, Clock& clock, int columns);
  ~LiveProgress() override;
  void Note(const std::string& message) override;
  void Began(int done, int total, const std::string& action) override;
  void Ended(int done, int total, const std::string& action, const std::string& error,
             Milliseconds elapsed) override;
  /// Draws now: what the thread does on its own.
  void Draw();

 private:
  void Scroll(const std::string& line);  ///< REQUIRES: the lock is held.
  void Redraw();                         ///< REQUIRES: the lock is held.
  std::string Erase() const;
  std::string Cut(const std::string& line) const;

  std::ostream& out_;
  Clock& clock_;
  const int columns_;
  const TimePoint began_;
  std::mutex mutex_;
  std::multimap<std::string, TimePoint> running_;
  int done_ = 0;
  int total_ = 0;
  int drawn_lines_ = 0;
  std::condition_variable_any wake_;
  std::jthread painter_;  ///< Last: it uses all of the above.
};

/// The one that fits where stderr goes.
std::unique_ptr<Progress> MakeProgress(Session& session);

/// "0.4 s", "12.0 s", "3 min 5 s"
std::string ElapsedText(Milliseconds elapsed);

}  // namespace dbaas

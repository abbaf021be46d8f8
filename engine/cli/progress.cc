// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/progress.h"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

namespace dbaas {
namespace {

constexpr auto kFrame = std::chrono::milliseconds(100);

std::string EndedLine(const std::string& action, const std::string& error, Milliseconds elapsed) {
  if (error.empty()) return fmt::format("{}  {}", action, ElapsedText(elapsed));
  return fmt::format("{}  failed after {}: {}", action, ElapsedText(elapsed), error);
}

}  // namespace

std::string ElapsedText(Milliseconds elapsed) {
  const auto seconds = elapsed.count() / 1000;
  if (seconds >= 60) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{}.{} s", seconds, elapsed.count() % 1000 / 100);
}

// ---- Plain lines -------------------------------------------------------------------------------

void PlainProgress::Note(const std::string& message) {
  const std::lock_guard lock(mutex_);
  out_ << message << std::endl;
}

void PlainProgress::Began(int /*done*/, int /*total*/, const std::string& action) {
  const std::lock_guard lock(mutex_);
  out_ << "began  " << action << std::endl;
}

void PlainProgress::Ended(int done, int total, const std::string& action, const std::string& error,
                          Milliseconds elapsed) {
  const std::lock_guard lock(mutex_);
  out_ << fmt::format("ended  {}  [{}/{}]", EndedLine(action, error, elapsed), done, total)
       << std::endl;
}

// ---- A live list -------------------------------------------------------------------------------

LiveProgress::LiveProgress(std::ostream& out, Clock& clock, int columns)
    : out_(out), clock_(clock), columns_(columns), began_(clock.Now()) {
  painter_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, kFrame, [] { return false; });
      if (!running_.empty()) Redraw();
    }
  });
}

LiveProgress::~LiveProgress() {
  painter_.request_stop();
  painter_.join();
  out_ << Erase() << std::flush;
}

void LiveProgress::Note(const std::string& message) {
  const std::lock_guard lock(mutex_);
  Scroll("  " + message);
}

void LiveProgress::Began(int done, int total, const std::string& action) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  running_.emplace(action, clock_.Now());
  Redraw();
}

void LiveProgress::Ended(int done, int total, const std::string& action, const std::string& error,
                         Milliseconds elapsed) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  if (const auto found = running_.find(action); found != running_.end()) running_.erase(found);
  Scroll(fmt::format("{} {}", error.empty() ? "✓" : "✗", EndedLine(action, error, elapsed)));
}

void LiveProgress::Draw() {
  const std::lock_guard lock(mutex_);
  Redraw();
}

std::string LiveProgress::Erase() const {
  return drawn_lines_ == 0 ? "" : fmt::format("\x1b[{}A\x1b[J", drawn_lines_);
}

/// Counts characters, not bytes.
std::string LiveProgress::Cut(const std::string& line) const {
  int characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U;
    if (!continues && ++characters > columns_ - 1) return line.substr(0, i);
  }
  return line;
}

void LiveProgress::Scroll(const std::string& line) {
  out_ << Erase() << line << "\n";
  drawn_lines_ = 0;
  Redraw();
}

void LiveProgress::Redraw() {
  const TimePoint now = clock_.Now();
  std::string frame = Erase();
  drawn_lines_ = 0;
  for (const auto& [action, since] : running_) {
    frame += Cut(fmt::format("· {}  {}", action, ElapsedText(now - since))) + "\n";
    ++drawn_lines_;
  }
  if (total_ > 0) {
    frame +=
        Cut(fmt::format("  {} of {} done, {}", done_, total_, ElapsedText(now - began_))) + "\n";
    ++drawn_lines_;
  }
  out_ << frame << std::flush;
}

std::unique_ptr<Progress> MakeProgress(Session& session) {
  if (session.columns == 0) return std::make_unique<PlainProgress>(session.err);
  return std::make_unique<LiveProgress>(session.err, session.clock, session.columns);
}

}  // namespace dbaas

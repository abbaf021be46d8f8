// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/outbox.h"

#include <spdlog/spdlog.h>

#include "engine/apply/retry.h"

namespace dbaas {
namespace {

constexpr RetryPolicy kAgain{.first_delay = Milliseconds(500),
                             .longest_delay = std::chrono::seconds(15)};
// Longer than most applies take.
constexpr Milliseconds kPatience = std::chrono::minutes(15);
constexpr std::size_t kCapacity = 1000;

bool MayChange(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kConflict ||
         kind == ErrorKind::kTimeout;
}

}  // namespace

void Outbox::Put(const WatchReport& report) {
  const TimePoint now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (letters_.size() >= kCapacity) {
    GiveUp(letters_.front(), "there is too much to tell");
    letters_.pop_front();
  }
  letters_.push_back({.report = report, .since = now});
}

void Outbox::Work() {
  std::deque<Letter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  const TimePoint now = clock_.Now();
  std::erase_if(letters,
                [&](Letter& letter) { return !letter.pause.Lasts(now) && Try(letter, false); });
  const std::lock_guard lock(mutex_);
  letters_.insert(letters_.begin(), letters.begin(), letters.end());
}

void Outbox::Flush() {
  const std::lock_guard lock(mutex_);
  for (Letter& letter : letters_) Try(letter, true);
  letters_.clear();
}

bool Outbox::Try(Letter& letter, bool is_last) {
  const auto delivered = deliver_(letter.report);
  if (delivered) return true;
  const bool is_over = is_last || clock_.Now() - letter.since >= kPatience;
  if (is_over || !MayChange(delivered.error().kind)) {
    GiveUp(letter, delivered.error().ToLine());
    return true;
  }
  const TimePoint now = clock_.Now();
  letter.pause = {now, now + RetryDelay(kAgain, letter.failures++, random_)};
  return false;
}

void Outbox::GiveUp(const Letter& letter, const std::string& why) const {
  spdlog::warn("cannot tell {} of \"{}\": {}", name_, ToLine(letter.report), why);
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/lease_queue.h"

#include <algorithm>
#include <chrono>

namespace dbaas {
namespace {

// A deadline wakes nobody.
constexpr std::chrono::milliseconds kLookAtTheClock{500};

}  // namespace

Result<LeaseQueue::Turn> LeaseQueue::Wait(const std::string& lease, Clock& clock,
                                          const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = next_number_++;
  lines_[lease].push_back(number);
  const auto is_first = [&] { return lines_[lease].front() == number; };
  while (!moved_.wait_for(lock, stop, kLookAtTheClock, is_first)) {
    if (clock.SleepFor(Milliseconds(0), stop)) continue;
    lock.unlock();
    Leave(lease, number);
    return Cancelled("stopped while waiting for the lease of " + lease,
                     "Held by another apply of this process.");
  }
  return Turn(*this, lease, number);
}

void LeaseQueue::Leave(const std::string& lease, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  auto& line = lines_[lease];
  line.erase(std::find(line.begin(), line.end(), number));
  if (line.empty()) lines_.erase(lease);
  moved_.notify_all();
}

}  // namespace dbaas

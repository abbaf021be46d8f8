// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/limiter.h"

namespace dbaas {

Result<Limiter::Slot> Limiter::Take(const std::string& host, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool is_free =
      freed_.wait(lock, stop, [&] { return taken_[host] < per_host_ && taken_in_total_ < total_; });
  if (!is_free) return Cancelled("stopped while waiting for a turn on host " + host);
  ++taken_[host];
  ++taken_in_total_;
  return Slot(*this, host);
}

void Limiter::GiveBack(const std::string& host) {
  const std::lock_guard lock(mutex_);
  --taken_[host];
  --taken_in_total_;
  freed_.notify_all();
}

}  // namespace dbaas

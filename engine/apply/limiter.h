// SPDX-License-Identifier: MPL-2.0
//
// Limiter: how many calls that change something may be under way at once, per host and in total,
// over all applies of a process. A slot is held for one call only, not while its caller waits or
// backs off, so a hundred clusters that copy data keep nobody from working. Made by the Engine,
// used by the ActionRunner. Thread-safe.
//
//   const auto slot = TRY(limiter.Take("local", stop));   // given back when it goes out of scope
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "engine/base/result.h"

namespace dbaas {

class Limiter {
 public:
  Limiter(int per_host, int total) : per_host_(per_host), total_(total) {}

  class Slot {
   public:
    Slot(Limiter& limiter, std::string host) : limiter_(&limiter), host_(std::move(host)) {}
    Slot(Slot&& other) noexcept : limiter_(std::exchange(other.limiter_, nullptr)) {
      host_ = std::move(other.host_);
    }
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (limiter_ != nullptr) limiter_->GiveBack(host_);
    }

   private:
    Limiter* limiter_;
    std::string host_;
  };

  /// Waits for a slot. kCancelled when stopped meanwhile.
  Result<Slot> Take(const std::string& host, const std::stop_token& stop);

 private:
  void GiveBack(const std::string& host);

  const int per_host_;
  const int total_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, int> taken_;
  int taken_in_total_ = 0;
};

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// LeaseQueue: the applies of one process that want the same lease, in the order in which they came.
// A lease is asked for twice a second, for its holder may be on another machine; those who wait
// for their own process hear at once when it is free, and ask the host for nothing meanwhile. Made
// by the Engine, used by Converge. Thread-safe.
//
//   const auto turn = TRY(queue.Wait("local/orders", clock, stop));   // over when it is destroyed
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas {

class LeaseQueue {
 public:
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          lease_(std::move(other.lease_)),
          number_(other.number_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (queue_ != nullptr) queue_->Leave(lease_, number_);
    }

   private:
    friend class LeaseQueue;
    Turn(LeaseQueue& queue, std::string lease, std::uint64_t number)
        : queue_(&queue), lease_(std::move(lease)), number_(number) {}

    LeaseQueue* queue_;
    std::string lease_;
    std::uint64_t number_;
  };

  /// Waits until all who came before are gone. kCancelled when stopped meanwhile, or when the time
  /// of `clock` (apply/deadline.h) is over.
  Result<Turn> Wait(const std::string& lease, Clock& clock, const std::stop_token& stop);

 private:
  void Leave(const std::string& lease, std::uint64_t number);

  std::mutex mutex_;
  std::condition_variable_any moved_;
  std::map<std::string, std::deque<std::uint64_t>> lines_;
  std::uint64_t next_number_ = 0;
};

}  // namespace dbaas

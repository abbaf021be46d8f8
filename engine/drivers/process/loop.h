// SPDX-License-Identifier: MPL-2.0
//
// An event loop for one thread: descriptors and one deadline. Used by the supervisor.
// Source: epoll(7).
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "engine/drivers/process/files.h"

namespace dbaas::process {

using SteadyTime = std::chrono::steady_clock::time_point;

class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  Loop();
  /// `handler` is called while one of `events` (EPOLLIN ...) or an error is there. It may remove
  /// any descriptor, its own too.
  void Add(int descriptor, std::uint32_t events, Handler handler);
  void Change(int descriptor, std::uint32_t events);
  /// Before it is closed.
  void Remove(int descriptor);

  /// Waits until something happens, or until `deadline`, and handles it.
  void RunOnce(std::optional<SteadyTime> deadline);

 private:
  Descriptor epoll_;
  std::map<int, std::shared_ptr<Handler>> handlers_;
};

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/loop.h"

#include <algorithm>

namespace dbaas::process {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void Loop::Add(int descriptor, std::uint32_t events, Handler handler) {
  handlers_[descriptor] = std::make_shared<Handler>(std::move(handler));
  epoll_event event{.events = events, .data = {.fd = descriptor}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
}

void Loop::Change(int descriptor, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = descriptor}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Loop::Remove(int descriptor) {
  if (handlers_.erase(descriptor) == 0) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void Loop::RunOnce(std::optional<SteadyTime> deadline) {
  int patience = -1;
  if (deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
    patience = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
  }
  epoll_event events[64];
  const int count = epoll_wait(epoll_.get(), events, 64, patience);
  for (int i = 0; i < count; ++i) {
    // One that was removed meanwhile, and perhaps its number was given to another: that one is
    // asked to do what it can, finds nothing, and waits on.
    const auto found = handlers_.find(events[i].data.fd);
    if (found == handlers_.end()) continue;
    const std::shared_ptr<Handler> handler = found->second;
    (*handler)(events[i].events);
  }
}

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/settlements.h"

#include <utility>
#include <vector>

#include "engine/base/clock.h"

namespace dbaas {
namespace {

constexpr Milliseconds kUntilAnswered{500};

}  // namespace

void Settlements::Put(const std::string& cluster, std::function<void()> settle) {
  const auto settlement = std::make_shared<Settlement>();
  settlement->thread = std::jthread(
      [settlement = settlement.get(), settle = std::move(settle)](const std::stop_token& hurry) {
        SystemClock().SleepFor(kUntilAnswered, hurry);
        settle();
        settlement->is_done = true;
        settlement->is_done.notify_all();
      });
  const std::lock_guard lock(mutex_);
  std::erase_if(outstanding_, [](const auto& entry) { return entry.second->is_done.load(); });
  outstanding_.emplace(cluster, settlement);
}

void Settlements::Finish(const std::string& cluster) {
  Finish([&](const std::string& name) { return name == cluster; });
}

void Settlements::FinishAll() {
  Finish([](const std::string& /*name*/) { return true; });
}

void Settlements::Finish(const std::function<bool(const std::string&)>& is_asked_for) {
  std::vector<std::shared_ptr<Settlement>> wanted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [cluster, settlement] : outstanding_) {
      if (is_asked_for(cluster)) wanted.push_back(settlement);
    }
  }
  for (const auto& settlement : wanted) settlement->thread.request_stop();
  for (const auto& settlement : wanted) settlement->is_done.wait(false);
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/executor.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace dbaas {
namespace {

/// A thread is made when all that there are have something to do: most plans need few at a time.
class ThreadRunner final : public Runner {
 public:
  ThreadRunner(int threads, Perform perform) : perform_(std::move(perform)), capacity_(threads) {}

  void Start(ActionId id, const Action& action) override {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(id, &action);
    if (++under_way_ > static_cast<int>(threads_.size())) {
      threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    } else {
      work_.notify_one();
    }
  }

  std::pair<ActionId, Result<void>> WaitForOne() override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return !results_.empty(); });
    auto result = std::move(results_.front());
    results_.pop_front();
    return result;
  }

  int Capacity() const override { return capacity_; }

 private:
  void Work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
      const auto [id, action] = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      Result<void> result = perform_(*action);
      lock.lock();
      --under_way_;
      results_.emplace_back(id, std::move(result));
      ended_.notify_one();
    }
  }

  Perform perform_;
  const int capacity_;
  std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable ended_;
  std::deque<std::pair<ActionId, const Action*>> waiting_;
  std::deque<std::pair<ActionId, Result<void>>> results_;
  int under_way_ = 0;                  // Started, and not ended yet.
  std::vector<std::jthread> threads_;  // Last: they end before what they use.
};

/// The state of one run, owned by the deciding thread.
class Run {
 public:
  Run(const Plan& plan, Journal& journal, Progress& progress, Clock& clock)
      : plan_(plan),
        journal_(journal),
        progress_(progress),
        clock_(clock),
        waits_for_(plan.actions.size()),
        dependents_(plan.actions.size()),
        began_(plan.actions.size()) {
    report_.outcomes.assign(plan.actions.size(), Outcome::kSkipped);
    report_.elapsed.assign(plan.actions.size(), Milliseconds(0));
    for (ActionId id = 0; id < Total(); ++id) {
      waits_for_[id] = static_cast<int>(plan.actions[id].after.size());
      for (const ActionId before : plan.actions[id].after) dependents_[before].push_back(id);
      if (waits_for_[id] == 0) ready_.insert(id);
    }
  }

  /// Start as many as allowed, take back one, repeat. Ready actions start in plan order.
  ApplyReport Execute(Runner& runner, const std::stop_token& stop) {
    int running = 0;
    for (;;) {
      while (!ready_.empty() && running < runner.Capacity() && !report_.error &&
             !stop.stop_requested()) {
        const ActionId id = *ready_.begin();
        ready_.erase(ready_.begin());
        Begin(id);
        runner.Start(id, plan_.actions[id]);
        ++running;
      }
      if (running == 0) break;
      auto [id, result] = runner.WaitForOne();
      --running;
      End(id, std::move(result));
    }
    if (stop.stop_requested() && !report_.error && done_ < Total()) {
      report_.error =
          Cancelled("stopped on request", "What was done stands; apply again to go on.");
    }
    return std::move(report_);
  }

 private:
  int Total() const { return static_cast<int>(plan_.actions.size()); }

  void Begin(ActionId id) {
    began_[id] = clock_.Now();
    journal_.Began(plan_.actions[id].title);
    progress_.Began(done_, Total(), plan_.actions[id].title);
  }

  void End(ActionId id, Result<void> result) {
    const std::string& title = plan_.actions[id].title;
    const Milliseconds elapsed = clock_.Now() - began_[id];
    report_.elapsed[id] = elapsed;
    std::string problem;
    if (result.has_value()) {
      report_.outcomes[id] = Outcome::kSucceeded;
      ++done_;
      for (const ActionId dependent : dependents_[id]) {
        if (--waits_for_[dependent] == 0) ready_.insert(dependent);
      }
    } else {
      report_.outcomes[id] =
          result.error().kind == ErrorKind::kCancelled ? Outcome::kCancelled : Outcome::kFailed;
      problem = result.error().ToLine();
      if (!report_.error) report_.error = std::move(result).error().In(title);
    }
    journal_.Ended(title, ToString(report_.outcomes[id]), problem, elapsed);
    progress_.Ended(done_, Total(), title, problem, elapsed);
  }

  const Plan& plan_;
  Journal& journal_;
  Progress& progress_;
  Clock& clock_;
  std::vector<int> waits_for_;  ///< How many predecessors have not succeeded yet.
  std::vector<std::vector<ActionId>> dependents_;
  std::vector<TimePoint> began_;
  std::set<ActionId> ready_;
  int done_ = 0;
  ApplyReport report_;
};

}  // namespace

const char* ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded: return "ok";
    case Outcome::kFailed: return "failed";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kSkipped: return "skipped";
  }
  return "skipped";
}

std::unique_ptr<Runner> MakeThreadRunner(int threads, Perform perform) {
  return std::make_unique<ThreadRunner>(threads, std::move(perform));
}

ApplyReport Execute(const Plan& plan, Runner& runner, Journal& journal, Progress& progress,
                    Clock& clock, const std::stop_token& stop) {
  return Run(plan, journal, progress, clock).Execute(runner, stop);
}

}  // namespace dbaas

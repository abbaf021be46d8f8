// SPDX-License-Identifier: MPL-2.0
//
// Settlements: what is written only once a caller has his answer
// (PartChange::settles_after_answer). Each is carried out half a second after it was put here,
// which is long after the answer has left and usually after Terraform has saved it; sooner when
// somebody asks for the cluster again. The process may die before: then the creation counts as
// unfinished. Thread-safe. Used by the engine.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace dbaas {

class Settlements {
 public:
  Settlements() = default;
  ~Settlements() { FinishAll(); }
  Settlements(const Settlements&) = delete;
  Settlements& operator=(const Settlements&) = delete;

  /// `settle` is called once, from another thread.
  void Put(const std::string& cluster, std::function<void()> settle);
  /// Returns when nothing of the cluster is outstanding, having hurried it.
  void Finish(const std::string& cluster);
  /// The same of every cluster.
  void FinishAll();

 private:
  struct Settlement {
    std::atomic<bool> is_done = false;
    std::jthread thread;  ///< Last: it is joined before the rest goes.
  };

  void Finish(const std::function<bool(const std::string&)>& is_asked_for);

  std::mutex mutex_;
  std::multimap<std::string, std::shared_ptr<Settlement>> outstanding_;  ///< Guarded by mutex_.
};

}  // namespace dbaas

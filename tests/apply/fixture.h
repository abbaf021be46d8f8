// SPDX-License-Identifier: MPL-2.0
//
// A host in memory with the cluster "orders" to be made on it, for tests of whole applies.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/apply/converge.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {

using Verb = PartChange::Verb;

class Notes final : public Progress {
 public:
  void Note(const std::string& message) override {
    const std::lock_guard lock(mutex_);
    notes_.push_back(message);
  }
  void Began(int, int, const std::string&) override {}
  void Ended(int, int, const std::string&, const std::string&, Milliseconds) override {}
  std::vector<std::string> All() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

inline ClusterSpec Spec(int node_count) {
  ClusterSpec spec;
  spec.name = "orders";
  spec.engine = "postgresql";
  spec.engine_version = "17";
  spec.node_count = node_count;
  spec.instance_class = "db.small";
  spec.resources = FindInstanceClass("db.small")->resources;
  spec.deletion_protection = false;
  return spec;
}

inline PartChange Change(Verb verb, std::optional<PartSpec> spec,
                         const std::string& key = "cluster") {
  return {.id = {"local", "orders"}, .key = key, .verb = verb, .spec = spec, .who = "test"};
}

/// A host and those who act on it.
struct World {
  FakeClock clock;
  SeededRandom random{1};
  FakeDriver host{clock};
  FakePatroni patroni{host};
  Notes notes;

  ConvergeContext Context() {
    return {.driver = host,
            .clock = clock,
            .random = random,
            .progress = notes,
            .stop = {},
            .journal_folder = ""};
  }

  Result<std::optional<ClusterRecord>> Apply(const PartChange& change) {
    auto converged = Converge(Context(), change);
    if (!converged) return std::move(converged).error();
    return std::move(converged->record);
  }

  /// As `dbaas backup`.
  Result<void> BackUp() {
    return Maintain(Context(), {.kind = Maintenance::Kind::kBackup,
                                .id = {"local", "orders"},
                                .backup = BackupKind::kFull,
                                .who = "test"});
  }

  /// What an apply of the same again would do; "error: ..." when it cannot be said.
  std::string PlanOf(const PartChange& change) {
    const auto plan = PreviewChange(Context(), change, [&] { return PortsTakenOn(host); });
    return plan ? plan->ToText() : "error: " + plan.error().ToLine();
  }
};

}  // namespace dbaas

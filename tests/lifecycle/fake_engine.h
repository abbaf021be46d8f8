// SPDX-License-Identifier: MPL-2.0
//
// An engine in memory, linked in place of the real one: it implements engine.h over a map of
// clusters, remembers what it was asked, and fails on command. So the lifecycle is tested alone,
// and each answer that an engine may give is one line of a test. The real engine is tested in
// tests/apply; both together in tests/acceptance.
//
//   World().fail_apply = Conflict("the disk is full");
//   ...
//   EXPECT_EQ(World().applied.back().verb, PartChange::Verb::kCreate);
//
// There is one world per process; Reset() makes it new. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace dbaas {

struct FakeWorld {
  std::vector<HostConfig> hosts;                ///< As the last engine was made.
  std::map<std::string, ClusterView> clusters;  ///< By "host/cluster".

  // What was asked.
  std::vector<PartChange> planned;
  std::vector<PartChange> applied;
  std::vector<PartSpec> validated;
  std::vector<Maintenance> maintained;
  std::map<std::string, Login> logins;  ///< That are open, by role.
  int reads = 0;

  // What to answer in place of doing it; stays until it is taken away.
  std::optional<Error> fail_plan;
  std::optional<Error> fail_check;  ///< CheckHost.
  std::optional<Error> fail_apply;
  std::optional<Error> fail_read;
  std::optional<Error> fail_login;     ///< RenewLogin and CloseLogin alike.
  std::optional<Error> fail_maintain;  ///< PlanMaintenance and Maintain alike.
  std::vector<Error> complaints;       ///< Of Validate.
  std::vector<std::string> warnings;   ///< Of Plan.
  Disruption disruption;               ///< Of Plan.
  /// Called by Maintain, with its stop token, while it works.
  std::function<void(std::stop_token)> while_maintaining;
  /// A stop was requested before Apply was called.
  bool stopped = false;

  void Reset() { *this = FakeWorld(); }
};

FakeWorld& World();

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// FactsSource: asks a running member about its cluster. Many waiting actions share one probe, so a
// cluster is asked at most once at a time however many wait. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/dbms/dbms.h"
#include "engine/drivers/driver.h"

namespace dbaas {

class FactsSource {
 public:
  /// Everything passed must outlive this. `members` are tried in turn.
  FactsSource(Driver& driver, const Dbms& dbms, const ClusterRecord& record,
              std::vector<std::string> members, Clock& clock);

  /// kUnavailable when none could be asked, as with a silent host; kNotFound when one could and did
  /// not know.
  /// Facts younger than `max_age` are not asked for again.
  Result<ClusterFacts> Get(Milliseconds max_age);

 private:
  Result<ClusterFacts> Ask(const std::string& member);

  Driver& driver_;
  const Dbms& dbms_;
  const ClusterRecord& record_;
  std::vector<std::string> members_;  ///< The one that answered last comes first.
  Clock& clock_;
  std::mutex mutex_;
  std::optional<ClusterFacts> facts_;
  TimePoint asked_at_{};
};

}  // namespace dbaas

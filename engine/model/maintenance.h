// SPDX-License-Identifier: MPL-2.0
//
// Maintenance: work on a cluster that changes nothing of what it should be: who leads, and when its
// members start anew. Asked for by the command; plan/build_maintenance.h makes a plan of it, and
// apply/converge.h carries that out under the cluster's lease. Plain data.
#pragma once

#include <string>

#include "engine/model/spec.h"

namespace dbaas {

struct Maintenance {
  enum class Kind {
    kSwitchover,  ///< `member` becomes primary; the best standby when it is empty.
    kFailover,    ///< `member` takes over from a primary that is unwell; the best when it is empty.
    kRestart,     ///< `member` restarts; all of them, the primary last, when it is empty.
  };
  Kind kind = Kind::kSwitchover;
  ClusterId id;
  std::string member;
  bool force = false;  ///< Of kFailover: although the primary looks well.
  std::string who;     ///< Caller in a word, as in PartChange.

  /// For the history: "switchover to orders-2", "restart".
  std::string ToText() const {
    if (kind == Kind::kRestart) return member.empty() ? "restart" : "restart " + member;
    const std::string moves = kind == Kind::kFailover ? "failover" : "switchover";
    return member.empty() ? moves : moves + " to " + member;
  }
};

}  // namespace dbaas

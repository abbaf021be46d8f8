// SPDX-License-Identifier: MPL-2.0
//
// Disruption: what a plan costs those who use the cluster while it is carried out. Per member what
// happens, in which order and why; for how long writes may be blocked; and whether data is at risk.
// Plain data. plan/assess.h makes it of every plan; people see it in `dbaas plan` and in
// Terraform's warnings, and `max_disruption` refuses a plan by it. docs/disruption.md explains it
// to users.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"

namespace dbaas {

/// In rising order. The texts are the values of `max_disruption`.
enum class DisruptionLevel {
  kNone,      ///< Nobody notices.
  kReload,    ///< Members read their settings again; connections stay.
  kRestart,   ///< Members or the proxy restart; connections to them break.
  kFailover,  ///< The primary's role moves, or the cluster goes.
};
const char* ToString(DisruptionLevel level);  ///< "none", "reload", "restart", "failover"
std::optional<DisruptionLevel> DisruptionLevelFrom(const std::string& text);

enum class DataAtRisk {
  kNone,
  kUnsyncedTail,  ///< What no standby had yet when the primary went.
  kVolume,        ///< The last copy that we know of is removed.
};
const char* ToString(DataAtRisk risk);  ///< "none", "unsynced tail", "volume"

/// One thing that happens to one member (or to the proxy).
struct DisruptionStep {
  enum class Kind {
    kJoin,        ///< A new member copies the data and follows.
    kStart,       ///< It was away and starts again with the data it has.
    kRebuild,     ///< Its data was lost: it copies them anew.
    kReload,      ///< It reads its settings again.
    kRestart,     ///< Its connections break; it comes back with its data.
    kSwitchover,  ///< It hands the primary's role over, in order.
    kFailover,    ///< It takes the primary's role from one that is unwell, with the rows it has.
    kLeave,       ///< It is removed.
    kRestore,     ///< It ends, and comes back with data from backups.
  };
  Kind kind = Kind::kReload;
  std::string member;
  std::string reason;  ///< "shared_buffers 128MB → 256MB"
  friend bool operator==(const DisruptionStep&, const DisruptionStep&) = default;
};
const char* ToString(DisruptionStep::Kind kind);  ///< "join", "start", "rebuild" ...

struct Disruption {
  DisruptionLevel level = DisruptionLevel::kNone;
  std::vector<DisruptionStep> steps;  ///< In the order in which they happen.
  int blocked_seconds = 0;            ///< Writes are blocked for so long at most, all in all.
  bool ends_service =
      false;              ///< No member stays: whoever uses the cluster has nothing left to use.
  bool restores = false;  ///< Nobody is served for as long as the data is restored.
  DataAtRisk data_at_risk = DataAtRisk::kNone;

  /// "2 restarts, 1 switchover; writes blocked for up to 5 s; data at risk: none"
  std::string Summary() const;
  /// The steps, one a line: "1. orders-2  restart  shared_buffers 128MB → 256MB". Empty without
  /// any.
  std::string ToText() const;
};

Json ToJson(const Disruption& disruption);

}  // namespace dbaas

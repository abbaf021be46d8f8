// SPDX-License-Identifier: MPL-2.0
//
// Desired and observed state, side by side in one shape, so that the diff is a comparison and
// nothing else. Plain data.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/object.h"

namespace dbaas {

/// Settings that live inside the database and not in a driver's object: parameters, roles,
/// databases. Keys are the Dbms's own ("parameters.work_mem", "role.admin"); values compare as
/// text.
using Settings = std::map<std::string, Secret<std::string>>;

/// Settings whose values are not shown to people.
inline constexpr std::string_view kSecretSettingPrefix = "role.";

/// How a cluster that is made from backups begins: in one member's volume, before there is a
/// member. The instance is there for as long as that takes.
struct Restoration {
  std::string member;
  Object workbench;
  std::string source;    ///< For people: RestoreSpec::ToText().
  bool is_made = false;  ///< Known to be done, unless the volume is gone again.
};

struct DesiredState {
  std::vector<Object> objects;  ///< In creation order: whatever an object needs comes before it.
  std::vector<Object> shared;   ///< Objects of kManagementCluster that the cluster needs.
  Settings settings;
  std::vector<std::string> members;  ///< Names, candidates first, then replicas.
  bool synchronous = false;          ///< A commit is to wait for a standby.
  std::optional<Restoration> restoration;
};

enum class RunState {
  kRunning,
  kRestarting,  ///< The runtime is bringing it back on its own.
  kStopped,     ///< Created or exited, and nobody will start it on its own.
  kLost,        ///< As kStopped, but nobody wanted that: what looks after it is gone.
};
const char* ToString(RunState state);

/// What a driver reported of one object. `state` and the rest only mean something for instances.
struct ObservedObject {
  ObjectId id;
  std::string cluster;
  std::string part;
  std::string member;
  Fingerprint fingerprint;
  Fingerprint files_fingerprint;  ///< Empty when the listing was shallow.
  RunState state = RunState::kRunning;
  std::string state_detail;  ///< "exited (137) 3 minutes ago", in the runtime's words.
  std::string directory;     ///< Object::directory.
};

/// A listing of one cluster, or of all clusters of a host.
struct Observation {
  TimePoint at{};
  std::vector<ObservedObject> objects;
  std::set<int>
      used_ports;  ///< Host ports that are taken, by us or by others, where it can be known.

  const ObservedObject* Find(const ObjectId& id) const;
  /// Names of the members' instances that run, whatever their databases do.
  std::vector<std::string> RunningMembers() const;
};

/// The listing of a host, taken apart once, so that looking at each of its clusters costs no more
/// than that cluster. What has to do with no cluster (used_ports) is left out.
std::map<std::string, Observation> ByCluster(const Observation& all);

enum class Role {
  kPrimary,
  kStandby,  ///< Can become primary.
  kReplica,  ///< Follows for ever.
  kUnknown,
};
const char* ToString(Role role);

/// One member as the database's own high-availability layer sees it.
struct MemberFacts {
  std::string name;
  Role role = Role::kUnknown;
  bool running = false;    ///< The database process accepts connections.
  bool streaming = false;  ///< A follower that receives changes live.
  bool synchronous = false;
  std::optional<std::int64_t> lag_bytes;
  bool pending_restart = false;
  std::string state;  ///< In the HA layer's own words: "streaming", "starting".
};

/// What a probe found out about a running cluster.
struct ClusterFacts {
  std::vector<MemberFacts> members;
  Settings settings;  ///< Only the keys that the probe could read.
  bool settings_known = false;
  std::string version;  ///< "17.6"

  const MemberFacts* Find(const std::string& member) const;
  const MemberFacts* Primary() const;  ///< Null when there is none (or more than one).
};

/// The name of the one who leads. kUnavailable when nobody does, or nobody answered (null);
/// `cluster` is what the error calls it.
Result<std::string> PrimaryOf(const ClusterFacts* facts, const std::string& cluster);

}  // namespace dbaas

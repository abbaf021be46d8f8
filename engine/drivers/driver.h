// SPDX-License-Identifier: MPL-2.0
//
// Driver: where things run. One per host. It speaks of objects, never of databases, so a new place
// to run is one folder under engine/drivers/ that passes tests/conformance/.
//
// Called by apply/ (many threads at once) and, through engine.h, by refreshes.
// Threading: every method is thread-safe. Every method is idempotent: repeating a call that
// succeeded, or whose answer was lost, changes nothing more.
// Errors: kUnavailable when the host does not answer (the caller retries), kConflict when a name
// belongs to someone else or the record moved, kNotFound, kDenied; kInternal for the rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/host_traits.h"
#include "engine/model/object.h"
#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas {

struct ExecResult {
  int exit_code = 0;
  std::string output;  ///< stdout
  std::string errors;  ///< stderr
};

/// Something that happened to an instance of ours, as the runtime tells it.
struct InstanceEvent {
  enum class Kind {
    kAttached,  ///< Comes first, and of no instance: whatever happens from now on is reported.
    kStarted,
    kEnded,  ///< Its processes are gone. Whether it comes back on its own, Observe says soon after.
    kRemoved,
  };
  Kind kind = Kind::kAttached;
  std::string instance;
  std::string cluster;
  std::string part;
  std::string member;
  std::string detail;  ///< Of kEnded, in the runtime's words: "exited (137)".
};
const char* ToString(InstanceEvent::Kind kind);  ///< "attached", "started", "ended", "removed"

/// Who asks for a lease. Enough to tell people whom they wait for, and to know on the same machine
/// that a holder is dead before its lease runs out.
struct Holder {
  std::string name;     ///< "alice@build-7 pid 4242 (terraform)"
  std::string token;    ///< Unique to this process and lease.
  std::string machine;  ///< Boot id and pid namespace; equal means the pid can be looked up.
  int pid = 0;
  std::int64_t start_time = 0;  ///< Of the process, in the kernel's ticks: pids are reused.
};

/// A held lease. Destroying it releases it (best effort; it runs out by itself after its ttl).
class Lease {
 public:
  virtual ~Lease() = default;
  /// Extends it by its ttl. kConflict when someone else took it over: the holder must stop at once.
  virtual Result<void> Renew() = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;

  /// Name of the host, as configured: "local".
  virtual const std::string& Host() const = 0;
  /// What this kind of host can do. Asks nobody.
  virtual HostTraits Traits() const = 0;
  /// Where clients reach the ports that an instance publishes, which need not exist yet:
  /// "127.0.0.1", the name of a remote engine, or one of the instance's own (own_addresses).
  virtual std::string Address(const std::string& instance) const = 0;
  /// What else clients may call it there: its certificate has these names too.
  virtual std::vector<std::string> OtherNames(const std::string& instance) const = 0;
  /// What the host has for all of its instances together; the largest number when it cannot tell.
  virtual Result<std::int64_t> MemoryBytes() = 0;

  /// One listing of everything we manage on the host. With `cluster`, only its objects, and with
  /// the fingerprints of the files inside its instances.
  virtual Result<Observation> Observe(const std::optional<std::string>& cluster) = 0;

  /// Makes the object exist and, for an instance, run with its files in place. An existing instance
  /// with the same fingerprint but other files gets the files and its reload signal. An existing
  /// object with another fingerprint is kConflict: the plan removes first, in words.
  virtual Result<void> Ensure(const Object& object) = 0;
  /// Removes it; one that is not there is fine. Instances are stopped in their own time first.
  virtual Result<void> Remove(const ObjectId& id) = 0;
  virtual Result<void> Restart(const std::string& instance) = 0;
  /// Ends an instance at once, without its own time, and leaves it stopped. Success: its processes
  /// are gone and nobody starts them on his own. One that does not run, or is not there, is fine.
  virtual Result<void> Kill(const std::string& instance) = 0;
  /// Runs argv inside a running instance with `input` on stdin. A command that ran and failed is a
  /// value, not an error.
  virtual Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                                  const Secret<std::string>& input) = 0;
  virtual Result<std::string> Logs(const std::string& instance, int lines) = 0;
  /// Calls `on_event` for whatever happens to the host's instances, on this thread, until a stop is
  /// requested (success) or the stream ends (kUnavailable). An event may come twice; those before
  /// kAttached may not come at all. Coming back after an end is the caller's business.
  virtual Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                             std::stop_token stop) = 0;

  /// Nothing when the cluster has no record.
  virtual Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) = 0;
  virtual Result<std::vector<ClusterRecord>> ReadRecords() = 0;
  /// kConflict unless the stored generation is `expected_generation` (0: there must be none).
  /// Rewriting the same generation is how it gets settled.
  virtual Result<void> WriteRecord(const ClusterRecord& record,
                                   std::int64_t expected_generation) = 0;
  virtual Result<void> RemoveRecord(const std::string& cluster) = 0;

  /// One try. kConflict, with the holder's name as the error's detail, while someone else holds it.
  /// `name` is a cluster, or kManagementCluster for what the host's clusters share.
  virtual Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                                      Milliseconds ttl) = 0;
};

}  // namespace dbaas

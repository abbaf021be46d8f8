// SPDX-License-Identifier: MPL-2.0
//
// World: one host, the processes that act on it, and what befalls them. All of it follows from the
// seed. Every call of a process to the host goes through its ActorDriver, which lets others run
// first, may lose the call or its answer, may kill the process there, and looks at the invariants
// afterwards.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/simulation/fibers.h"

namespace dbaas {

/// How bad it gets; per cent of the calls, or of the moments at which something may happen.
struct Weather {
  int call_fails = 0;
  int process_dies = 0;  ///< Of a thousand calls.
  int slow_calls = 0;
  int machine_sleeps = 0;  ///< Of a thousand calls: for longer than a lease lasts.
  int host_falls_silent = 0;
  int meddling = 0;  ///< Somebody stops and removes instances.
  int volume_meddling = 0;
  int primary_fails = 0;
  int stop_requests = 0;
  /// Only single calls fail, never two in a row: what retries are for.
  bool only_drizzle = false;
};

/// One run of the engine on one apply.
struct Process {
  int id = 0;
  std::string who;
  bool dead = false;
  bool last_call_failed = false;
  int changes_in_flight = 0;
  std::stop_source stop;
  std::map<std::string, TimePoint> observed_at;  ///< By cluster, its last listing.
};

/// The time of fibers.
class FiberClock final : public Clock {
 public:
  FiberClock(Fibers& fibers, const std::map<int, Process>& processes)
      : fibers_(fibers), processes_(processes) {}
  TimePoint Now() override { return fibers_.Now(); }
  bool SleepFor(Milliseconds duration, std::stop_token stop) override;

 private:
  Fibers& fibers_;
  const std::map<int, Process>& processes_;
};

class World {
 public:
  World(std::uint64_t seed, bool keeps_events);

  // What processes are and do.
  Process& NewProcess(const std::string& caller);
  void Kill(Process& process, const std::string& where);
  std::unique_ptr<Driver> DriverOf(Process& process);

  /// Something befalls the host. Called from time to time while the storm lasts.
  void Happen();
  /// A person asks for the end of `cluster`: its volumes may go.
  void AllowDestroy(const std::string& cluster) { may_go_.insert(cluster); }

  void Note(const std::string& event);
  void Violation(const std::string& what);
  void CheckInvariants();

  SeededRandom random;
  Weather weather;
  Fibers fibers;
  std::map<int, Process> processes;
  FiberClock clock;
  FiberThreads threads;
  FakeDriver host;
  FakePatroni patroni;
  std::vector<std::string> clusters;
  std::vector<std::string> violations;
  std::vector<std::string> events;
  const bool keeps_events;
  bool is_silent = false;

 private:
  friend class ActorDriver;
  enum class Fate { kNormal, kNotDone, kAnswerLost };
  struct Call {
    const char* method;
    std::string subject;
    std::string cluster;  ///< Whose lease it takes; empty: nobody's.
    bool mutates = false;
    bool holds_mutex = false;  ///< The engine calls it under a mutex.
  };
  Fate Before(Process& process, const Call& call);
  void After(Process& process, const Call& call);
  void CheckLease(const Process& process, const Call& call);
  void CheckRemoval(const Process& process, const ObjectId& id);
  void Meddle(const std::string& cluster);
  std::string ClusterOf(const std::string& object) const;

  std::set<std::string> may_go_;
  std::map<std::string, std::int64_t> generations_;
};

/// The members that a record wants.
std::set<std::string> WantedMembers(const ClusterRecord& record);

}  // namespace dbaas

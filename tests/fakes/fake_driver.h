// SPDX-License-Identifier: MPL-2.0
//
// FakeDriver: a host in memory. It behaves as engine/drivers/driver.h demands (it passes
// tests/conformance/ beside the real drivers), remembers what was asked of it, and fails on
// command. One FakeDriver is one host: keep it when the engine under test "crashes", and the next
// engine finds what the last one left.
//
//   FakeClock clock;
//   FakeDriver host(clock);
//   host.OnExec([](const FakeExec& exec) -> Result<ExecResult> { return ExecResult{.output = "ok"};
//   }); host.FailNext("Ensure", FakeFault::kAfter);       // done, but the answer is lost
//   ...
//   EXPECT_THAT(host.CallsOf("Remove"), ElementsAre("instance orders-2"));
//
// Threading: thread-safe. Hooks are called without any lock held, possibly from many threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/driver.h"

namespace dbaas {

/// One call to the driver, as the hooks and the call log see it.
struct FakeCall {
  std::string method;   ///< "Ensure", "WriteRecord", "Renew" ...
  std::string subject;  ///< "instance orders-1", "orders", "orders-1: psql -c ..."
  friend bool operator==(const FakeCall&, const FakeCall&) = default;
};

enum class FakeFault {
  kNone,
  kBefore,  ///< The call fails and nothing was done.
  kAfter,   ///< It was done, but the answer is lost.
};

/// What an Exec hook gets to see.
struct FakeExec {
  std::string instance;
  std::vector<std::string> argv;
  std::string input;
};

/// An object on the fake host, as a test may inspect it.
struct FakeObject {
  Object object;
  RunState state = RunState::kRunning;
  std::string state_detail = "running";
  Fingerprint files_fingerprint;
  std::map<std::string, File> files;  ///< By path, with create_only ones.
  std::uint64_t incarnation = 0;      ///< Another number whenever it is created again.
  int starts = 0;                     ///< How often an instance was started or restarted.
  std::vector<std::string> signals;   ///< Reload signals received, oldest first.
};

class FakeDriver final : public Driver {
 public:
  using ExecHook = std::function<Result<ExecResult>(const FakeExec&)>;
  using LogsHook = std::function<std::string(const FakeObject& instance)>;
  using FaultHook = std::function<FakeFault(const FakeCall&)>;
  using CallHook = std::function<void(const FakeCall&)>;
  using AliveHook = std::function<bool(const Holder&)>;

  explicit FakeDriver(Clock& clock, std::string host = "local", std::string address = "127.0.0.1");
  ~FakeDriver() override;

  // What the fake world does.
  /// Answers Exec in running instances. Without a hook every command succeeds and prints nothing.
  void OnExec(ExecHook hook);
  /// What Logs answers for an instance. Without a hook it is empty.
  void OnLogs(LogsHook hook);
  /// Asked before every call. The error is kUnavailable.
  void OnFault(FaultHook hook);
  /// Runs before a call does anything: to count, to cut, to change the world meanwhile.
  void OnCall(CallHook hook);
  /// Whether the process of a holder on the same machine lives; asks /proc by default.
  void OnAlive(AliveHook hook);
  /// Lets the next call of `method` fail once. Calls queue up.
  void FailNext(const std::string& method, FakeFault fault);
  void FailNext(const std::string& method, Error error);
  /// False: every call fails with kUnavailable, as with the engine stopped.
  void SetReachable(bool reachable);
  /// What kind of host this is; set it before the first call. Unless this says otherwise, one where
  /// no watcher can be placed.
  void SetTraits(const HostTraits& traits) { traits_ = traits; }
  void SetControlSocket(bool has_one) { traits_.control_socket = has_one; }
  void SetMemory(std::int64_t bytes) { memory_bytes_ = bytes; }
  /// Images that this host does not have.
  void SetMissingImages(std::set<std::string> images);

  // What happens on a host behind our back.
  void StopInstance(const std::string& name, const std::string& detail = "exited (137)");
  /// Its process failed, and the runtime waits a moment before it starts it again.
  void CrashInstance(const std::string& name);
  void RemoveByHand(const ObjectId& id);
  void Tamper(const ObjectId& id, const Fingerprint& fingerprint);
  void TamperFiles(const std::string& instance, const Fingerprint& files_fingerprint);
  /// Something of that kind and name that is not ours.
  void AddForeign(const ObjectId& id);
  void AddForeignPort(int port);
  /// Everything that holds a lease dies where it stands: leases stay taken, and the lost Lease
  /// objects can neither renew nor release them.
  void LoseLeases();
  /// The same for one holder, by its name.
  void LoseLeasesOf(const std::string& holder);

  // What a test asks.
  std::vector<FakeCall> Calls() const;
  std::vector<std::string> CallsOf(const std::string& method) const;  ///< Subjects, in order.
  void ForgetCalls();
  std::vector<FakeObject> Objects() const;  ///< Ours, by kind and name.
  std::optional<FakeObject> Find(const ObjectId& id) const;
  /// "volume orders-1-data" ...: ours, by kind and name, and records as "record orders".
  std::vector<std::string> Names() const;
  std::optional<Holder> LeaseHolder(const std::string& name) const;
  /// Calls `look` for each of ours, by kind and name. It must not use this driver.
  void ForEach(const std::function<void(const FakeObject&)>& look) const;
  /// The records as they are stored, by cluster, without asking for them.
  std::map<std::string, std::shared_ptr<const ClusterRecord>> StoredRecords() const;
  /// Null when there is none.
  std::shared_ptr<const ClusterRecord> StoredRecord(const std::string& cluster) const;

  // Driver.
  const std::string& Host() const override { return host_; }
  HostTraits Traits() const override { return traits_; }
  /// "orders-proxy.local.test", and as other name "orders-proxy.local", with own_addresses.
  std::string Address(const std::string& instance) const override;
  std::vector<std::string> OtherNames(const std::string& instance) const override;
  Result<std::int64_t> MemoryBytes() override { return memory_bytes_.load(); }
  Result<Observation> Observe(const std::optional<std::string>& cluster) override;
  Result<void> Ensure(const Object& object) override;
  Result<void> Remove(const ObjectId& id) override;
  Result<void> Restart(const std::string& instance) override;
  Result<void> Kill(const std::string& instance) override;
  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override;
  Result<std::string> Logs(const std::string& instance, int lines) override;
  Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                     std::stop_token stop) override;
  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override;
  Result<std::vector<ClusterRecord>> ReadRecords() override;
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected_generation) override;
  Result<void> RemoveRecord(const std::string& cluster) override;
  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override;

 private:
  class FakeLease;
  struct LeaseEntry {
    Holder holder;
    TimePoint expires{};
    Milliseconds ttl{0};
    std::uint64_t id = 0;  ///< Of this acquisition; a takeover gets another.
    bool lost = false;
  };
  struct PlannedFault {
    FakeFault fault = FakeFault::kBefore;
    Error error;
  };

  /// Logs the call, asks the hooks, runs `work` under the lock and loses the answer when told to.
  template <typename T>
  Result<T> Call(const std::string& method, const std::string& subject,
                 const std::function<Result<T>()>& work);
  std::optional<PlannedFault> NextFault(const FakeCall& call);

  Result<void> EnsureInstance(const Object& object);
  Result<void> PlaceFiles(FakeObject& instance, const Object& object, bool with_create_only);
  bool PortTaken(int port, const std::string& except_instance) const;
  Result<FakeObject*> RunningInstance(const std::string& name);
  // REQUIRES: mutex_ is held.
  void Erase(const ObjectId& id);
  void Happens(InstanceEvent::Kind kind, const Object& object, const std::string& detail = {});
  Result<void> RenewLease(const std::string& name, std::uint64_t id);
  void ReleaseLease(const std::string& name, std::uint64_t id);

  Clock& clock_;
  const std::string host_;
  const std::string address_;
  HostTraits traits_{.control_socket = false};
  std::atomic<std::int64_t> memory_bytes_ = std::int64_t{1} << 60;

  mutable std::mutex mutex_;
  ExecHook exec_;
  LogsHook logs_;
  FaultHook fault_;
  CallHook on_call_;
  AliveHook alive_;
  bool reachable_ = true;
  std::map<std::string, std::vector<PlannedFault>> planned_faults_;
  std::set<std::string> missing_images_;
  std::map<ObjectId, FakeObject> objects_;
  std::set<ObjectId> foreign_;
  std::set<int> foreign_ports_;
  struct Stored {
    Json json;                                    ///< As a real store has it, as text.
    std::shared_ptr<const ClusterRecord> record;  ///< What is read from it.
  };
  std::map<std::string, Stored> records_;
  std::map<std::string, LeaseEntry> leases_;
  std::vector<FakeCall> calls_;
  std::vector<InstanceEvent> events_;  ///< All that ever happened; whoever watches keeps a place.
  std::condition_variable_any happened_;
  std::uint64_t next_number_ = 1;
};

}  // namespace dbaas

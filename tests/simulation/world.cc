// SPDX-License-Identifier: MPL-2.0
#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/dbms/postgresql/topology.h"

namespace dbaas {
namespace {

// A process that asked whether it has the lease may rely on it for half a ttl; no call in flight
// takes longer than that, or nobody could promise anything.
constexpr int kLongestCall = 10'000;
constexpr int kLeaseTtl = 30'000;

/// Whatever only looks. Having the log archived up to now is no change of a cluster either: it may
/// be done by anybody at any time, and whoever restores from it does.
bool OnlyLooks(const std::string& input) {
  const auto has = [&](const char* text) { return input.find(text) != std::string::npos; };
  return has("def probe") || has(R"("task":"list")") || has(R"("task":"archiving")") ||
         has(R"("task":"complete")");
}

bool IsWanted(const std::string& volume, const ClusterRecord& record) {
  const auto members = postgresql::Members(record);
  return std::any_of(members.begin(), members.end(),
                     [&](const auto& member) { return member.volume == volume; });
}

}  // namespace

std::set<std::string> WantedMembers(const ClusterRecord& record) {
  std::set<std::string> names;
  if (!record.has_cluster_part()) return names;
  for (const auto& member : postgresql::Members(record)) names.insert(member.name);
  return names;
}

bool FiberClock::SleepFor(Milliseconds duration, std::stop_token stop) {
  const Process& process = processes_.at(fibers_.Process());
  const auto woken = [&] { return process.dead || stop.stop_requested(); };
  if (woken()) return false;
  fibers_.Sleep(fibers_.Stretched(duration), woken);
  return !woken();
}

/// The host as one process sees it.
class ActorDriver final : public Driver {
 public:
  ActorDriver(World& world, Process& process) : world_(world), process_(process) {}

  const std::string& Host() const override { return world_.host.Host(); }
  HostTraits Traits() const override { return world_.host.Traits(); }
  std::string Address(const std::string& instance) const override {
    return world_.host.Address(instance);
  }
  std::vector<std::string> OtherNames(const std::string& instance) const override {
    return world_.host.OtherNames(instance);
  }

  Result<Observation> Observe(const std::optional<std::string>& cluster) override {
    auto observed = Do<Observation>({.method = "Observe", .subject = cluster.value_or("all")},
                                    [&] { return world_.host.Observe(cluster); });
    if (observed && cluster) process_.observed_at[*cluster] = world_.fibers.Now();
    return observed;
  }
  Result<void> Ensure(const Object& object) override {
    return Do<void>(Mutation("Ensure", object.id), [&] { return world_.host.Ensure(object); });
  }
  Result<void> Remove(const ObjectId& id) override {
    return Do<void>(Mutation("Remove", id), [&] {
      world_.CheckRemoval(process_, id);
      return world_.host.Remove(id);
    });
  }
  Result<void> Restart(const std::string& instance) override {
    return Do<void>(Mutation("Restart", {ObjectKind::kInstance, instance}),
                    [&] { return world_.host.Restart(instance); });
  }
  Result<void> Kill(const std::string& instance) override {
    return Do<void>(Mutation("Kill", {ObjectKind::kInstance, instance}), [&] {
      world_.patroni.Died(instance);
      return world_.host.Kill(instance);
    });
  }
  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override {
    const bool mutates = !argv.empty() && argv[0] == "python3" && !OnlyLooks(input.Reveal());
    return Do<ExecResult>({.method = "Exec",
                           .subject = instance + (mutates ? ": a command" : ""),
                           .cluster = world_.ClusterOf(instance),
                           .mutates = mutates,
                           .holds_mutex = true},
                          [&] { return world_.host.Exec(instance, argv, input); });
  }
  Result<std::int64_t> MemoryBytes() override { return world_.host.MemoryBytes(); }
  /// Nobody watches here.
  Result<void> Watch(const std::function<void(const InstanceEvent&)>&, std::stop_token) override {
    return Unavailable("the stream ended");
  }
  Result<std::string> Logs(const std::string& instance, int lines) override {
    return Do<std::string>({.method = "Logs", .subject = instance},
                           [&] { return world_.host.Logs(instance, lines); });
  }
  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override {
    return Do<std::optional<ClusterRecord>>({.method = "ReadRecord", .subject = cluster},
                                            [&] { return world_.host.ReadRecord(cluster); });
  }
  Result<std::vector<ClusterRecord>> ReadRecords() override {
    return Do<std::vector<ClusterRecord>>({.method = "ReadRecords", .subject = "all"},
                                          [&] { return world_.host.ReadRecords(); });
  }
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected) override {
    // Settling comes after the lease; the generation guards it.
    const bool settles = record.generation == expected;
    return Do<void>({.method = settles ? "WriteRecord (same generation)" : "WriteRecord",
                     .subject = fmt::format("{} generation {}", record.cluster, record.generation),
                     .cluster = settles ? "" : record.cluster,
                     .mutates = true},
                    [&] { return world_.host.WriteRecord(record, expected); });
  }
  Result<void> RemoveRecord(const std::string& cluster) override {
    return Do<void>(
        {.method = "RemoveRecord", .subject = cluster, .cluster = cluster, .mutates = true},
        [&] { return world_.host.RemoveRecord(cluster); });
  }
  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override {
    using Answer = std::unique_ptr<Lease>;
    Answer lease;
    TRY(Do<void>({.method = "AcquireLease", .subject = name}, [&]() -> Result<void> {
      lease = TRY(world_.host.AcquireLease(name, holder, ttl));
      return Ok();
    }));
    return Answer(std::make_unique<ActorLease>(*this, name, std::move(lease)));
  }

 private:
  class ActorLease final : public Lease {
   public:
    ActorLease(ActorDriver& driver, std::string name, std::unique_ptr<Lease> lease)
        : driver_(driver), name_(std::move(name)), lease_(std::move(lease)) {}
    Result<void> Renew() override {
      return driver_.Do<void>({.method = "Renew", .subject = name_, .holds_mutex = true},
                              [&] { return lease_->Renew(); });
    }

   private:
    ActorDriver& driver_;
    const std::string name_;
    std::unique_ptr<Lease> lease_;
  };

  World::Call Mutation(const char* method, const ObjectId& id) const {
    return {.method = method,
            .subject = id.ToText(),
            .cluster = world_.ClusterOf(id.name),
            .mutates = true};
  }

  template <typename T, typename Work>
  Result<T> Do(const World::Call& call, Work work) {
    const World::Fate fate = world_.Before(process_, call);
    const auto unavailable = [&] {
      return Unavailable("host local does not answer", fmt::format("during {}", call.method));
    };
    if (fate == World::Fate::kNotDone) return unavailable();
    Result<T> result = work();
    world_.After(process_, call);
    if (fate == World::Fate::kAnswerLost) return unavailable();
    return result;
  }

  World& world_;
  Process& process_;
};

World::World(std::uint64_t seed, bool keeps_events)
    : random(seed),
      fibers(random),
      clock(fibers, processes),
      threads(fibers),
      host(clock),
      patroni(host),
      keeps_events(keeps_events) {
  // On one machine the dead are known at once; from another one their leases have to run out.
  const bool knows_the_dead = random.Chance(50);
  host.OnAlive([this, knows_the_dead](const Holder& holder) {
    if (!knows_the_dead) return true;
    for (const auto& [id, process] : processes) {
      if (holder.name.ends_with("(" + process.who + ")")) return !process.dead;
    }
    return true;
  });
}

Process& World::NewProcess(const std::string& caller) {
  const int id = static_cast<int>(processes.size()) + 1;
  Process& process = processes[id];
  process.id = id;
  process.who = fmt::format("{} {}", caller, id);
  return process;
}

std::unique_ptr<Driver> World::DriverOf(Process& process) {
  return std::make_unique<ActorDriver>(*this, process);
}

void World::Kill(Process& process, const std::string& where) {
  Note(process.who + " is killed at " + where);
  process.dead = true;
  for (const char* name : {"orders", "billing", kManagementCluster.data()}) {
    const auto holder = host.LeaseHolder(name);
    if (holder && holder->name.ends_with("(" + process.who + ")")) host.LoseLeasesOf(holder->name);
  }
}

void World::Note(const std::string& event) {
  if (!keeps_events) return;
  events.push_back(ToText(fibers.Now()).substr(11, 12) + "  " + event);
}

void World::Violation(const std::string& what) {
  if (std::count(violations.begin(), violations.end(), what) > 0) return;  // It stays broken.
  Note("VIOLATION: " + what);
  violations.push_back(what);
}

std::string World::ClusterOf(const std::string& object) const {
  if (object.starts_with(kManagementCluster)) return std::string(kManagementCluster);
  for (const auto& cluster : clusters) {
    if (object.starts_with(cluster)) return cluster;
  }
  return object;
}

// ---- one call ---------------------------------------------------------------------------------

World::Fate World::Before(Process& process, const Call& call) {
  if (process.dead) return Fate::kNotDone;
  if (call.mutates && !call.cluster.empty()) CheckLease(process, call);
  const auto permille = [this](int chance) {
    return chance > 0 && random.Below(1000) < static_cast<std::uint64_t>(chance);
  };
  const auto percent = [this](int chance) { return chance > 0 && random.Chance(chance); };
  std::optional<Fibers::Alone> alone;
  if (call.holds_mutex) alone.emplace(fibers);
  // A change that was sent on time must not land late because a sibling keeps the machine.
  const bool may_hold_up = process.changes_in_flight == 0;
  const bool sleeps = !call.mutates && may_hold_up && permille(weather.machine_sleeps);
  if (call.mutates) ++process.changes_in_flight;
  if (sleeps) {
    Note(process.who + " sleeps for a minute");
    if (!alone) alone.emplace(fibers);
    fibers.Sleep(Milliseconds(2 * kLeaseTtl), {});
  } else if ((may_hold_up || !call.holds_mutex) && percent(weather.slow_calls)) {
    fibers.Sleep(Milliseconds(random.Below(kLongestCall)), {});
  } else {
    fibers.Yield();
  }
  if (call.mutates) --process.changes_in_flight;
  if (process.dead) return Fate::kNotDone;

  if (permille(weather.process_dies)) {
    Kill(process, fmt::format("{} {}", call.method, call.subject));
    return random.Chance(50) ? Fate::kNotDone : Fate::kAnswerLost;
  }
  if (is_silent) return Fate::kNotDone;
  const bool spared = weather.only_drizzle && process.last_call_failed;
  process.last_call_failed = !spared && percent(weather.call_fails);
  if (!process.last_call_failed) return Fate::kNormal;
  const Fate fate = random.Chance(50) ? Fate::kNotDone : Fate::kAnswerLost;
  Note(fmt::format("{}: {} {} {}", process.who, call.method, call.subject,
                   fate == Fate::kNotDone ? "fails" : "is done, but its answer is lost"));
  return fate;
}

void World::After(Process& process, const Call& call) {
  if (!call.mutates) return;
  fibers.Progress();
  if (keeps_events) Note(fmt::format("{}: {} {}", process.who, call.method, call.subject));
  for (const auto& cluster : clusters) patroni.Write(cluster);
  CheckInvariants();
}

// ---- invariants -------------------------------------------------------------------------------

void World::CheckLease(const Process& process, const Call& call) {
  const auto holder = host.LeaseHolder(call.cluster);
  const auto is_own = [&](const std::optional<Holder>& someone) {
    return someone && someone->name.ends_with("(" + process.who + ")");
  };
  if (is_own(holder)) return;
  // A verification runs beside the applies.
  const bool is_of_verification = call.subject.find("-verification") != std::string::npos;
  if (is_of_verification && is_own(host.LeaseHolder(call.cluster + ".verification"))) return;
  Violation(fmt::format("{} changes {} ({} {}) while {} has its lease", process.who, call.cluster,
                        call.method, call.subject, holder ? holder->name : "nobody"));
}

/// Asked at the moment when it is done.
void World::CheckRemoval(const Process& process, const ObjectId& id) {
  const auto held = host.Find(id);
  if (!held || held->object.member.empty()) return;
  const std::string& cluster = held->object.cluster;
  const std::string& member = held->object.member;
  const auto record = host.StoredRecord(cluster);
  if (!record) return Violation(id.ToText() + " is removed and its cluster has no record");
  if (record->deleting) {
    if (!may_go_.contains(cluster)) Violation(id.ToText() + " is removed and nobody asked for it");
    if (id.kind == ObjectKind::kVolume) patroni.MayLose(cluster);
    return;
  }
  const auto wanted = WantedMembers(*record);
  if (id.kind == ObjectKind::kVolume) {
    if (IsWanted(id.name, *record)) {
      Violation(id.ToText() + " is removed with its data, and its member is wanted");
    } else if (!patroni.IsSafeWithout(cluster, id.name, wanted)) {
      Violation(id.ToText() + " is removed with the only copy of the data");
    }
    return;
  }
  const auto leads_since = patroni.LeadsSince(cluster, member);
  if (!leads_since) return;
  const auto observed = process.observed_at.find(cluster);
  const bool was_known = observed != process.observed_at.end() && *leads_since < observed->second;
  if (was_known && patroni.HasSuccessor(cluster, member, wanted)) {
    Violation(id.ToText() + " is removed while it leads, and another one could");
  }
}

void World::CheckInvariants() {
  for (auto& harm : patroni.TakeHarms()) Violation(harm);
  const auto records = host.StoredRecords();
  std::map<int, std::string> ports;
  for (const auto& [cluster, record] : records) {
    for (const auto& [key, port] : record->ports) {
      const auto [taken, is_new] = ports.emplace(port, cluster);
      if (!is_new) Violation(fmt::format("port {} is given out twice", port));
    }
    if (record->generation < generations_[cluster]) Violation("a generation falls");
    if (record->settled > record->generation) Violation("more is settled than was begun");
    generations_[cluster] = record->generation;
  }
  std::erase_if(generations_, [&](const auto& entry) { return !records.contains(entry.first); });
  host.ForEach([&](const FakeObject& held) {
    const Object& object = held.object;
    if (object.cluster == kManagementCluster) return;
    const auto record = records.find(object.cluster);
    if (record == records.end()) {
      return Violation(object.id.ToText() + " belongs to no record: cluster \"" + object.cluster +
                       "\"");
    }
    const ClusterRecord& known = *record->second;
    const bool is_leaving = known.deleting || known.settled < known.generation;
    if (object.part == kVerificationPart) return;  // Until somebody clears it up.
    if (known.parts.contains(object.part) || (is_leaving && !object.part.empty())) return;
    Violation(object.id.ToText() + " has a part that its record does not know: \"" + object.part +
              "\"");
  });
}

// ---- what befalls the host --------------------------------------------------------------------

void World::Happen() {
  fibers.Progress();
  const std::string& cluster = clusters[random.Below(clusters.size())];
  for (const auto& name : clusters) patroni.Write(name);
  if (is_silent) {
    if (random.Chance(50)) {
      Note("the host answers again");
      is_silent = false;
    }
  } else if (random.Chance(weather.host_falls_silent)) {
    Note("the host falls silent");
    is_silent = true;
  }
  if (random.Chance(weather.primary_fails)) {
    Note("the primary of " + cluster + " hands over on its own");
    patroni.FailOver(cluster);
  }
  if (random.Chance(weather.meddling)) Meddle(cluster);
  if (random.Chance(weather.stop_requests)) {
    for (auto& [id, process] : processes) {
      if (!process.dead && random.Chance(30)) {
        Note("somebody stops " + process.who);
        process.stop.request_stop();
      }
    }
  }
  CheckInvariants();
}

void World::Meddle(const std::string& cluster) {
  std::vector<ObjectId> instances;
  host.ForEach([&](const FakeObject& held) {
    const Object& object = held.object;
    if (object.id.kind == ObjectKind::kInstance &&
        (object.cluster == cluster || object.cluster == kManagementCluster)) {
      instances.push_back(object.id);
    }
  });
  if (instances.empty()) return;
  const ObjectId id = instances[random.Below(instances.size())];
  const auto held = host.Find(id);
  patroni.Died(id.name);
  const auto record = host.StoredRecord(cluster);
  if (random.Chance(50)) {
    Note("somebody kills " + id.ToText());
    host.StopInstance(id.name);
    return;
  }
  Note("somebody removes " + id.ToText());
  host.RemoveByHand(id);
  // Whoever removes the last copy by hand has lost it; that is no affair of the engine's.
  if (!random.Chance(weather.volume_meddling) || !record) return;
  const auto& mounts = held->object.instance.mounts;
  if (mounts.empty() || held->object.member.empty()) return;
  const std::string& volume = mounts.front().volume;
  if (!patroni.IsSafeWithout(cluster, volume, WantedMembers(*record))) return;
  Note("and its volume");
  host.RemoveByHand({ObjectKind::kVolume, volume});
}

}  // namespace dbaas

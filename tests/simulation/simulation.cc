// SPDX-License-Identifier: MPL-2.0
#include "tests/simulation/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/apply/converge.h"
#include "engine/apply/desired.h"
#include "engine/dbms/dbms.h"
#include "tests/simulation/world.h"

namespace dbaas {
namespace {

using Verb = PartChange::Verb;

// After the storm.
constexpr int kTries = 3;
constexpr int kMostNodes = 3;
// One cluster is made from the backups of the other, where one is.
constexpr char kSource[] = "orders";
constexpr char kCopy[] = "billing";
constexpr Milliseconds kLongestApply{30 * 60'000};

class NoteProgress final : public Progress {
 public:
  NoteProgress(World& world, const Process& process) : world_(world), process_(process) {}
  void Note(const std::string& message) override {
    if (world_.keeps_events) world_.Note(process_.who + ": " + message);
  }
  void Began(int, int, const std::string&) override {}
  void Ended(int, int, const std::string& action, const std::string& error, Milliseconds) override {
    if (world_.keeps_events && !error.empty()) {
      world_.Note(process_.who + ": " + action + " failed: " + error);
    }
  }

 private:
  World& world_;
  const Process& process_;
};

/// What the people want of one cluster, as their configuration has it.
struct Wanted {
  bool exists = true;
  ClusterSpec spec;
  std::map<std::string, ReplicaSpec> replicas;
};

ClusterSpec FirstSpec(const std::string& name, SeededRandom& random) {
  ClusterSpec spec;
  spec.name = name;
  spec.engine = "postgresql";
  spec.engine_version = "17";
  spec.node_count = 1 + static_cast<int>(random.Below(kMostNodes));
  spec.instance_class = "db.small";
  spec.resources = FindInstanceClass("db.small")->resources;
  spec.synchronous_replication = random.Chance(30);
  spec.deletion_protection = false;
  spec.repair = random.Chance(30);
  return spec;
}

Weather StormOf(SeededRandom& random) {
  // Each kind of trouble is there in some seeds only: a mild sea shows what a wild one hides.
  const auto sometimes = [&](int most) {
    return random.Chance(40) ? 1 + static_cast<int>(random.Below(most)) : 0;
  };
  return {.call_fails = sometimes(8),
          .process_dies = sometimes(30),
          .slow_calls = sometimes(15),
          .machine_sleeps = sometimes(80),
          .host_falls_silent = sometimes(10),
          .meddling = sometimes(20),
          .volume_meddling = sometimes(60),
          .primary_fails = sometimes(20),
          .stop_requests = sometimes(8)};
}

class Simulation {
 public:
  Simulation(std::uint64_t seed, PlantedBug bug, bool keep_events)
      : world_(seed, keep_events),
        bug_(bug),
        threads_(Plant(bug, world_.threads)),
        // Of its own, so that all other storms stay as they are.
        restores_(SeededRandom(seed ^ 0x7265).Chance(8)),
        goes_back_(SeededRandom(seed ^ 0x6261).Chance(8)) {
    world_.patroni.TakeTime(world_.clock, world_.random);
  }

  SimulationReport Run() {
    Prepare();
    const int callers = 1 + static_cast<int>(world_.random.Below(2));
    for (int caller = 0; caller < callers; ++caller) {
      ++storming_;
      world_.fibers.Spawn(kNobody, [this, caller] { Storm(caller == 0 ? "alice" : "bob"); });
    }
    world_.fibers.Spawn(kNobody, [this] { Nature(); });
    world_.fibers.Spawn(kNobody, [this] { WatchAndRepair(); });
    if (!world_.fibers.Run()) world_.Violation("everybody waits for ever");
    return {.violations = std::move(world_.violations),
            .events = std::move(world_.events),
            .applies = applies_};
  }

 private:
  // Fibers of nobody's process: people and nature.
  static constexpr int kNobody = 0;

  bool Failed() const { return !world_.violations.empty(); }

  void Prepare() {
    world_.clusters = {kSource};
    if (world_.random.Chance(40) || restores_) world_.clusters.emplace_back(kCopy);
    for (const auto& name : world_.clusters) {
      wanted_[name].spec = FirstSpec(name, world_.random);
    }
    if (restores_) wanted_[kCopy].spec.restore.emplace().source = {"local", kSource};
    world_.weather = StormOf(world_.random);
    world_.host.SetControlSocket(world_.random.Chance(50));
  }

  // ---- the storm --------------------------------------------------------------------------------

  void Storm(const std::string& caller) {
    const int changes = 1 + static_cast<int>(world_.random.Below(4));
    for (int i = 0; i < changes && !Failed(); ++i) {
      const auto& cluster = world_.clusters[world_.random.Below(world_.clusters.size())];
      Apply(caller, NextChange(cluster));
      if ((restores_ || goes_back_) && i == 0) BackUpSource(caller);
      if (goes_back_) WorkOn(caller, GoBack());
      if (world_.random.Chance(30)) WorkOn(caller, NextMaintenance(cluster));
      world_.fibers.Sleep(Milliseconds(world_.random.Below(3000)), {});
    }
    --storming_;
  }

  /// In its place, or no longer.
  Maintenance GoBack() {
    const auto record = world_.host.StoredRecord(kSource);
    Maintenance wanted{.kind = Maintenance::Kind::kRestore, .id = {"local", kSource}};
    wanted.restore.backup_id = "backup-1";
    wanted.undo = record && record->in_place && world_.random.Chance(50);
    return wanted;
  }

  /// So that there is something to restore.
  std::optional<Error> BackUpSource(const std::string& caller) {
    const std::string key(kBackupPolicyPart);
    if (auto error = Apply(caller, Change(kSource, key, BackupPolicySpec{.keep_full = 1}))) {
      return error;
    }
    return WorkOn(caller, {.kind = Maintenance::Kind::kBackup, .id = {"local", kSource}});
  }

  void Nature() {
    while (storming_ > 0 && !Failed()) {
      world_.fibers.Sleep(Milliseconds(200 + world_.random.Below(8000)), {});
      world_.Happen();
    }
    while (storming_ > 0) world_.fibers.Sleep(Milliseconds(1000), {});
    Clear();
  }

  /// A watcher, as far as it repairs. Each repair is a process of its own, so that it can die.
  void WatchAndRepair() {
    while (storming_ > 0 && !Failed()) {
      world_.fibers.Sleep(Milliseconds(1000 + world_.random.Below(20'000)), {});
      const auto& cluster = world_.clusters[world_.random.Below(world_.clusters.size())];
      const auto record = world_.host.StoredRecord(cluster);
      if (!record || !record->has_cluster_part() || !record->cluster_spec().repair) continue;
      Process& process = world_.NewProcess("watch");
      world_.Note(process.who + " looks for something to repair in " + cluster);
      Live(process, [&](const ConvergeContext& context) -> Result<void> {
        const auto repaired = TRY(Repair(context, {"local", cluster}, process.who));
        if (!repaired.empty()) world_.Note(process.who + " repaired " + repaired.front());
        return Ok();
      });
    }
  }

  /// A person's next wish, or the same again when the last one did not arrive.
  PartChange NextChange(const std::string& cluster) {
    SeededRandom& random = world_.random;
    Wanted& wanted = wanted_[cluster];
    const auto record = world_.host.StoredRecord(cluster);
    if (!record || !record->has_cluster_part()) wanted.exists = true;
    if (record && random.Chance(10)) {
      wanted.exists = false;
      wanted.replicas.clear();
      return Destroy(cluster);
    }
    if (record && !record->deleting && random.Chance(30)) {
      const std::string name = random.Chance(50) ? "reports" : "search";
      if (wanted.replicas.erase(name) > 0) return DropReplica(cluster, name);
      wanted.replicas[name] = {.name = name};
      return WantReplica(cluster, name);
    }
    wanted.exists = true;
    if (record) Mutate(wanted.spec);
    return WantCluster(cluster);
  }

  /// A person's hand at a cluster, beside what the configuration says.
  Maintenance NextMaintenance(const std::string& cluster) {
    using Kind = Maintenance::Kind;
    constexpr Kind kKinds[] = {Kind::kSwitchover, Kind::kFailover, Kind::kRestart, Kind::kReload,
                               Kind::kVerify};
    SeededRandom& random = world_.random;
    Maintenance wanted{.kind = kKinds[random.Below(std::size(kKinds))],
                       .id = {"local", cluster},
                       .force = random.Chance(50)};
    const std::string member = fmt::format("{}-{}", cluster, 1 + random.Below(kMostNodes));
    if (random.Chance(50)) {
      (wanted.kind == Kind::kRestart ? wanted.members.emplace_back() : wanted.member) = member;
    }
    return wanted;
  }

  void Mutate(ClusterSpec& spec) {
    SeededRandom& random = world_.random;
    switch (random.Below(7)) {
      case 0:
      case 1: spec.node_count = 1 + static_cast<int>(random.Below(kMostNodes)); break;
      case 2: spec.resources.cpu = spec.resources.cpu == 1 ? 2 : 1; break;
      case 3: spec.parameters["work_mem"] = random.Chance(50) ? "8MB" : "16MB"; break;
      case 4: spec.parameters["shared_buffers"] = random.Chance(50) ? "64MB" : "96MB"; break;
      case 5:
        if (random.Chance(50)) {
          spec.repair = !spec.repair;
        } else {
          spec.watch = spec.watch ? std::optional<bool>() : std::optional(false);
        }
        break;
      default: spec.synchronous_replication = !spec.synchronous_replication;
    }
  }

  // ---- changes, with the verb that a refresh would suggest --------------------------------------

  PartChange Change(const std::string& cluster, const std::string& key,
                    std::optional<PartSpec> spec) const {
    const auto record = world_.host.StoredRecord(cluster);
    const bool is_there = record && !record->deleting && record->parts.contains(key);
    const Verb verb = !spec ? Verb::kDelete : is_there ? Verb::kUpdate : Verb::kCreate;
    return {.id = {"local", cluster}, .key = key, .verb = verb, .spec = std::move(spec)};
  }
  PartChange WantCluster(const std::string& cluster) {
    return Change(cluster, std::string(kClusterPart), wanted_[cluster].spec);
  }
  PartChange Destroy(const std::string& cluster) {
    world_.AllowDestroy(cluster);
    return Change(cluster, std::string(kClusterPart), std::nullopt);
  }
  PartChange WantReplica(const std::string& cluster, const std::string& name) {
    return Change(cluster, ReplicaPartKey(name), wanted_[cluster].replicas[name]);
  }
  PartChange DropReplica(const std::string& cluster, const std::string& name) const {
    return Change(cluster, ReplicaPartKey(name), std::nullopt);
  }

  // ---- one process of theirs --------------------------------------------------------------------

  /// Nothing means it ended well.
  std::optional<Error> Apply(const std::string& caller, PartChange change) {
    Process& process = world_.NewProcess(caller);
    change.who = process.who;
    ++applies_;
    world_.Note(fmt::format("{} applies {} of {}{}", process.who, change.key, change.id.cluster,
                            change.verb == Verb::kDelete ? ": away with it" : ""));
    return Live(process, [&](const ConvergeContext& context) -> Result<void> {
      TRY(Converge(context, change));
      return Ok();
    });
  }

  std::optional<Error> WorkOn(const std::string& caller, Maintenance wanted) {
    Process& process = world_.NewProcess(caller);
    wanted.who = process.who;
    world_.Note(
        fmt::format("{} wants a {} of {}", process.who, wanted.ToText(), wanted.id.cluster));
    return Live(process, [&](const ConvergeContext& context) { return Maintain(context, wanted); });
  }

  /// `work` in a process of its own; comes back when it ended, well or not.
  template <typename Work>
  std::optional<Error> Live(Process& process, Work work) {
    std::optional<Result<void>> result;
    world_.fibers.Spawn(process.id, [&] {
      const auto driver = Plant(bug_, world_.DriverOf(process));
      NoteProgress progress(world_, process);
      result = work(Context(*driver, progress, process.stop.get_token()));
    });
    const TimePoint latest = world_.fibers.Now() + kLongestApply;
    const auto is_over = [&] { return result.has_value(); };
    world_.fibers.Sleep(kLongestApply, is_over);
    if (!is_over() && world_.fibers.Now() >= latest) {
      world_.Note("nobody waits any longer for " + process.who);
      process.stop.request_stop();
      world_.fibers.WaitUntil(is_over);
    }
    const bool died = std::exchange(process.dead, true);  // Its number is never used again.
    if (!died) world_.CheckInvariants();
    if (result->has_value()) {
      world_.Note(process.who + " is done");
      return std::nullopt;
    }
    if (!died) world_.Note(process.who + " ends with: " + result->error().ToLine());
    return result->error();
  }

  ConvergeContext Context(Driver& driver, Progress& progress, std::stop_token stop) {
    return {.driver = driver,
            .clock = world_.clock,
            .random = world_.random,
            .progress = progress,
            .stop = std::move(stop),
            .journal_folder = "",
            .threads = *threads_};
  }

  // ---- after the storm --------------------------------------------------------------------------

  void Clear() {
    if (Failed()) return;
    world_.Note("the storm is over");
    world_.is_silent = false;
    world_.weather = {.call_fails = 5, .only_drizzle = true};
    for (const auto& cluster : world_.clusters) {
      Arrive(cluster);
      if (Failed()) return;
    }
    world_.weather = {};
    for (const auto& cluster : world_.clusters) CheckArrived(cluster);
    CheckNothingIsLeftOver();
  }

  /// Every part as it is wanted, each within a few applies.
  void Arrive(const std::string& cluster) {
    const Wanted wanted = wanted_[cluster];
    if (!wanted.exists) return Insist([&] { return Destroy(cluster); });
    if (const auto record = world_.host.StoredRecord(cluster); record && record->deleting) {
      // What was to be made from backups is not made from what a deletion has left.
      if (record->in_place || wanted.spec.restore) Insist([&] { return Destroy(cluster); });
    }
    GoBackWhereTheDataIs(cluster);
    if (wanted.spec.restore) MakeRestorable(cluster);
    Insist([&] { return WantCluster(cluster); });
    for (const auto& [name, replica] : wanted.replicas) {
      if (!Failed()) Insist([&, name = name] { return WantReplica(cluster, name); });
    }
    const auto record = world_.host.StoredRecord(cluster);
    if (Failed() || !record) return;
    for (const auto& replica : record->replicas()) {
      if (wanted.replicas.contains(replica.name) || Failed()) continue;
      Insist([&] { return DropReplica(cluster, replica.name); });
    }
  }

  /// Whoever shrinks a cluster while only a leaving member has the rows is refused for as long as
  /// that is so. The way out is to ask for that member again.
  void GoBackWhereTheDataIs(const std::string& cluster) {
    const auto record = world_.host.StoredRecord(cluster);
    if (!record || record->deleting || !record->has_cluster_part()) return;
    ClusterSpec& spec = wanted_[cluster].spec;
    for (;;) {
      ClusterRecord wanted = *record;
      wanted.parts.insert_or_assign(std::string(kClusterPart), spec);
      if (world_.patroni.IsSafeWithout(cluster, "", WantedMembers(wanted))) return;
      if (spec.node_count == kMostNodes) break;
      ++spec.node_count;
    }
    // A deletion that was cut took the rows; what it left are volumes that never had any.
    Insist([&] { return Destroy(cluster); });
  }

  /// Whoever cannot have what he wanted gives it up, and what he has of it first.
  void MakeRestorable(const std::string& cluster) {
    const auto record = world_.host.StoredRecord(cluster);
    if (record && record->has_cluster_part() && !record->deleting && record->settled > 0) return;
    if (wanted_[kSource].exists) {
      // Backups and the proof of a repository have no patience of their own.
      for (int i = 0; i < 3 * kTries && !Failed(); ++i) {
        if (!BackUpSource("carol")) return;
      }
      return world_.Violation("no backup can be taken");
    }
    if (record) Insist([&] { return Destroy(cluster); });
    wanted_[cluster].spec.restore.reset();
  }

  template <typename Make>
  void Insist(Make change) {
    std::optional<Error> error;
    for (int i = 0; i < kTries; ++i) {
      error = Apply("carol", change());
      if (!error || Failed()) return;
    }
    world_.Violation(fmt::format("{} applies do not arrive: {}", kTries, error->ToLine()));
  }

  void CheckArrived(const std::string& cluster) {
    if (Failed() || !wanted_[cluster].exists) return;
    const auto record = world_.host.StoredRecord(cluster);
    if (!record) return world_.Violation("cluster " + cluster + " has no record");
    if (record->settled != record->generation) {
      return world_.Violation("cluster " + cluster + " is not settled");
    }
    Plan plan;
    const auto error =
        Live(world_.NewProcess("dave"), [&](const ConvergeContext& context) -> Result<void> {
          plan = TRY(PreviewChange(context, WantCluster(cluster),
                                   [&] { return PortsTakenOn(context.driver); }));
          return Ok();
        });
    if (error) return world_.Violation("the next plan fails: " + error->ToLine());
    if (!plan.empty()) {
      world_.Violation("the next plan of " + cluster + " is not empty:\n" + plan.ToText());
    }
  }

  /// What is on the host is what the records ask for, no more and no less.
  void CheckNothingIsLeftOver() {
    if (Failed()) return;
    std::set<std::string> expected;
    for (const auto& [cluster, record] : world_.host.StoredRecords()) {
      expected.insert("record " + cluster);
      const auto desired = Desire(*FindDbms("postgresql"), *record);
      if (!desired) return world_.Violation("a record cannot be expanded");
      for (const auto& object : desired->objects) expected.insert(object.id.ToText());
      for (const auto& object : desired->shared) expected.insert(object.id.ToText());
    }
    for (const auto& name : world_.host.Names()) {
      // Of a verification that was cut: the next one clears it up.
      if (name.ends_with("-verification")) continue;
      if (expected.erase(name) == 0) world_.Violation(name + " is left over");
    }
    for (const auto& name : expected) world_.Violation(name + " is missing");
  }

  World world_;
  const PlantedBug bug_;
  std::unique_ptr<Threads> threads_;
  const bool restores_;
  const bool goes_back_;
  std::map<std::string, Wanted> wanted_;
  int storming_ = 0;
  int applies_ = 0;
};

}  // namespace

SimulationReport Simulate(std::uint64_t seed, PlantedBug bug, bool keep_events) {
  return Simulation(seed, bug, keep_events).Run();
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "tests/fakes/fake_driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "engine/base/process.h"

namespace dbaas {

class FakeDriver::FakeLease final : public Lease {
 public:
  FakeLease(FakeDriver& driver, std::string name, std::uint64_t id)
      : driver_(driver), name_(std::move(name)), id_(id) {}
  ~FakeLease() override { driver_.ReleaseLease(name_, id_); }
  Result<void> Renew() override { return driver_.RenewLease(name_, id_); }

 private:
  FakeDriver& driver_;
  const std::string name_;
  const std::uint64_t id_;
};

FakeDriver::FakeDriver(Clock& clock, std::string host, std::string address)
    : clock_(clock), host_(std::move(host)), address_(std::move(address)) {}
FakeDriver::~FakeDriver() = default;

// ---- Hooks -------------------------------------------------------------------------------------

void FakeDriver::OnExec(ExecHook hook) {
  const std::lock_guard lock(mutex_);
  exec_ = std::move(hook);
}
void FakeDriver::OnLogs(LogsHook hook) {
  const std::lock_guard lock(mutex_);
  logs_ = std::move(hook);
}
void FakeDriver::OnFault(FaultHook hook) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(hook);
}
void FakeDriver::OnCall(CallHook hook) {
  const std::lock_guard lock(mutex_);
  on_call_ = std::move(hook);
}
void FakeDriver::OnAlive(AliveHook hook) {
  const std::lock_guard lock(mutex_);
  alive_ = std::move(hook);
}
void FakeDriver::FailNext(const std::string& method, FakeFault fault) {
  const std::lock_guard lock(mutex_);
  planned_faults_[method].push_back(
      {fault, Unavailable(fmt::format("host {} does not answer", host_), "a planned fault")});
}
void FakeDriver::FailNext(const std::string& method, Error error) {
  const std::lock_guard lock(mutex_);
  planned_faults_[method].push_back({FakeFault::kBefore, std::move(error)});
}
void FakeDriver::SetReachable(bool reachable) {
  const std::lock_guard lock(mutex_);
  reachable_ = reachable;
  happened_.notify_all();
}
void FakeDriver::SetMissingImages(std::set<std::string> images) {
  const std::lock_guard lock(mutex_);
  missing_images_ = std::move(images);
}

// ---- Behind our back ---------------------------------------------------------------------------

void FakeDriver::StopInstance(const std::string& name, const std::string& detail) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find({ObjectKind::kInstance, name});
  if (found == objects_.end()) return;
  if (found->second.state == RunState::kRunning) {
    Happens(InstanceEvent::Kind::kEnded, found->second.object, detail);
  }
  found->second.state = RunState::kStopped;
  found->second.state_detail = detail;
}
void FakeDriver::CrashInstance(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find({ObjectKind::kInstance, name});
  if (found == objects_.end()) return;
  Happens(InstanceEvent::Kind::kEnded, found->second.object, "exited (1)");
  found->second.state = RunState::kRestarting;
  found->second.state_detail = "restarting (1)";
}
void FakeDriver::RemoveByHand(const ObjectId& id) {
  const std::lock_guard lock(mutex_);
  Erase(id);
  foreign_.erase(id);
}
void FakeDriver::Tamper(const ObjectId& id, const Fingerprint& fingerprint) {
  const std::lock_guard lock(mutex_);
  if (const auto found = objects_.find(id); found != objects_.end()) {
    found->second.object.fingerprint = fingerprint;
  }
}
void FakeDriver::TamperFiles(const std::string& instance, const Fingerprint& files_fingerprint) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find({ObjectKind::kInstance, instance});
  if (found != objects_.end()) found->second.files_fingerprint = files_fingerprint;
}
void FakeDriver::AddForeign(const ObjectId& id) {
  const std::lock_guard lock(mutex_);
  foreign_.insert(id);
}
void FakeDriver::AddForeignPort(int port) {
  const std::lock_guard lock(mutex_);
  foreign_ports_.insert(port);
}
void FakeDriver::LoseLeases() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : leases_) entry.lost = true;
}

void FakeDriver::LoseLeasesOf(const std::string& holder) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : leases_) entry.lost = entry.lost || entry.holder.name == holder;
}

// ---- Questions ---------------------------------------------------------------------------------

std::vector<FakeCall> FakeDriver::Calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}
std::vector<std::string> FakeDriver::CallsOf(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> subjects;
  for (const FakeCall& call : calls_) {
    if (call.method == method) subjects.push_back(call.subject);
  }
  return subjects;
}
void FakeDriver::ForgetCalls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}
std::vector<FakeObject> FakeDriver::Objects() const {
  const std::lock_guard lock(mutex_);
  std::vector<FakeObject> objects;
  for (const auto& [id, object] : objects_) objects.push_back(object);
  return objects;
}
std::optional<FakeObject> FakeDriver::Find(const ObjectId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(id);
  if (found == objects_.end()) return std::nullopt;
  return found->second;
}
std::vector<std::string> FakeDriver::Names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [id, object] : objects_) names.push_back(id.ToText());
  for (const auto& [cluster, stored] : records_) names.push_back("record " + cluster);
  return names;
}
std::optional<Holder> FakeDriver::LeaseHolder(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(name);
  if (found == leases_.end()) return std::nullopt;
  return found->second.holder;
}

void FakeDriver::ForEach(const std::function<void(const FakeObject&)>& look) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, object] : objects_) look(object);
}
std::map<std::string, std::shared_ptr<const ClusterRecord>> FakeDriver::StoredRecords() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::shared_ptr<const ClusterRecord>> records;
  for (const auto& [cluster, stored] : records_) records.emplace(cluster, stored.record);
  return records;
}
std::shared_ptr<const ClusterRecord> FakeDriver::StoredRecord(const std::string& cluster) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(cluster);
  return found == records_.end() ? nullptr : found->second.record;
}

// ---- Calls -------------------------------------------------------------------------------------

std::optional<FakeDriver::PlannedFault> FakeDriver::NextFault(const FakeCall& call) {
  CallHook on_call;
  FaultHook fault_hook;
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    on_call = on_call_;
    fault_hook = fault_;
  }
  if (on_call) on_call(call);
  const FakeFault chosen = fault_hook ? fault_hook(call) : FakeFault::kNone;

  const std::lock_guard lock(mutex_);
  const Error unavailable = Unavailable(fmt::format("host {} does not answer", host_),
                                        fmt::format("during {} {}", call.method, call.subject));
  if (!reachable_) return PlannedFault{FakeFault::kBefore, unavailable};
  if (chosen != FakeFault::kNone) return PlannedFault{chosen, unavailable};
  auto& planned = planned_faults_[call.method];
  if (planned.empty()) return std::nullopt;
  PlannedFault fault = std::move(planned.front());
  planned.erase(planned.begin());
  return fault;
}

template <typename T>
Result<T> FakeDriver::Call(const std::string& method, const std::string& subject,
                           const std::function<Result<T>()>& work) {
  std::optional<PlannedFault> fault = NextFault({method, subject});
  if (fault && fault->fault == FakeFault::kBefore) return std::move(fault->error);
  const std::lock_guard lock(mutex_);
  Result<T> result = work();
  if (fault && fault->fault == FakeFault::kAfter) return std::move(fault->error);
  return result;
}

Result<Observation> FakeDriver::Observe(const std::optional<std::string>& cluster) {
  return Call<Observation>("Observe", cluster.value_or("all"), [&]() -> Result<Observation> {
    Observation observation;
    observation.at = clock_.Now();
    observation.used_ports = foreign_ports_;
    for (const auto& [id, held] : objects_) {
      for (const Port& port : held.object.instance.ports) {
        if (port.host_port != 0) observation.used_ports.insert(port.host_port);
      }
      if (cluster && held.object.cluster != *cluster) continue;
      observation.objects.push_back({.id = id,
                                     .cluster = held.object.cluster,
                                     .part = held.object.part,
                                     .member = held.object.member,
                                     .fingerprint = held.object.fingerprint,
                                     .files_fingerprint = cluster ? held.files_fingerprint : "",
                                     .state = held.state,
                                     .state_detail = held.state_detail,
                                     .directory = held.object.directory});
    }
    return observation;
  });
}

Result<void> FakeDriver::Ensure(const Object& object) {
  return Call<void>("Ensure", object.id.ToText(), [&]() -> Result<void> {
    const auto found = objects_.find(object.id);
    if (foreign_.contains(object.id) ||
        (found != objects_.end() && found->second.object.cluster != object.cluster)) {
      return Conflict(fmt::format("{} already exists and is not part of cluster {}",
                                  object.id.ToText(), object.cluster));
    }
    if (found != objects_.end() && found->second.object.fingerprint != object.fingerprint) {
      return Conflict(fmt::format("{} exists with other settings", object.id.ToText()));
    }
    if (object.id.kind == ObjectKind::kInstance) return EnsureInstance(object);
    if (found == objects_.end()) {
      objects_[object.id] = {.object = object, .incarnation = next_number_++};
    }
    return Ok();
  });
}

std::string FakeDriver::Address(const std::string& instance) const {
  return traits_.own_addresses ? instance + "." + host_ + ".test" : address_;
}

std::vector<std::string> FakeDriver::OtherNames(const std::string& instance) const {
  if (!traits_.own_addresses) return {};
  return {instance + "." + host_};
}

bool FakeDriver::PortTaken(int port, const std::string& except_instance) const {
  if (traits_.own_addresses) return false;
  if (foreign_ports_.contains(port)) return true;
  for (const auto& [id, held] : objects_) {
    // As with real runtimes, only a running instance keeps its ports from others.
    if (id.name == except_instance || held.state == RunState::kStopped) continue;
    for (const Port& taken : held.object.instance.ports) {
      if (taken.host_port == port) return true;
    }
  }
  return false;
}

Result<void> FakeDriver::PlaceFiles(FakeObject& instance, const Object& object,
                                    bool with_create_only) {
  for (const File& file : object.instance.files) {
    if (file.create_only && !with_create_only) continue;
    File& placed = instance.files[file.path] = file;
    placed.content = Secret(ResolveHostWords(file.content.Reveal()));
  }
  instance.files_fingerprint = object.files_fingerprint;
  return Ok();
}

Result<void> FakeDriver::EnsureInstance(const Object& object) {
  auto found = objects_.find(object.id);
  if (found != objects_.end() && found->second.state != RunState::kStopped) {
    FakeObject& instance = found->second;
    if (instance.files_fingerprint == object.files_fingerprint) return Ok();
    TRY(PlaceFiles(instance, object, /*with_create_only=*/false));
    if (object.instance.reload_signal.empty()) {
      ++instance.starts;
    } else {
      instance.signals.push_back(object.instance.reload_signal);
    }
    return Ok();
  }
  if (missing_images_.contains(object.instance.image)) {
    return NotFound(fmt::format("image {} is not on host {} and could not be pulled",
                                object.instance.image, host_));
  }
  for (const Mount& mount : object.instance.mounts) {
    if (!objects_.contains({ObjectKind::kVolume, mount.volume})) {
      return NotFound(fmt::format("volume {} does not exist", mount.volume));
    }
  }
  for (const std::string& network : object.instance.networks) {
    if (!objects_.contains({ObjectKind::kNetwork, network})) {
      return NotFound(fmt::format("network {} does not exist", network));
    }
  }
  const bool is_new = found == objects_.end();
  if (is_new) {
    found = objects_.emplace(object.id, FakeObject{.object = object}).first;
    found->second.incarnation = next_number_++;
    found->second.state = RunState::kStopped;
    found->second.state_detail = "created";
  }
  FakeObject& instance = found->second;
  TRY(PlaceFiles(instance, object, /*with_create_only=*/instance.starts == 0));
  for (const Port& port : object.instance.ports) {
    if (port.host_port != 0 && PortTaken(port.host_port, object.id.name)) {
      return Conflict(fmt::format("port {} of host {} is in use", port.host_port, host_))
          .On("port");
    }
  }
  instance.state = RunState::kRunning;
  instance.state_detail = "running";
  ++instance.starts;
  Happens(InstanceEvent::Kind::kStarted, object);
  return Ok();
}

Result<void> FakeDriver::Remove(const ObjectId& id) {
  return Call<void>("Remove", id.ToText(), [&]() -> Result<void> {
    if (foreign_.contains(id)) {
      return Conflict(fmt::format("{} is not managed by dbaas and stays", id.ToText()));
    }
    for (const auto& [other_id, held] : objects_) {
      if (id.kind != ObjectKind::kVolume || !objects_.contains(id)) break;
      for (const Mount& mount : held.object.instance.mounts) {
        if (mount.volume != id.name) continue;
        return Conflict(fmt::format("{} is in use by {}", id.ToText(), other_id.ToText()));
      }
    }
    Erase(id);
    return Ok();
  });
}

void FakeDriver::Erase(const ObjectId& id) {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return;
  if (found->second.state != RunState::kStopped) {
    Happens(InstanceEvent::Kind::kEnded, found->second.object, "exited (0)");
  }
  Happens(InstanceEvent::Kind::kRemoved, found->second.object);
  objects_.erase(found);
}

void FakeDriver::Happens(InstanceEvent::Kind kind, const Object& object,
                         const std::string& detail) {
  if (object.id.kind != ObjectKind::kInstance) return;
  events_.push_back({.kind = kind,
                     .instance = object.id.name,
                     .cluster = object.cluster,
                     .part = object.part,
                     .member = object.member,
                     .detail = detail});
  happened_.notify_all();
}

Result<void> FakeDriver::Watch(const std::function<void(const InstanceEvent&)>& on_event,
                               std::stop_token stop) {
  if (const auto fault = NextFault({"Watch", host_})) return fault->error;
  std::unique_lock lock(mutex_);
  std::size_t next = events_.size();
  lock.unlock();
  on_event({.kind = InstanceEvent::Kind::kAttached});
  lock.lock();
  while (happened_.wait(lock, stop, [&] { return next < events_.size() || !reachable_; })) {
    if (!reachable_) return Unavailable(fmt::format("host {} ended its events", host_));
    const InstanceEvent event = events_[next++];
    lock.unlock();  // Whoever listens may well use this driver.
    on_event(event);
    lock.lock();
  }
  return Ok();
}

Result<FakeObject*> FakeDriver::RunningInstance(const std::string& name) {
  const auto found = objects_.find({ObjectKind::kInstance, name});
  if (found == objects_.end()) return NotFound(fmt::format("instance {} does not exist", name));
  if (found->second.state != RunState::kRunning) {
    return Unavailable(fmt::format("instance {} is not running", name), found->second.state_detail);
  }
  return &found->second;
}

Result<void> FakeDriver::Kill(const std::string& instance) {
  return Call<void>("Kill", instance, [&]() -> Result<void> {
    const auto found = objects_.find({ObjectKind::kInstance, instance});
    if (found == objects_.end() || found->second.state == RunState::kStopped) return Ok();
    Happens(InstanceEvent::Kind::kEnded, found->second.object, "exited (137)");
    found->second.state = RunState::kStopped;
    found->second.state_detail = "exited (137)";
    return Ok();
  });
}

Result<void> FakeDriver::Restart(const std::string& instance) {
  return Call<void>("Restart", instance, [&]() -> Result<void> {
    const auto found = objects_.find({ObjectKind::kInstance, instance});
    if (found == objects_.end()) {
      return NotFound(fmt::format("instance {} does not exist", instance));
    }
    if (found->second.state == RunState::kRunning) {
      Happens(InstanceEvent::Kind::kEnded, found->second.object, "exited (0)");
    }
    found->second.state = RunState::kRunning;
    found->second.state_detail = "running";
    ++found->second.starts;
    Happens(InstanceEvent::Kind::kStarted, found->second.object);
    return Ok();
  });
}

Result<ExecResult> FakeDriver::Exec(const std::string& instance,
                                    const std::vector<std::string>& words,
                                    const Secret<std::string>& input) {
  std::vector<std::string> argv;
  for (const auto& word : words) argv.push_back(ResolveHostWords(word));
  const std::string subject = fmt::format("{}: {}", instance, fmt::join(argv, " "));
  std::optional<PlannedFault> fault = NextFault({"Exec", subject});
  if (fault && fault->fault == FakeFault::kBefore) return std::move(fault->error);
  ExecHook hook;
  {
    const std::lock_guard lock(mutex_);
    TRY(RunningInstance(instance));
    hook = exec_;
  }
  // The hook plays the program inside the instance and may well use this driver: no lock here.
  Result<ExecResult> result =
      hook ? hook({instance, argv, ResolveHostWords(input.Reveal())}) : ExecResult{};
  if (fault && fault->fault == FakeFault::kAfter) return std::move(fault->error);
  return result;
}

Result<std::string> FakeDriver::Logs(const std::string& instance, int lines) {
  return Call<std::string>("Logs", instance, [&]() -> Result<std::string> {
    const auto found = objects_.find({ObjectKind::kInstance, instance});
    if (found == objects_.end()) {
      return NotFound(fmt::format("instance {} does not exist", instance));
    }
    const std::string log = logs_ ? logs_(found->second) : std::string();
    std::size_t from = log.size();
    for (int line = 0; line <= lines && from != std::string::npos; ++line) {
      from = from == 0 ? std::string::npos : log.rfind('\n', from - 1);
    }
    return from == std::string::npos ? log : log.substr(from + 1);
  });
}

// ---- Records -----------------------------------------------------------------------------------

Result<std::optional<ClusterRecord>> FakeDriver::ReadRecord(const std::string& cluster) {
  using Answer = std::optional<ClusterRecord>;
  return Call<Answer>("ReadRecord", cluster, [&]() -> Result<Answer> {
    const auto found = records_.find(cluster);
    if (found == records_.end()) return Answer();
    return Answer(*found->second.record);
  });
}

Result<std::vector<ClusterRecord>> FakeDriver::ReadRecords() {
  using Answer = std::vector<ClusterRecord>;
  return Call<Answer>("ReadRecords", "all", [&]() -> Result<Answer> {
    Answer records;
    for (const auto& [cluster, stored] : records_) records.push_back(*stored.record);
    return records;
  });
}

Result<void> FakeDriver::WriteRecord(const ClusterRecord& record,
                                     std::int64_t expected_generation) {
  return Call<void>("WriteRecord", record.cluster, [&]() -> Result<void> {
    Json json = ToJson(record);
    std::int64_t stored_generation = 0;
    if (const auto found = records_.find(record.cluster); found != records_.end()) {
      if (found->second.json == json) return Ok();  // A repetition after a lost answer.
      stored_generation = found->second.record->generation;
    }
    if (stored_generation != expected_generation) {
      return Conflict(
          fmt::format("the record of cluster {} was changed by someone else", record.cluster),
          fmt::format("expected generation {}, found {}", expected_generation, stored_generation));
    }
    auto read = TRY(RecordFromJson(json));
    records_[record.cluster] = {std::move(json),
                                std::make_shared<const ClusterRecord>(std::move(read))};
    return Ok();
  });
}

Result<void> FakeDriver::RemoveRecord(const std::string& cluster) {
  return Call<void>("RemoveRecord", cluster, [&]() -> Result<void> {
    records_.erase(cluster);
    return Ok();
  });
}

// ---- Leases ------------------------------------------------------------------------------------

Result<std::unique_ptr<Lease>> FakeDriver::AcquireLease(const std::string& name,
                                                        const Holder& holder, Milliseconds ttl) {
  AliveHook alive;
  std::optional<Holder> current;
  {
    const std::lock_guard lock(mutex_);
    alive = alive_;
    if (const auto found = leases_.find(name); found != leases_.end()) {
      current = found->second.holder;
    }
  }
  bool is_dead = false;
  if (current && !current->machine.empty() && current->machine == holder.machine) {
    is_dead = alive ? !alive(*current) : ProcessStartTime(current->pid) != current->start_time;
  }
  using Answer = std::unique_ptr<Lease>;
  std::uint64_t id = 0;
  Result<void> taken = Call<void>("AcquireLease", name, [&]() -> Result<void> {
    const auto found = leases_.find(name);
    if (found != leases_.end()) {
      const LeaseEntry& entry = found->second;
      const bool same = entry.holder.token == holder.token;
      const bool dead = is_dead && current && entry.holder.token == current->token;
      if (!same && !dead && clock_.Now() < entry.expires) {
        return Conflict(fmt::format("{} is being changed by someone else", name),
                        entry.holder.name);
      }
    }
    id = next_number_++;
    leases_[name] = {.holder = holder, .expires = clock_.Now() + ttl, .ttl = ttl, .id = id};
    return Ok();
  });
  if (!taken) return std::move(taken).error();
  return Answer(std::make_unique<FakeLease>(*this, name, id));
}

Result<void> FakeDriver::RenewLease(const std::string& name, std::uint64_t id) {
  return Call<void>("Renew", name, [&]() -> Result<void> {
    const auto found = leases_.find(name);
    if (found == leases_.end() || found->second.id != id || found->second.lost) {
      return Conflict(fmt::format("the lease on {} was lost", name));
    }
    found->second.expires = clock_.Now() + found->second.ttl;
    return Ok();
  });
}

void FakeDriver::ReleaseLease(const std::string& name, std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(name);
  if (found != leases_.end() && found->second.id == id && !found->second.lost) leases_.erase(found);
}

}  // namespace dbaas

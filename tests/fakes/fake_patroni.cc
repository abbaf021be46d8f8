// SPDX-License-Identifier: MPL-2.0
#include "tests/fakes/fake_patroni.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/hash.h"
#include "engine/dbms/dbms.h"
#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas {
namespace {

constexpr std::string_view kArguments = "ARGUMENTS = json.loads(r'";
constexpr Milliseconds kTtl{20'000};

/// The arguments of a script: JSON in a raw string in its second line.
Json ArgumentsOf(const std::string& script) {
  const auto begin = script.find(kArguments) + kArguments.size();
  const auto end = script.find("')\n", begin);
  return Json::parse(script.substr(begin, end - begin));
}

bool Has(const std::string& script, const char* function) {
  return script.find(function) != std::string::npos;
}

/// The parameters, among those that tests change, that only a restart brings into force.
Json NeedingRestart(const Json& configuration) {
  const Json& parameters = GetMember(GetMember(configuration, "postgresql"), "parameters");
  return {GetMember(parameters, "shared_buffers"), GetMember(parameters, "max_connections")};
}

std::string ScopeOf(const ClusterRecord& record) { return postgresql::Scope(record); }

bool IsSynchronous(const Json& configuration) {
  return GetString(configuration, "synchronous_mode") == "quorum";
}

}  // namespace

FakePatroni::FakePatroni(FakeDriver& host) : host_(host) {
  host.OnExec([this](const FakeExec& exec) { return Answer(exec); });
}

void FakePatroni::TakeTime(Clock& clock, SeededRandom& random) {
  const std::lock_guard lock(mutex_);
  clock_ = &clock;
  random_ = &random;
}

// ---- the members ------------------------------------------------------------------------------

std::vector<FakePatroni::Member> FakePatroni::MembersOf(const std::string& cluster) const {
  std::vector<Member> members;
  std::map<std::string, std::uint64_t> volumes;
  host_.ForEach([&](const FakeObject& held) {
    const Object& object = held.object;
    if (object.member.empty() || object.cluster != cluster) return;
    if (object.id.kind == ObjectKind::kVolume) volumes[object.id.name] = held.incarnation;
    if (object.id.kind != ObjectKind::kInstance) return;
    members.push_back({.name = object.member,
                       .is_candidate = object.part == kClusterPart,
                       .running = held.state == RunState::kRunning,
                       .incarnation = held.incarnation,
                       .starts = held.starts,
                       .mounts = object.instance.mounts.front().volume});
  });
  for (auto& member : members) member.volume = volumes[member.mounts];
  return members;
}

/// Those that run on other data meet under another name.
std::vector<FakePatroni::Member> FakePatroni::MembersOf(const ClusterRecord& record) const {
  auto members = MembersOf(record.cluster);
  std::erase_if(members, [&](const Member& member) {
    return member.mounts != postgresql::VolumeOf(record, member.name);
  });
  return members;
}

const FakePatroni::Member* FakePatroni::Find(const std::vector<Member>& members,
                                             const std::string& name) {
  for (const auto& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

const FakePatroni::Member* FakePatroni::LeaderOf(const std::vector<Member>& members,
                                                 const Cluster& cluster) {
  const Member* leader = Find(members, cluster.leader);
  const bool leads =
      leader != nullptr && leader->running && leader->volume == cluster.leader_volume;
  return leads ? leader : nullptr;
}

bool FakePatroni::HasRows(const ClusterRecord& record, const Member& member) const {
  const auto copy = copies_.find(member.volume);
  return copy != copies_.end() && copy->second.complete && copy->second.scope == ScopeOf(record);
}

// ---- what happens by itself -------------------------------------------------------------------

std::vector<FakePatroni::Member> FakePatroni::Settle(const ClusterRecord& record,
                                                     Cluster& cluster) {
  auto members = MembersOf(record);
  EndLeader(members, cluster);
  if (cluster.leader.empty()) Elect(record, members, cluster);
  Follow(record, members, cluster);
  return members;
}

/// One that was stopped in its own time sent all it had to those that follow, and gave its key
/// away. One that was killed did neither.
void FakePatroni::EndLeader(const std::vector<Member>& members, Cluster& cluster) {
  if (cluster.leader.empty()) return;
  if (LeaderOf(members, cluster) != nullptr) {
    if (cluster.key_ends) cluster.key_ends.reset();  // Back before anyone took its place.
    return;
  }
  if (cluster.key_ends && clock_ != nullptr && Now() < *cluster.key_ends) return;
  if (!cluster.key_ends) {
    // With nobody there to send to, whoever starts first next time may lack a few rows: Patroni
    // allows that much (maximum_lag_on_failover).
    cluster.tail_at_risk = true;
    const std::int64_t last = copies_[cluster.leader_volume].position;
    for (const auto& member : members) {
      if (!member.running || !copies_[member.volume].complete) continue;
      copies_[member.volume].position = last;
      if (member.is_candidate) cluster.tail_at_risk = false;
    }
  }
  cluster.key_ends.reset();
  cluster.leader.clear();
}

/// Who has the most rows leads. An empty volume makes a cluster only once.
void FakePatroni::Elect(const ClusterRecord& record, const std::vector<Member>& members,
                        Cluster& cluster) {
  const Member* best = nullptr;
  for (const auto& member : members) {
    if (!member.running || !member.is_candidate || !HasRows(record, member)) continue;
    if (best == nullptr || copies_[member.volume].position > copies_[best->volume].position) {
      best = &member;
    }
  }
  if (best != nullptr) return Promote(*best, copies_[best->volume], cluster);
  if (cluster.initialized) return;
  for (const auto& member : members) {
    if (!member.running || !member.is_candidate) continue;
    if (record.restoring() != nullptr) {
      harms_.push_back(member.name + " begins empty what was to be restored");
    }
    copies_[member.volume] = {.scope = ScopeOf(record), .complete = true};
    return Promote(member, copies_[member.volume], cluster);
  }
}

void FakePatroni::Promote(const Member& member, const Copy& copy, Cluster& cluster) {
  if (copy.position < cluster.acknowledged && !cluster.tail_at_risk) {
    harms_.push_back("acknowledged rows are gone after the promotion of " + member.name);
  }
  cluster.acknowledged = std::min(cluster.acknowledged, copy.position);
  cluster.tail_at_risk = false;
  cluster.key_ends.reset();
  cluster.initialized = true;
  cluster.leader = member.name;
  cluster.leader_volume = member.volume;
  cluster.leads_since = Now();
  ++cluster.promotions;
}

void FakePatroni::Follow(const ClusterRecord& record, const std::vector<Member>& members,
                         Cluster& cluster) {
  const Member* leader = LeaderOf(members, cluster);
  if (leader == nullptr) return;
  const std::int64_t last = copies_[leader->volume].position;
  for (const auto& member : members) {
    if (!member.running || member.name == leader->name) continue;
    Copy& copy = copies_[member.volume];
    if (copy.scope != ScopeOf(record)) {
      const Milliseconds needed(random_ == nullptr ? 0 : 500 + random_->Below(5000));
      copy = {.scope = ScopeOf(record), .complete_at = Now() + needed};
    }
    if (!copy.complete && Now() >= copy.complete_at) copy.complete = true;
    const bool lags = random_ != nullptr && copy.position < last && random_->Chance(30);
    if (copy.complete && !lags) copy.position = last;
  }
  if (IsSynchronous(cluster.configuration)) {
    // Acknowledged is what a standby has, or what none is there to wait for.
    bool has_standby = false;
    std::int64_t safe = 0;
    for (const auto& member : members) {
      if (!member.running || member.name == leader->name || !member.is_candidate) continue;
      if (!HasRows(record, member)) continue;
      has_standby = true;
      safe = std::max(safe, copies_[member.volume].position);
    }
    cluster.acknowledged = std::max(cluster.acknowledged, has_standby ? safe : last);
  } else {
    cluster.acknowledged = std::max(cluster.acknowledged, last);
  }
}

// ---- what tests do and ask ---------------------------------------------------------------------

void FakePatroni::Write(const std::string& name) {
  const auto record = host_.StoredRecord(name);
  if (!record) return;
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(*record)];
  const auto members = Settle(*record, cluster);
  const Member* leader = LeaderOf(members, cluster);
  if (leader == nullptr) return;
  ++copies_[leader->volume].position;
  Settle(*record, cluster);
}

void FakePatroni::SpoilData(const std::string& cluster) {
  const auto record = host_.StoredRecord(cluster);
  const std::lock_guard lock(mutex_);
  for (const auto& member : MembersOf(*record)) {
    copies_[member.volume].complete = false;
    copies_[member.volume].complete_at = TimePoint::max();
  }
  clusters_[ScopeOf(*record)].leader.clear();
}

void FakePatroni::FailNextRestore(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  restore_failure_ = reason;
}

void FakePatroni::FailNextBackup(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  backup_failure_ = reason;
}

void FakePatroni::FailBehindNextBackup(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  late_backup_failure_ = reason;
}

void FakePatroni::SetServerClock(TimePoint now) {
  const std::lock_guard lock(mutex_);
  server_clock_ = now;
}

std::string FakePatroni::BackupSource() {
  const std::lock_guard lock(mutex_);
  return backup_source_;
}

void FakePatroni::ServeFollowers(bool serves) {
  const std::lock_guard lock(mutex_);
  serves_followers_ = serves;
}

void FakePatroni::HideBackups(bool hidden) {
  const std::lock_guard lock(mutex_);
  hidden_backups_ = hidden;
}

void FakePatroni::SetArchiving(const Archiving& archiving) {
  const std::lock_guard lock(mutex_);
  archiving_ = archiving;
}

void FakePatroni::Died(const std::string& member) {
  const std::lock_guard lock(mutex_);
  for (auto& [scope, cluster] : clusters_) {
    if (cluster.leader != member || cluster.key_ends) continue;
    cluster.key_ends = Now() + kTtl;
    cluster.tail_at_risk = true;
  }
}

void FakePatroni::MayLose(const std::string& name) {
  const auto record = host_.StoredRecord(name);
  if (!record) return;
  const std::lock_guard lock(mutex_);
  clusters_[ScopeOf(*record)].tail_at_risk = true;
}

void FakePatroni::FailOver(const std::string& name) {
  const auto record = host_.StoredRecord(name);
  if (!record) return;
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(*record)];
  const auto members = Settle(*record, cluster);
  for (const auto& member : members) {
    if (member.name == cluster.leader || !member.running || !member.is_candidate) continue;
    if (!HasRows(*record, member)) continue;
    cluster.tail_at_risk = true;
    return Promote(member, copies_[member.volume], cluster);
  }
}

std::optional<TimePoint> FakePatroni::LeadsSince(const std::string& name,
                                                 const std::string& member) {
  const auto record = host_.StoredRecord(name);
  if (!record) return std::nullopt;
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(*record)];
  const auto members = Settle(*record, cluster);
  const Member* leader = LeaderOf(members, cluster);
  if (leader == nullptr || leader->name != member) return std::nullopt;
  return cluster.leads_since;
}

bool FakePatroni::HasSuccessor(const std::string& name, const std::string& without,
                               const std::set<std::string>& wanted) {
  const auto record = host_.StoredRecord(name);
  if (!record) return false;
  const std::lock_guard lock(mutex_);
  const auto members = Settle(*record, clusters_[ScopeOf(*record)]);
  return std::any_of(members.begin(), members.end(), [&](const Member& member) {
    return member.name != without && wanted.contains(member.name) && member.running &&
           member.is_candidate && HasRows(*record, member);
  });
}

bool FakePatroni::IsSafeWithout(const std::string& name, const std::string& volume,
                                const std::set<std::string>& wanted) {
  const auto record = host_.StoredRecord(name);
  if (!record) return false;
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(*record)];
  Settle(*record, cluster);
  // Until what was restored is served, what was there before is all there is.
  if (!cluster.initialized) return !record->in_place || volume.empty();
  bool safe = false;
  host_.ForEach([&](const FakeObject& held) {
    const Object& object = held.object;
    if (object.id.kind != ObjectKind::kVolume || object.cluster != name) return;
    if (object.id.name == volume || !wanted.contains(object.member)) return;
    if (object.part != kClusterPart) return;  // A replica's can never lead.
    const auto copy = copies_.find(held.incarnation);
    if (copy == copies_.end() || !copy->second.complete) return;
    if (copy->second.scope != ScopeOf(*record)) return;
    if (cluster.tail_at_risk || copy->second.position >= cluster.acknowledged) safe = true;
  });
  return safe;
}

std::vector<std::string> FakePatroni::TakeHarms() {
  const std::lock_guard lock(mutex_);
  return std::exchange(harms_, {});
}

std::string FakePatroni::Primary(const std::string& name) {
  const auto record = host_.StoredRecord(name);
  if (!record) return {};
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(*record)];
  Settle(*record, cluster);
  return cluster.leader;
}

int FakePatroni::Restarts(const std::string& member) {
  const std::lock_guard lock(mutex_);
  return restarts_[member];
}

int FakePatroni::Reloads(const std::string& member) {
  const std::lock_guard lock(mutex_);
  return reloads_[member];
}

std::set<std::string> FakePatroni::Logins(const std::string& name) {
  const auto record = host_.StoredRecord(name);
  if (!record) return {};
  const std::lock_guard lock(mutex_);
  return clusters_[ScopeOf(*record)].logins;
}

// ---- the scripts ------------------------------------------------------------------------------

std::string FakePatroni::RoleOf(const Cluster& cluster, const Member& member) {
  if (member.name == cluster.leader) return "leader";
  return IsSynchronous(cluster.configuration) && member.is_candidate ? "quorum_standby" : "replica";
}

Json FakePatroni::Probe(const std::string& asked, const ClusterRecord& record, Cluster& cluster) {
  const auto members = Settle(record, cluster);
  const Member* leader = LeaderOf(members, cluster);
  Json entries = Json::array();
  Json statuses = Json::object();
  for (const auto& member : members) {
    const bool leads = &member == leader;
    if (!member.running && member.name != cluster.leader) continue;
    entries.push_back({{"name", member.name}, {"role", RoleOf(cluster, member)}});
    if (!member.running) continue;  // Its key outlives it.
    const Json wanted = NeedingRestart(cluster.configuration);
    Start& start = cluster.started[member.name];
    if (start.incarnation != member.incarnation || start.starts != member.starts) {
      start = {.incarnation = member.incarnation, .starts = member.starts, .in_force = wanted};
    }
    const bool runs = leads || HasRows(record, member);
    statuses[member.name] = {{"state", runs ? "running" : "creating replica"},
                             {"role", leads ? "primary" : "replica"},
                             {"server_version", 170012},
                             {"pending_restart", runs && start.in_force != wanted}};
    if (!leads && leader != nullptr && runs)
      statuses[member.name]["replication_state"] = "streaming";
  }
  Json database = {{"roles", nullptr}, {"databases", nullptr}};
  if (cluster.has_role_and_database) {
    for (const auto& [key, value] : cluster.settings) {
      const std::string name = key.substr(key.find('.') + 1);
      if (key.starts_with("role.")) database["roles"][name] = value.Reveal();
      if (key.starts_with("database.")) database["databases"][name] = value.Reveal();
    }
  }
  return {{"self", statuses[asked]},
          {"cluster", {{"members", entries}}},
          {"members", statuses},
          {"config", cluster.configuration},
          {"database", database}};
}

void FakePatroni::ApplySettings(const ClusterRecord& record, Cluster& cluster,
                                const Json& arguments) {
  cluster.configuration.merge_patch(arguments["patch"]);
  // The first one only confirms what the cluster was made with.
  if (!cluster.has_role_and_database) cluster.started.clear();
  cluster.has_role_and_database = true;
  if (const auto desired = FindDbms("postgresql")->Expand(record)) {
    cluster.settings = desired->settings;
  }
}

/// Patroni refuses a candidate that does not follow; the old primary stops before the new one
/// begins, so nothing is lost.
ExecResult FakePatroni::SwitchOver(const ClusterRecord& record, Cluster& cluster,
                                   const Json& arguments) {
  const auto members = Settle(record, cluster);
  if (cluster.leader != GetString(arguments, "from")) return ExecResult{};
  const Member* from = LeaderOf(members, cluster);
  const Member* to = Find(members, GetString(arguments, "to"));
  if (from == nullptr || to == nullptr || !to->running || !to->is_candidate ||
      !HasRows(record, *to)) {
    return ExecResult{.exit_code = 1, .errors = "switchover is not possible: no good candidate"};
  }
  copies_[to->volume].position = copies_[from->volume].position;
  Promote(*to, copies_[to->volume], cluster);
  return ExecResult{};
}

bool FakePatroni::MayAcceptWrites(const std::string& member, std::uint64_t volume) const {
  const auto instance = host_.Find({ObjectKind::kInstance, member});
  if (!instance || instance->state != RunState::kRunning) return false;
  const auto mounted =
      host_.Find({ObjectKind::kVolume, instance->object.instance.mounts.front().volume});
  return mounted && mounted->incarnation == volume;
}

/// Whoever loses its key while it leads goes on for a moment beside the next one.
void FakePatroni::TakeLeaderKey(const std::string& scope, Cluster& cluster) {
  if (cluster.leader.empty()) return;
  if (MayAcceptWrites(cluster.leader, cluster.leader_volume)) {
    harms_.push_back("the leader key of " + scope + " was deleted while " + cluster.leader +
                     " may still accept writes");
  }
  cluster.leader.clear();
}

void FakePatroni::ForgetKeys(const std::string& prefix) {
  for (auto& [scope, cluster] : clusters_) {
    if (prefix == "/dbaas/" + scope + "/") TakeLeaderKey(scope, cluster);
  }
  std::erase_if(clusters_,
                [&](const auto& entry) { return prefix == "/dbaas/" + entry.first + "/"; });
}

/// One life of one leader, as the key's revision is.
std::int64_t FakePatroni::ClaimOf(const std::vector<Member>& members, const Cluster& cluster) {
  if (cluster.leader.empty()) return 0;
  const Member* leader = Find(members, cluster.leader);
  const std::int64_t life =
      leader == nullptr ? 0
                        : static_cast<std::int64_t>(leader->incarnation) * 1000 + leader->starts;
  return cluster.promotions * 1'000'000 + life;
}

/// As far as claim.cc goes: a look at the leader's key, or its passing on to somebody when it still
/// is what was seen.
ExecResult FakePatroni::Transact(const std::string& input) {
  const auto entry = [](const std::string& key, const std::string& value, std::int64_t revision) {
    Json list = Json::array();
    if (!value.empty()) {
      list.push_back({{"key", Base64(key)}, {"value", Base64(value)}, {"mod_revision", revision}});
    }
    return Json({{"Response", {{"response_range", {{"kvs", list}}}}}});
  };
  for (auto& [scope, cluster] : clusters_) {
    const std::string leader_key = "/dbaas/" + scope + "/leader";
    if (input.find(leader_key) == std::string::npos) continue;
    const std::string name = scope.substr(0, scope.rfind('-'));
    const auto record = host_.StoredRecord(name);
    const auto members = record && ScopeOf(*record) == scope ? MembersOf(*record) : MembersOf(name);
    const std::int64_t claim = ClaimOf(members, cluster);
    const std::string named = R"({\"member\":\")";
    const auto found = input.find(named);
    const std::string as_seen = fmt::format("mod(\"{}\") = \"{}\"", leader_key, claim);
    if (found == std::string::npos || input.find(as_seen) == std::string::npos) {
      const Json responses = {entry(leader_key, cluster.leader, claim),
                              entry("/dbaas/" + scope + "/config", "{}", 1)};
      return {.output = Dump({{"responses", responses}})};
    }
    const auto begin = found + named.size();
    const std::string to = input.substr(begin, input.find('\\', begin) - begin);
    TakeLeaderKey(scope, cluster);
    for (const auto& member : members) {
      if (member.name == to) Promote(member, copies_[member.volume], cluster);
    }
    return {.output = R"({"responses":[{"Response":{"response_put":{}}}]})"};
  }
  return {.exit_code = 1, .errors = "no such cluster"};
}

/// What comes of it, good or bad, is nobody's data.
ExecResult FakePatroni::Verify(const Json& arguments) {
  if (!restore_failure_.empty()) {
    return {.exit_code = 1, .errors = std::exchange(restore_failure_, "") + "\n"};
  }
  return {.output = arguments.contains("mark") ? "backup-1" : ""};
}

/// The rows are there before the member is.
ExecResult FakePatroni::Restore(const ClusterRecord& record, const FakeObject& workbench) {
  for (const auto& member : MembersOf(record.cluster)) {
    const auto copy = copies_.find(member.volume);
    if (!member.running || copy == copies_.end() || copy->second.scope == ScopeOf(record)) continue;
    harms_.push_back(member.name + " still serves what is being left");
  }
  if (!restore_failure_.empty()) {
    return {.exit_code = 1, .errors = std::exchange(restore_failure_, "") + "\n"};
  }
  const auto volume =
      host_.Find({ObjectKind::kVolume, workbench.object.instance.mounts.front().volume});
  if (!volume) return {.exit_code = 1, .errors = "the volume is not mounted\n"};
  Copy& copy = copies_[volume->incarnation];  // What is done has a mark in it, and stays.
  if (copy.scope != ScopeOf(record)) copy = {.scope = ScopeOf(record), .complete = true};
  return {};
}

void FakePatroni::Annotate(const std::string& note, Json& backup) {
  if (!note.empty())
    backup["annotation"][note.substr(0, note.find('='))] = note.substr(note.find('=') + 1);
}

ExecResult FakePatroni::RemoveBackups(const Json& arguments, Json& backups) {
  const auto names = [&](const char* key, const Json& backup) {
    const auto list = arguments.at(key).get<std::vector<std::string>>();
    return std::find(list.begin(), list.end(), GetString(backup, "label")) != list.end();
  };
  Json left = Json::array();
  for (auto& backup : backups) {
    if (names("left_alone", backup)) Annotate(GetString(arguments, "annotation"), backup);
    if (!names("removed", backup)) left.push_back(backup);
  }
  backups = std::move(left);
  return {};
}

std::int64_t SecondsOf(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// Whether pgBackRest refuses a backup: a full one while another begins later, the others while one
/// on the same full one does.
bool LiesAhead(const Json& backups, const std::string& type, std::int64_t began) {
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    const bool is_full = GetString(*backup, "type") == "full";
    const bool counts = is_full == (type == "full");
    if (counts && GetInt(GetMember(*backup, "timestamp"), "start") > began) return true;
    if (is_full) return false;
  }
  return false;
}

/// A repository that fails only on demand, as pgBackRest tells of it.
ExecResult FakePatroni::BackUp(const Json& arguments, const std::string& member, Json& backups) {
  const std::string task = GetString(arguments, "task");
  if (task == "prove") return {};
  if (task == "remove") return RemoveBackups(arguments, backups);
  if (task == "complete") return {.output = "1"};
  if (task == "archiving") {
    return {.output =
                Dump({{"problem", archiving_.problem}, {"room_bytes", archiving_.room_bytes}})};
  }
  if (task != "list") {
    if (!backup_failure_.empty()) {
      return {.exit_code = 1, .errors = std::exchange(backup_failure_, "") + "\n"};
    }
    backup_source_ = member;
    const std::string type = backups.empty() ? "full" : task;
    const std::int64_t number = ++backups_taken_;
    const std::int64_t began = server_clock_ ? SecondsOf(*server_clock_) : number * 60;
    if (LiesAhead(backups, type, began)) {
      return {.exit_code = 1, .errors = "the latest backup was taken while the clock was ahead\n"};
    }
    backups.push_back({{"label", fmt::format("backup-{}", number)},
                       {"type", type},
                       {"error", false},
                       {"annotation", Json::object()},
                       {"timestamp", {{"start", began}, {"stop", began + 1}}}});
    Annotate(GetString(arguments, "annotation"), backups.back());
    if (!late_backup_failure_.empty()) {
      return {.exit_code = 1, .errors = std::exchange(late_backup_failure_, "") + "\n"};
    }
    return {};
  }
  if (hidden_backups_) {
    const Json stanza = {{"status", {{"code", 99}, {"message", "the bucket is away"}}},
                         {"backup", Json::array()}};
    return {.output = Dump({{"info", {stanza}}})};
  }
  const Json log = {{"max", "000000010000000000000007"}};
  const Json stanza = {{"status", {{"code", backups.empty() ? 2 : 0}}},
                       {"backup", backups},
                       {"archive", Json::array({log})}};
  return {.output = Dump({{"info", {stanza}}})};
}

Result<ExecResult> FakePatroni::Answer(const FakeExec& exec) {
  if (!exec.argv.empty() && exec.argv.front() == "etcdctl") {
    const std::lock_guard lock(mutex_);
    if (exec.argv.back() == "txn") return Transact(exec.input);
    ForgetKeys(exec.argv.back());
    return ExecResult{};
  }
  if (exec.argv.empty() || exec.argv.front() != "python3") return ExecResult{};
  const auto instance = host_.Find({ObjectKind::kInstance, exec.instance});
  if (!instance) return NotFound("no such instance");
  const auto stored = host_.StoredRecord(instance->object.cluster);
  const ClusterRecord none;
  const ClusterRecord& record = stored ? *stored : none;
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[ScopeOf(record)];
  if (Has(exec.input, "def probe")) {
    return ExecResult{.output = Dump(Probe(exec.instance, record, cluster))};
  }
  const Json arguments = ArgumentsOf(exec.input);
  if (arguments.contains("to")) return SwitchOver(record, cluster, arguments);
  const auto members = Settle(record, cluster);
  if (arguments.contains("login")) {
    if (cluster.leader != exec.instance) {
      return ExecResult{.exit_code = 1, .errors = "this member is read-only\n"};
    }
    const std::string role = GetString(arguments, "login");
    const std::string sql = GetString(arguments, "sql");
    if (sql.empty()) cluster.logins.erase(role);
    if (Has(sql, "CREATE ROLE")) cluster.logins.insert(role);
    if (sql.empty() || cluster.logins.contains(role)) return ExecResult{};
    return ExecResult{.exit_code = 1, .errors = "role does not exist\n"};
  }
  if (instance->object.part == kVerificationPart) return Verify(arguments);
  if (arguments.contains("mark")) return Restore(record, *instance);
  if (arguments.contains("stanza")) {
    const Json& through = GetMember(arguments, "through");
    const std::string by = through.is_object() ? GetString(through, "primary") : exec.instance;
    const bool looks = GetString(arguments, "task") == "list";
    if (cluster.leader != by && !looks) {
      return ExecResult{.exit_code = 1, .errors = "unable to find primary cluster\n"};
    }
    if (arguments.contains("follower")) return ExecResult{.output = serves_followers_ ? "8" : ""};
    auto& backups =
        backups_.try_emplace(postgresql::Incarnation(record), Json::array()).first->second;
    return BackUp(arguments, exec.instance, backups);
  }
  if (arguments.contains("patch")) {
    if (clock_ != nullptr && cluster.leader != exec.instance) {
      return ExecResult{.exit_code = 1, .errors = "this member is replica running"};
    }
    ApplySettings(record, cluster, arguments);
  } else if (Has(exec.input, "\"/reload\"")) {
    ++reloads_[exec.instance];
  } else {
    if (const Member* member = Find(members, exec.instance)) {
      cluster.started[exec.instance] = {.incarnation = member->incarnation,
                                        .starts = member->starts,
                                        .in_force = NeedingRestart(cluster.configuration)};
    }
    ++restarts_[exec.instance];
  }
  return ExecResult{};
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "tests/fakes/fake_patroni.h"

#include <algorithm>

#include "engine/dbms/dbms.h"
#include "engine/dbms/postgresql/dynamic_configuration.h"

namespace dbaas {
namespace {

constexpr std::string_view kArguments = "ARGUMENTS = json.loads(";

/// The arguments of a script: JSON in a string in its second line.
Json ArgumentsOf(const std::string& script) {
  const auto begin = script.find(kArguments) + kArguments.size();
  const auto end = script.find(")\n", begin);
  const Json quoted = Json::parse(script.substr(begin, end - begin));
  return Json::parse(quoted.get<std::string>());
}

bool Has(const std::string& script, const char* function) {
  return script.find(function) != std::string::npos;
}

/// The parameters, among those that tests change, that only a restart brings into force.
Json NeedingRestart(const Json& configuration) {
  const Json& parameters = GetMember(GetMember(configuration, "postgresql"), "parameters");
  return {GetMember(parameters, "shared_buffers"), GetMember(parameters, "max_connections")};
}

}  // namespace

FakePatroni::FakePatroni(FakeDriver& host) : host_(host) {
  host.OnExec([this](const FakeExec& exec) { return Answer(exec); });
}

std::vector<std::string> FakePatroni::Running(const std::string& cluster) {
  std::vector<std::string> members;
  for (const auto& object : host_.Objects()) {
    if (object.object.cluster == cluster && object.object.id.kind == ObjectKind::kInstance &&
        !object.object.member.empty() && object.state == RunState::kRunning) {
      members.push_back(object.object.member);
    }
  }
  return members;
}

/// A leader stays while it runs; otherwise the first running candidate takes over.
void FakePatroni::Elect(const ClusterRecord& record, Cluster& cluster) {
  const auto running = Running(record.cluster);
  if (std::count(running.begin(), running.end(), cluster.primary) > 0) return;
  cluster.primary.clear();
  for (const auto& member : running) {
    const auto object = host_.Find({ObjectKind::kInstance, member});
    if (object && object->object.part == kClusterPart) {
      cluster.primary = member;
      return;
    }
  }
}

std::string FakePatroni::RoleOf(const ClusterRecord& record, const Cluster& cluster,
                                const std::string& name) {
  if (name == cluster.primary) return "leader";
  const auto replicas = record.replicas();
  const bool is_replica = std::any_of(replicas.begin(), replicas.end(), [&](const auto& replica) {
    return name == record.cluster + "-" + replica.name;
  });
  const bool is_quorum = GetString(cluster.configuration, "synchronous_mode") == "quorum";
  return is_quorum && !is_replica ? "quorum_standby" : "replica";
}

Json FakePatroni::Probe(const std::string& member, const ClusterRecord& record, Cluster& cluster) {
  Json entries = Json::array();
  Json statuses = Json::object();
  for (const auto& name : Running(record.cluster)) {
    const bool leads = name == cluster.primary;
    const Json wanted = NeedingRestart(cluster.configuration);
    Json& in_force = cluster.in_force.try_emplace(name, wanted).first->second;
    entries.push_back({{"name", name}, {"role", RoleOf(record, cluster, name)}});
    statuses[name] = {{"state", "running"},
                      {"role", leads ? "primary" : "replica"},
                      {"server_version", 170012},
                      {"pending_restart", in_force != wanted}};
    if (!leads && !cluster.primary.empty()) statuses[name]["replication_state"] = "streaming";
  }
  Json database = {{"roles", nullptr}, {"databases", nullptr}};
  if (cluster.has_role_and_database) {
    const auto desired = FindDbms("postgresql")->Expand(record);
    for (const auto& [key, value] : desired->settings) {
      const std::string name = key.substr(key.find('.') + 1);
      if (key.starts_with("role.")) database["roles"][name] = value.Reveal();
      if (key.starts_with("database.")) database["databases"][name] = value.Reveal();
    }
  }
  return {{"self", statuses[member]},
          {"cluster", {{"members", entries}}},
          {"members", statuses},
          {"config", cluster.configuration},
          {"database", database}};
}

Result<ExecResult> FakePatroni::Answer(const FakeExec& exec) {
  if (exec.argv.empty() || exec.argv.front() != "python3") return ExecResult{};
  const auto instance = host_.Find({ObjectKind::kInstance, exec.instance});
  if (!instance) return NotFound("no such instance");
  ClusterRecord record;
  const auto records = host_.ReadRecords();
  if (!records) return records.error();
  for (const auto& candidate : *records) {
    if (candidate.cluster == instance->object.cluster) record = candidate;
  }
  const std::lock_guard lock(mutex_);
  Cluster& cluster = clusters_[record.uid];
  Elect(record, cluster);
  if (Has(exec.input, "def probe")) {
    return ExecResult{.output = Dump(Probe(exec.instance, record, cluster))};
  }
  const Json arguments = ArgumentsOf(exec.input);
  if (arguments.contains("patch")) {
    cluster.configuration.merge_patch(arguments["patch"]);
    // The first one only confirms what the cluster was made with.
    if (!cluster.has_role_and_database) cluster.in_force.clear();
    cluster.has_role_and_database = true;
  } else if (arguments.contains("to")) {
    if (cluster.primary == GetString(arguments, "from")) {
      cluster.primary = GetString(arguments, "to");
    }
  } else {
    cluster.in_force[exec.instance] = NeedingRestart(cluster.configuration);
    ++restarts_[exec.instance];
  }
  return ExecResult{};
}

std::string FakePatroni::Primary(const std::string& cluster) {
  const auto record = host_.ReadRecord(cluster);
  if (!record || !*record) return {};
  const std::lock_guard lock(mutex_);
  Elect(**record, clusters_[(*record)->uid]);
  return clusters_[(*record)->uid].primary;
}

int FakePatroni::Restarts(const std::string& member) {
  const std::lock_guard lock(mutex_);
  return restarts_[member];
}

}  // namespace dbaas

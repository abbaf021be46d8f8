// SPDX-License-Identifier: MPL-2.0
#include "tests/lifecycle/fake_engine.h"

#include <algorithm>
#include <utility>

namespace dbaas {
namespace {

constexpr int kFirstPort = 15432;

/// What the real one would have found after an apply.
void MakeRun(ClusterView& view) {
  view.status = "running";
  view.address = "127.0.0.1";
  view.version_actual = "17.6";
  view.ca_certificate_pem = "PEM";
  view.members.clear();
  view.drift.clear();
  for (auto& [key, part] : view.parts) {
    if (auto* spec = std::get_if<ClusterSpec>(&part)) {
      spec->password.reset();
      view.port = spec->port.value_or(view.port == 0 ? kFirstPort : view.port);
      view.reader_port =
          spec->reader_port.value_or(view.reader_port == 0 ? kFirstPort + 1 : view.reader_port);
      for (int i = 1; i <= spec->node_count; ++i) {
        view.members.push_back({.name = spec->name + "-" + std::to_string(i), .part = key});
      }
    } else {
      const std::string name = view.id.cluster + "-" + std::get<ReplicaSpec>(part).name;
      view.members.push_back(
          {.name = name, .part = key, .port = kFirstPort + 2, .address = view.address});
    }
  }
}

}  // namespace

FakeWorld& World() {
  static FakeWorld world;
  return world;
}

struct Engine::Impl {
  std::vector<std::string> hosts;
};

Engine::Engine(const std::vector<HostConfig>& hosts, Clock&, Random&) : impl_(new Impl) {
  for (const auto& host : hosts) impl_->hosts.push_back(host.name);
  World().hosts = hosts;
}

Engine::Engine(std::vector<std::shared_ptr<Driver>> drivers, Clock&, Random&) : impl_(new Impl) {
  for (const auto& driver : std::exchange(drivers, {})) impl_->hosts.push_back(driver->Host());
}

Engine::~Engine() = default;

std::vector<std::string> Engine::Hosts() const { return impl_->hosts; }

std::vector<std::pair<std::string, std::string>> Engine::EngineVersions() {
  return {{"postgresql", "17"}, {"postgresql", "15"}};
}

std::vector<Error> Engine::Validate(const PartSpec& spec) {
  World().validated.push_back(spec);
  return World().complaints;
}

Result<void> Engine::CheckHost(const PartChange&) {
  if (World().fail_check) return *World().fail_check;
  return Ok();
}

Result<Preview> Engine::Plan(const PartChange& change) {
  World().planned.push_back(change);
  if (World().fail_plan) return *World().fail_plan;
  return Preview{.plan = {.actions = {}, .disruption = World().disruption},
                 .warnings = World().warnings};
}

void Engine::Settle() {}

Result<ClusterView> Engine::Apply(const PartChange& change, Progress& progress,
                                  std::stop_token stop) {
  World().applied.push_back(change);
  const std::stop_token token = std::move(stop);
  World().stopped = token.stop_requested();
  progress.Note("applying");
  progress.Began(0, 1, "+ instance");
  progress.Ended(1, 1, "+ instance", "", Milliseconds(5));
  if (World().fail_apply) return *World().fail_apply;
  ClusterView& view = World().clusters[change.id.ToText()];
  view.id = change.id;
  if (change.verb == PartChange::Verb::kDelete) {
    view.parts.erase(change.key);
  } else {
    view.parts.insert_or_assign(change.key, *change.spec);
  }
  MakeRun(view);
  const ClusterView result = view;
  if (change.verb == PartChange::Verb::kDelete && change.key == kClusterPart) {
    World().clusters.erase(change.id.ToText());
  }
  return result;
}

Result<dbaas::Plan> Engine::PlanMaintenance(const Maintenance&) {
  if (World().fail_maintain) return *World().fail_maintain;
  return dbaas::Plan{.actions = {}, .disruption = World().disruption};
}

Result<void> Engine::Maintain(const Maintenance& wanted, Progress& progress, std::stop_token stop) {
  World().maintained.push_back(wanted);
  progress.Began(0, 1, "restart orders-1");
  if (World().while_maintaining) World().while_maintaining(stop);
  if (World().fail_maintain) return *World().fail_maintain;
  if (stop.stop_requested()) return Cancelled("stopped");
  progress.Ended(1, 1, "restart orders-1", "", Milliseconds(5));
  return Ok();
}

Result<std::optional<ClusterView>> Engine::Read(const ClusterId& id, ReadDepth) {
  ++World().reads;
  if (World().fail_read) return *World().fail_read;
  const auto found = World().clusters.find(id.ToText());
  if (found == World().clusters.end()) return std::optional<ClusterView>();
  return std::optional(found->second);
}

Result<std::vector<ClusterView>> Engine::List(const std::string& host, ReadDepth) {
  const auto& hosts = impl_->hosts;
  if (!host.empty() && std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
    return Invalid("host_name", "there is no host called " + host);
  }
  if (World().fail_read) return *World().fail_read;
  std::vector<ClusterView> views;
  for (const auto& [id, view] : World().clusters) {
    if (host.empty() || view.id.host == host) views.push_back(view);
  }
  return views;
}

Result<BackupCatalogue> Engine::Backups(const ClusterId&) { return BackupCatalogue(); }

Result<Credentials> Engine::ReadCredentials(const ClusterId& id) {
  if (!World().clusters.contains(id.ToText())) {
    return NotFound("cluster " + id.ToText() + " does not exist").On("cluster_id");
  }
  return Credentials{.username = "admin", .password = Secret<std::string>("hush")};
}

Result<Credentials> Engine::OpenLogin(const ClusterId& id, Login wanted) {
  if (!World().clusters.contains(id.ToText())) {
    return NotFound("cluster " + id.ToText() + " does not exist").On("cluster_id");
  }
  wanted.role = "dbaas_login_" + std::to_string(World().logins.size());
  World().logins[wanted.role] = wanted;
  return Credentials{.username = wanted.role, .password = Secret<std::string>("brief")};
}

Result<void> Engine::RenewLogin(const ClusterId&, const Login& login) {
  if (World().fail_login) return *World().fail_login;
  World().logins.at(login.role).ttl += login.ttl;
  return Ok();
}

Result<void> Engine::CloseLogin(const ClusterId&, const std::string& role) {
  if (World().fail_login) return *World().fail_login;
  World().logins.erase(role);
  return Ok();
}

Result<ClusterId> Engine::ParseClusterId(const std::string& text) const {
  const auto slash = text.find('/');
  if (slash == std::string::npos) return ClusterId{impl_->hosts.front(), text};
  return ClusterId{text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/translate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace dbaas::docker {
namespace {

std::string ObjectLabel(const ObjectId& id) {
  return fmt::format("{}/{}", ToString(id.kind), id.name);
}

/// The docker command's word for an object's kind, which is what people will look for.
const char* DockerWord(ObjectKind kind) {
  return kind == ObjectKind::kInstance ? "container" : ToString(kind);
}

std::string PortKey(const Port& port) { return fmt::format("{}/tcp", port.container_port); }

std::set<int> HostPorts(const InstanceSpec& instance) {
  std::set<int> ports;
  for (const Port& port : instance.ports) {
    if (port.host_port != 0) ports.insert(port.host_port);
  }
  return ports;
}

/// The same, read from a container's labels.
std::set<int> ReservedPorts(const Json& labels) {
  std::set<int> ports;
  std::istringstream numbers(GetString(labels, kLabelPorts));
  for (std::string number; std::getline(numbers, number, ',');) {
    const int port = std::atoi(number.c_str());
    if (port > 0) ports.insert(port);
  }
  return ports;
}

std::optional<ObservedObject> ReadObject(ObjectKind kind, const Json& labels,
                                         const std::optional<std::string>& cluster) {
  const Owner owner = ReadOwner(labels);
  const std::string prefix = fmt::format("{}/", ToString(kind));
  if (!owner.managed || !owner.object.starts_with(prefix)) return std::nullopt;
  if (cluster && owner.cluster != *cluster) return std::nullopt;
  return ObservedObject{.id = {kind, owner.object.substr(prefix.size())},
                        .cluster = owner.cluster,
                        .part = GetString(labels, kLabelPart),
                        .member = GetString(labels, kLabelMember),
                        .fingerprint = owner.fingerprint};
}

/// "Exited (137) 3 minutes ago" → "exited (137) 3 minutes ago": it goes into sentences.
std::string StateDetail(const Json& container) {
  // The engine calls a paused container "Up 5 minutes (Paused)", which begins like good news.
  if (GetString(container, "State") == "paused") return "paused";
  std::string detail = GetString(container, "Status");
  if (!detail.empty()) {
    detail[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(detail[0])));
  }
  return detail.empty() ? GetString(container, "State") : detail;
}

}  // namespace

Json LabelsOf(const Object& object) {
  Json labels = {{kLabelManagedBy, kManagedBy},
                 {kLabelCluster, object.cluster},
                 {kLabelPart, object.part},
                 {kLabelMember, object.member},
                 {kLabelObject, ObjectLabel(object.id)},
                 {kLabelFingerprint, object.fingerprint}};
  const std::set<int> ports = HostPorts(object.instance);
  if (!ports.empty()) labels[std::string(kLabelPorts)] = fmt::format("{}", fmt::join(ports, ","));
  return labels;
}

Json NetworkBody(const Object& object) {
  // CheckDuplicate: engines before API 1.44 would otherwise make two networks of one name.
  return {{"Name", object.id.name},
          {"Driver", "bridge"},
          {"CheckDuplicate", true},
          {"Labels", LabelsOf(object)}};
}

Json VolumeBody(const Object& object) {
  Json body = {{"Name", object.id.name}, {"Driver", "local"}, {"Labels", LabelsOf(object)}};
  if (!object.directory.empty()) {
    body["DriverOpts"] = {{"type", "none"}, {"o", "bind"}, {"device", object.directory}};
  }
  return body;
}

Json ContainerBody(const Object& object, const DockerClient::Machine& machine) {
  const InstanceSpec& instance = object.instance;
  Json environment = Json::array();
  for (const auto& [name, value] : instance.environment) {
    environment.push_back(fmt::format("{}={}", name, value));
  }

  Json exposed = Json::object();
  Json bindings = Json::object();
  for (const Port& port : instance.ports) {
    exposed[PortKey(port)] = Json::object();
    if (port.host_port == 0) continue;
    // An empty address means all of them, IPv4 and IPv6.
    bindings[PortKey(port)].push_back({{"HostIp", port.public_address ? "" : "127.0.0.1"},
                                       {"HostPort", std::to_string(port.host_port)}});
  }

  Json mounts = Json::array();
  for (const Mount& mount : instance.mounts) {
    mounts.push_back({{"Type", "volume"}, {"Source", mount.volume}, {"Target", mount.path}});
  }
  if (instance.control_socket) {
    mounts.push_back(
        {{"Type", "bind"}, {"Source", machine.control_socket}, {"Target", kDefaultSocket}});
  }

  Json host = {
      {"Mounts", mounts},
      {"PortBindings", bindings},
      {"RestartPolicy", {{"Name", "unless-stopped"}}},
      {"SecurityOpt", Json::array({"no-new-privileges"})},
      {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "10m"}, {"max-file", "3"}}}}}};
  if (machine.has_init) host["Init"] = true;
  if (instance.resources.memory_bytes > 0) host["Memory"] = instance.resources.memory_bytes;
  if (instance.resources.cpu > 0) {
    // The engine refuses a limit above what its machine has; such a limit limits nothing anyway.
    const double cpus =
        machine.cpus > 0 ? std::min(instance.resources.cpu, machine.cpus) : instance.resources.cpu;
    host["NanoCpus"] = std::llround(cpus * 1e9);
  }
  if (instance.shm_bytes > 0) host["ShmSize"] = instance.shm_bytes;

  Json body = {{"Image", instance.image},    {"Hostname", object.id.name},
               {"Env", environment},         {"ExposedPorts", exposed},
               {"Labels", LabelsOf(object)}, {"StopTimeout", instance.stop_timeout_seconds}};
  if (!instance.command.empty()) body["Cmd"] = instance.command;
  if (!instance.stop_signal.empty()) body["StopSignal"] = instance.stop_signal;
  if (!instance.networks.empty()) {
    // One network here, the others are connected before the start: engines before API 1.44 take
    // only one.
    const std::string& first = instance.networks.front();
    host["NetworkMode"] = first;
    body["NetworkingConfig"] = {
        {"EndpointsConfig", {{first, {{"Aliases", Json::array({object.id.name})}}}}}};
  }
  body["HostConfig"] = host;
  return body;
}

Owner ReadOwner(const Json& labels) {
  return {.managed = GetString(labels, kLabelManagedBy) == kManagedBy,
          .cluster = GetString(labels, kLabelCluster),
          .object = GetString(labels, kLabelObject),
          .fingerprint = GetString(labels, kLabelFingerprint)};
}

Result<void> CheckIsOurs(const Json& labels, const ObjectId& id, const std::string& host) {
  const Owner owner = ReadOwner(labels);
  if (owner.managed && owner.object == ObjectLabel(id)) return Ok();
  return Conflict(
      fmt::format("{} {} on host {} is not managed by dbaas", DockerWord(id.kind), id.name, host),
      "Rename or remove it, or choose another name.");
}

Result<void> CheckIsSame(const Json& labels, const Object& object, const std::string& host) {
  TRY(CheckIsOurs(labels, object.id, host));
  const Owner owner = ReadOwner(labels);
  if (owner.cluster != object.cluster) {
    return Conflict(fmt::format("{} {} on host {} belongs to cluster {}",
                                DockerWord(object.id.kind), object.id.name, host, owner.cluster),
                    "Choose another name.");
  }
  if (owner.fingerprint != object.fingerprint) {
    return Conflict(
        fmt::format("{} {} on host {} exists with other settings", DockerWord(object.id.kind),
                    object.id.name, host),
        fmt::format("Its fingerprint is {}, not {}.", owner.fingerprint, object.fingerprint));
  }
  return Ok();
}

RunState ReadRunState(const std::string& docker_state) {
  if (docker_state == "running") return RunState::kRunning;
  if (docker_state == "restarting") return RunState::kRestarting;
  // created, exited, paused, removing, dead: nobody will make it run on its own.
  return RunState::kStopped;
}

void ReadContainers(const Json& list, const std::optional<std::string>& cluster,
                    std::vector<ObservedObject>& objects) {
  if (!list.is_array()) return;
  for (const Json& container : list) {
    auto object = ReadObject(ObjectKind::kInstance, GetMember(container, "Labels"), cluster);
    if (!object) continue;
    object->state = ReadRunState(GetString(container, "State"));
    object->state_detail = StateDetail(container);
    objects.push_back(std::move(*object));
  }
}

void ReadVolumes(const Json& list, const std::optional<std::string>& cluster,
                 std::vector<ObservedObject>& objects) {
  const Json& volumes = GetMember(list, "Volumes");  // Null when there are none.
  if (!volumes.is_array()) return;
  for (const Json& volume : volumes) {
    auto object = ReadObject(ObjectKind::kVolume, GetMember(volume, "Labels"), cluster);
    if (!object) continue;
    object->directory = GetString(GetMember(volume, "Options"), "device");
    objects.push_back(std::move(*object));
  }
}

void ReadNetworks(const Json& list, const std::optional<std::string>& cluster,
                  std::vector<ObservedObject>& objects) {
  if (!list.is_array()) return;
  for (const Json& network : list) {
    auto object = ReadObject(ObjectKind::kNetwork, GetMember(network, "Labels"), cluster);
    if (object) objects.push_back(std::move(*object));
  }
}

void ReadPublishedPorts(const Json& container_list, std::set<int>& ports) {
  if (!container_list.is_array()) return;
  for (const Json& container : container_list) {
    const Json& published = GetMember(container, "Ports");
    if (published.is_array()) {
      for (const Json& port : published) {
        const auto number = GetInt(port, "PublicPort");
        if (number > 0) ports.insert(static_cast<int>(number));
      }
    }
    ports.merge(ReservedPorts(GetMember(container, "Labels")));
  }
}

std::optional<InstanceEvent> ReadEvent(const Json& event) {
  // A container's labels are among the attributes of its events.
  const Json& attributes = GetMember(GetMember(event, "Actor"), "Attributes");
  const auto object = ReadObject(ObjectKind::kInstance, attributes, std::nullopt);
  if (!object) return std::nullopt;
  InstanceEvent read{.instance = object->id.name,
                     .cluster = object->cluster,
                     .part = object->part,
                     .member = object->member};
  const std::string action = GetString(event, "Action");
  if (action == "start") {
    read.kind = InstanceEvent::Kind::kStarted;
  } else if (action == "die") {
    read.kind = InstanceEvent::Kind::kEnded;
    read.detail = fmt::format("exited ({})", GetString(attributes, "exitCode"));
  } else if (action == "destroy") {
    read.kind = InstanceEvent::Kind::kRemoved;
  } else {
    return std::nullopt;
  }
  return read;
}

Error ExplainMount(Error error, const std::string& host) {
  // "failed to mount local volume: mount DIRECTORY:/var/lib/docker/volumes/..., flags: 0x1000: no
  // such file or directory"
  static constexpr std::string_view kBefore = "failed to mount local volume: mount ";
  const std::string& text = error.summary;
  const auto begin = text.find(kBefore);
  const auto end = text.find(":/", begin);
  if (begin == std::string::npos || end == std::string::npos) return error;
  const auto from = begin + kBefore.size();
  return NotFound(fmt::format("directory {} of host {} cannot be used",
                              text.substr(from, end - from), host),
                  text.substr(text.rfind(": ") + 2))
      .On("backup_directory");
}

Error ExplainStart(Error error, const Json& labels, const std::string& host) {
  const bool taken = error.summary.find("port is already allocated") != std::string::npos ||
                     error.summary.find("address already in use") != std::string::npos;
  if (!taken) return error;
  for (const int port : ReservedPorts(labels)) {
    // "Bind for 127.0.0.1:5432 failed", "listen tcp4 127.0.0.1:5432: bind: address already in use"
    const std::string text = fmt::format(":{}", port);
    const auto at = error.summary.find(text);
    if (at == std::string::npos) continue;
    const char after = error.summary.c_str()[at + text.size()];
    if (std::isdigit(static_cast<unsigned char>(after))) continue;
    return Conflict(fmt::format("port {} of host {} is in use", port, host), error.summary)
        .On("port");
  }
  return Conflict(fmt::format("a port that is to be published is in use on host {}", host),
                  error.summary)
      .On("port");
}

std::string ManagedFilter(const std::optional<std::string>& cluster) {
  Json labels = Json::array({fmt::format("{}={}", kLabelManagedBy, kManagedBy)});
  if (cluster) labels.push_back(fmt::format("{}={}", kLabelCluster, *cluster));
  return UrlEscape(Dump({{"label", labels}}));
}

std::string EventFilter() {
  return UrlEscape(Dump({{"type", {"container"}},
                         {"event", {"start", "die", "destroy"}},
                         {"label", {fmt::format("{}={}", kLabelManagedBy, kManagedBy)}}}));
}

}  // namespace dbaas::docker

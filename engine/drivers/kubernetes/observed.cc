// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/observed.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <utility>

#include "engine/drivers/kubernetes/files.h"
#include "engine/drivers/kubernetes/manifests.h"

namespace dbaas::kubernetes {
namespace {

const Json& Items(const Json& list) {
  static const Json kNone = Json::array();
  const Json& items = GetMember(list, "items");
  return items.is_array() ? items : kNone;
}

/// Of the container of that name; null when the kubelet has not said anything yet.
const Json& StatusOf(const Json& pod, const char* list, std::string_view container) {
  static const Json kNone;
  const Json& statuses = GetMember(GetMember(pod, "status"), list);
  if (!statuses.is_array()) return kNone;
  for (const Json& status : statuses) {
    if (GetString(status, "name") == container) return status;
  }
  return kNone;
}

using ByName = std::map<std::string, const Json*>;

ByName NamesOf(const Json& list) {
  ByName names;
  for (const Json& item : Items(list)) {
    names.emplace(GetString(GetMember(item, "metadata"), "name"), &item);
  }
  return names;
}

const Json* Find(const ByName& things, const std::string& name) {
  const auto found = things.find(name);
  return found == things.end() ? nullptr : found->second;
}

std::string WithMessage(const Json& state) {
  const std::string reason = GetString(state, "reason", "waiting");
  const std::string message = GetString(state, "message");
  return message.empty() ? reason : reason + ": " + message;
}

std::string Exited(const Json& terminated) {
  return fmt::format("exited ({})", GetInt(terminated, "exitCode"));
}

/// Of a pod that no node has yet, or whose volumes are not there.
std::string ConditionDetail(const Json& pod) {
  const Json& conditions = GetMember(GetMember(pod, "status"), "conditions");
  if (!conditions.is_array()) return {};
  for (const Json& condition : conditions) {
    if (GetString(condition, "type") == "PodScheduled" &&
        GetString(condition, "status") == "False") {
      return WithMessage(condition);
    }
  }
  return {};
}

void ReadWaiting(const Json& waiting, PodView& view) {
  const std::string reason = GetString(waiting, "reason");
  if (reason == "ErrImageNeverPull" || reason == "ErrImagePull" || reason == "ImagePullBackOff" ||
      reason == "InvalidImageName") {
    view.image_problem = WithMessage(waiting);
  } else if (reason == "CreateContainerConfigError" || reason == "CreateContainerError" ||
             reason == "RunContainerError") {
    view.refusal = WithMessage(waiting);
  }
}

}  // namespace

PodView ReadPod(const Json& pod) {
  const Json& metadata = GetMember(pod, "metadata");
  const Json& status = GetMember(pod, "status");
  PodView view{
      .uid = GetString(metadata, "uid"),
      .ending = !GetString(metadata, "deletionTimestamp").empty(),
      .lost = GetString(status, "reason") == "NodeLost" || GetString(status, "phase") == "Unknown"};
  const Json& preparing = StatusOf(pod, "initContainerStatuses", "files");
  const Json& main = StatusOf(pod, "containerStatuses", kContainer);
  const Json& state = GetMember(main, "state");
  const Json& running = GetMember(state, "running");
  const Json& terminated = GetMember(state, "terminated");
  const Json& last = GetMember(GetMember(main, "lastState"), "terminated");
  view.ever_ran = running.is_object() || last.is_object() ||
                  (terminated.is_object() && !GetString(terminated, "containerID").empty());
  view.running = running.is_object() && !view.ending && !view.lost;
  if (running.is_object()) {
    view.detail = view.ending ? "ending" : "running since " + GetString(running, "startedAt");
    return view;
  }
  if (terminated.is_object()) {
    view.detail = Exited(terminated);
    return view;
  }
  const Json& preparing_state = GetMember(preparing, "state");
  const Json& preparing_waits = GetMember(preparing_state, "waiting");
  const Json& preparing_ended = GetMember(preparing_state, "terminated");
  const Json& waiting = GetMember(state, "waiting");
  if (preparing_waits.is_object()) {
    ReadWaiting(preparing_waits, view);
    view.detail = WithMessage(preparing_waits);
  } else if (preparing_ended.is_object() && GetInt(preparing_ended, "exitCode") != 0) {
    view.detail = "placing its files " + Exited(preparing_ended);
  } else if (waiting.is_object()) {
    ReadWaiting(waiting, view);
    view.detail = last.is_object() ? fmt::format("{}, {}", Exited(last), WithMessage(waiting))
                                   : WithMessage(waiting);
  } else {
    view.detail = ConditionDetail(pod);
  }
  if (view.detail.empty()) view.detail = "starting";
  return view;
}

RunState ReadRunState(const Json& stateful_set, const PodView* pod, std::string& detail) {
  const bool is_wanted = GetInt(GetMember(stateful_set, "spec"), "replicas", 1) > 0;
  detail = pod != nullptr ? pod->detail : is_wanted ? "no pod" : "scaled to 0";
  if (!is_wanted) return RunState::kStopped;
  if (pod == nullptr) return RunState::kRestarting;
  if (pod->lost) return RunState::kLost;
  return pod->running ? RunState::kRunning : RunState::kRestarting;
}

void ReadObjects(const Json& list, ObjectKind kind, std::vector<ObservedObject>& objects) {
  const std::string prefix = fmt::format("{}/", ToString(kind));
  for (const Json& item : Items(list)) {
    Owner owner = ReadOwner(item);
    // Without a fingerprint it is only with an object: the policy of an instance's ports.
    if (!owner.managed || !owner.object.starts_with(prefix) || owner.fingerprint.empty()) continue;
    objects.push_back({.id = {kind, owner.object.substr(prefix.size())},
                       .cluster = std::move(owner.cluster),
                       .part = std::move(owner.part),
                       .member = std::move(owner.member),
                       .fingerprint = std::move(owner.fingerprint)});
  }
}

void ReadInstances(Depth depth, const Listings& listings, std::vector<ObservedObject>& objects) {
  const ByName sets = NamesOf(listings.stateful_sets);
  const ByName pods = NamesOf(listings.pods);
  const ByName services = NamesOf(listings.services);
  const ByName policies = NamesOf(listings.policies);
  const ByName secrets = NamesOf(listings.secrets);
  const std::size_t first = objects.size();
  ReadObjects(listings.stateful_sets, ObjectKind::kInstance, objects);
  for (std::size_t at = first; at < objects.size(); ++at) {
    ObservedObject& object = objects[at];
    const std::string& name = object.id.name;
    const Json* const set = Find(sets, name);
    if (set == nullptr) continue;
    std::optional<PodView> view;
    if (const Json* const pod = Find(pods, PodOf(name))) view = ReadPod(*pod);
    object.state = ReadRunState(*set, view ? &*view : nullptr, object.state_detail);
    // Files whose Secret is gone, or was edited, would not outlive the pod.
    const Json* const secret = Find(secrets, FilesOf(name));
    const bool has_files =
        secret != nullptr && (depth == Depth::kShallow || IsIntact(GetMember(*secret, "data")));
    const Json& annotations = GetMember(GetMember(*set, "metadata"), "annotations");
    const std::string applied =
        AppliedSum({set, Find(services, name), Find(services, PublishedOf(name)),
                    Find(policies, PublishedOf(name))});
    if (!has_files || GetString(annotations, kAnnotationApplied) != applied) {
      object.files_fingerprint = kNotAsApplied;
    } else if (depth == Depth::kDeep) {
      object.files_fingerprint = GetString(annotations, kAnnotationFiles);
    }
  }
}

void ReadPublishedPorts(const Json& services, std::set<int>& ports) {
  for (const Json& service : Items(services)) {
    const Json& spec = GetMember(service, "spec");
    const Json& published = GetMember(spec, "ports");
    if (GetString(spec, "clusterIP") == "None" || !published.is_array()) continue;
    for (const Json& port : published) {
      for (const char* key : {"port", "nodePort"}) {
        if (const auto number = GetInt(port, key); number > 0)
          ports.insert(static_cast<int>(number));
      }
    }
  }
}

std::int64_t ReadQuantity(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  static const std::map<std::string, double> kUnits = {
      {"", 1},     {"m", 1e-3},    {"k", 1e3},     {"M", 1e6},     {"G", 1e9},     {"T", 1e12},
      {"P", 1e15}, {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}};
  const auto factor = kUnits.find(unit);
  return factor == kUnits.end() ? 0 : std::llround(number * factor->second);
}

std::optional<InstanceEvent> EventOf(const Json& thing, InstanceEvent::Kind kind) {
  const std::string prefix = fmt::format("{}/", ToString(ObjectKind::kInstance));
  Owner owner = ReadOwner(thing);
  if (!owner.managed || !owner.object.starts_with(prefix)) return std::nullopt;
  return InstanceEvent{.kind = kind,
                       .instance = owner.object.substr(prefix.size()),
                       .cluster = std::move(owner.cluster),
                       .part = std::move(owner.part),
                       .member = std::move(owner.member)};
}

std::vector<InstanceEvent> PodStory::Take(const Json& pod, bool gone) {
  using Kind = InstanceEvent::Kind;
  std::vector<InstanceEvent> events;
  const std::string uid = GetString(GetMember(pod, "metadata"), "uid");
  Told& told = pods_[uid];
  const Json& main = StatusOf(pod, "containerStatuses", kContainer);
  const Json& state = GetMember(main, "state");
  const auto take_end = [&](const Json& terminated) {
    const std::string container = GetString(terminated, "containerID");
    if (container.empty() || !told.ended.insert(container).second) return;
    if (auto event = EventOf(pod, Kind::kEnded)) {
      event->detail = Exited(terminated);
      events.push_back(std::move(*event));
    }
  };
  take_end(GetMember(GetMember(main, "lastState"), "terminated"));
  if (GetMember(state, "running").is_object()) {
    const std::string container = GetString(main, "containerID");
    if (!container.empty() && told.running != container) {
      told.running = container;
      if (auto event = EventOf(pod, Kind::kStarted)) events.push_back(std::move(*event));
    }
  }
  take_end(GetMember(state, "terminated"));
  if (gone) pods_.erase(uid);
  return events;
}

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/instances.h"

#include <fmt/format.h>

#include <utility>

#include "engine/drivers/kubernetes/files.h"
#include "engine/drivers/kubernetes/manifests.h"
#include "engine/drivers/kubernetes/observed.h"

namespace dbaas::kubernetes {
namespace {

constexpr Milliseconds kLookInterval{150};
/// Images are pulled and volumes made within it.
constexpr Milliseconds kStartTimeout = std::chrono::minutes(5);
/// Beyond the instance's own time: what the kubelet and the API server take to say that it is gone.
constexpr Milliseconds kEndTimeout = std::chrono::minutes(2);
/// A container that cannot be made may be made a moment later: its Secret has just been written.
constexpr Milliseconds kPatience = std::chrono::seconds(20);

Milliseconds GraceOf(const Json& stateful_set) {
  const Json& pod = GetMember(GetMember(GetMember(stateful_set, "spec"), "template"), "spec");
  return std::chrono::seconds(GetInt(pod, "terminationGracePeriodSeconds", 30));
}

std::string UidOf(const Json& thing) { return GetString(GetMember(thing, "metadata"), "uid"); }

Error NoSuchInstance(const Place& place, const std::string& name) {
  return NotFound(fmt::format("instance {} is not on host {}", name, place.host()));
}

Error MissingImage(const Place& place, const std::string& image, const std::string& why) {
  return NotFound(
      fmt::format("image {} is not on host {} and could not be pulled", image, place.host()),
      why +
          ". Images called dbaas/… are never pulled: load them into the nodes, or "
          "name another image.");
}

// ---- Waiting -----------------------------------------------------------------------------------

/// Until a pod other than `not_this` has begun to run.
Result<void> WaitUntilRunning(Place& place, const std::string& name, const std::string& image,
                              const std::string& not_this = {}) {
  Clock& clock = place.clock();
  const TimePoint began = clock.Now();
  std::string detail = "no pod";
  while (true) {
    const std::optional<Json> json = TRY(place.Find(kPods, PodOf(name)));
    if (json) {
      const PodView pod = ReadPod(*json);
      if (pod.uid != not_this && !pod.ending) {
        if (pod.ever_ran) return Ok();
        if (!pod.image_problem.empty()) return MissingImage(place, image, pod.image_problem);
        if (!pod.refusal.empty() && clock.Now() > began + kPatience) {
          return Internal(fmt::format("instance {} cannot run on host {}", name, place.host()),
                          pod.refusal);
        }
      }
      detail = pod.detail;
    }
    if (clock.Now() > began + kStartTimeout) {
      return Unavailable(fmt::format("instance {} has not started on host {}", name, place.host()),
                         detail);
    }
    clock.SleepFor(kLookInterval, {});
  }
}

Result<void> Scale(Place& place, const std::string& name, int replicas) {
  TRY(place.Patch(kStatefulSets, name, {{"spec", {{"replicas", replicas}}}}));
  return Ok();
}

// ---- Making ------------------------------------------------------------------------------------

/// A pod would wait for them for ever, and say so to nobody.
Result<void> CheckNeeds(Place& place, const Object& object) {
  for (const Mount& mount : object.instance.mounts) {
    if (!TRY(place.Find(kClaims, mount.volume))) {
      return NotFound(fmt::format("volume {} is not on host {}", mount.volume, place.host()));
    }
  }
  for (const std::string& network : object.instance.networks) {
    if (!TRY(place.Find(kPolicies, network))) {
      return NotFound(fmt::format("network {} is not on host {}", network, place.host()));
    }
  }
  return Ok();
}

/// Applies it, unless the name is taken by somebody else.
Result<Json> ApplyWith(Place& place, const Resource& resource, const Json& manifest,
                       const ObjectId& id) {
  const std::string name = GetString(GetMember(manifest, "metadata"), "name");
  if (const auto there = TRY(place.Find(resource, name))) {
    TRY(CheckIsOurs(*there, id, place.host()));
  }
  return place.Apply(resource, manifest);
}

Error PortIsTaken(const Place& place, int port, const std::string& why) {
  return Conflict(fmt::format("port {} of host {} is in use", port, place.host()), why).On("port");
}

/// "spec.ports[0].nodePort: Invalid value: 30432: provided port is already allocated"
Error ExplainPublishing(Error error, const Place& place, const Object& object) {
  const std::string text = error.ToLine() + " " + error.detail;
  if (text.find("already allocated") == std::string::npos) return error;
  for (const Port& port : object.instance.ports) {
    if (port.host_port != 0 && text.find(std::to_string(port.host_port)) != std::string::npos) {
      return PortIsTaken(place, port.host_port, error.ToLine());
    }
  }
  return error;
}

/// What an instance is, as the API server has it. Null for what it needs none of.
struct Applied {
  Json set;
  Json service;
  Json published_service;
  Json published_policy;
  std::string Sum() const {
    const auto there = [](const Json& thing) { return thing.is_null() ? nullptr : &thing; };
    return AppliedSum(
        {there(set), there(service), there(published_service), there(published_policy)});
  }
};

Result<void> Publish(Place& place, const Object& object, Applied& applied) {
  const auto service = PublishedServiceOf(object, place.options());
  if (!service) return Ok();
  Result<Json> made = ApplyWith(place, kServices, *service, object.id);
  if (!made.has_value()) return ExplainPublishing(std::move(made).error(), place, object);
  applied.published_service = *std::move(made);
  applied.published_policy =
      TRY(ApplyWith(place, kPolicies, *PublishedPolicyOf(object, place.options()), object.id));
  return Ok();
}

Result<void> PutFiles(Place& place, const Object& object) {
  Json secret = SecretOf(object, place.options());
  const std::string name = FilesOf(object.id.name);
  const std::optional<Json> there = TRY(place.Find(kSecrets, name));
  if (!there) {
    TRY(place.Create(kSecrets, secret));
    return Ok();
  }
  TRY(CheckIsOurs(*there, object.id, place.host()));
  Json& data = secret["data"];
  const Json& stored = GetMember(*there, "data");
  if (IsIntact(stored)) {
    const std::string once = GetString(stored, kOnceKey);
    data[kOnceKey] = once;
    data[kSumKey] = Base64(SumOf(DecodeBase64(GetString(data, kFilesKey)), DecodeBase64(once)));
    if (stored == data) return Ok();
  }
  TRY(place.Patch(kSecrets, name, {{"data", data}}));
  return Ok();
}

/// Last: it says that all that is here now is as it should be, and that the pod was told.
Result<void> Mark(Place& place, const Object& object, const Applied& applied) {
  const std::string sum = applied.Sum();
  const Json& annotations = GetMember(GetMember(applied.set, "metadata"), "annotations");
  if (GetString(annotations, kAnnotationFiles) == object.files_fingerprint &&
      GetString(annotations, kAnnotationApplied) == sum) {
    return Ok();
  }
  TRY(place.Patch(
      kStatefulSets, object.id.name,
      {{"metadata",
        {{"annotations",
          {{kAnnotationFiles, object.files_fingerprint}, {kAnnotationApplied, sum}}}}}}));
  return Ok();
}

/// A pod that runs gets the files that the Secret has, and is told.
Result<void> UpdateFiles(Place& place, const Object& object) {
  const std::string& name = object.id.name;
  if (object.instance.reload_signal.empty()) return RestartInstance(place, name);
  const auto run = [&](const std::vector<std::string>& argv,
                       const std::string& input) -> Result<void> {
    const ExecResult done = TRY(ExecIn(place, name, argv, input));
    if (done.exit_code == 0) return Ok();
    return Internal(fmt::format("the files of instance {} could not be placed", name), done.errors);
  };
  TRY(run(PlaceCommand(), FileStream(object.instance, FileChoice::kCompared)));
  return run(SignalCommand(object.instance.reload_signal), {});
}

// ---- Removing ----------------------------------------------------------------------------------

Result<void> RemoveIfOurs(Place& place, const Resource& resource, const std::string& name,
                          const ObjectId& id) {
  const std::optional<Json> there = TRY(place.Find(resource, name));
  if (!there || !CheckIsOurs(*there, id, place.host()).has_value()) return Ok();
  TRY(place.Delete(resource, name));
  return Ok();
}

/// One whose StatefulSet was deleted from over it.
Result<void> RemoveOrphan(Place& place, const ObjectId& id) {
  const std::optional<Json> pod = TRY(place.Find(kPods, PodOf(id.name)));
  if (!pod || !CheckIsOurs(*pod, id, place.host()).has_value()) return Ok();
  TRY(place.Delete(kPods, PodOf(id.name)));
  const Milliseconds grace =
      std::chrono::seconds(GetInt(GetMember(*pod, "spec"), "terminationGracePeriodSeconds", 30));
  return place.WaitUntilGone(kPods, PodOf(id.name), grace + kEndTimeout);
}

}  // namespace

Result<void> EnsureInstance(Place& place, const Object& object) {
  const std::string& name = object.id.name;
  const std::optional<Json> there = TRY(place.Find(kStatefulSets, name));
  if (there) {
    TRY(CheckIsSame(*there, object, place.host()));
  } else {
    TRY(CheckNeeds(place, object));
  }
  std::optional<Json> pod = TRY(place.Find(kPods, PodOf(name)));
  if (pod) TRY(CheckIsOurs(*pod, object.id, place.host()));
  Applied applied;
  applied.service = TRY(ApplyWith(place, kServices, ServiceOf(object, place.options()), object.id));
  TRY(Publish(place, object, applied));
  TRY(PutFiles(place, object));

  std::string left_over;
  if (pod && ReadOwner(*pod).fingerprint != object.fingerprint) {
    // Somebody has deleted the StatefulSet and left the pod, and it is not what is wanted by now.
    left_over = UidOf(*pod);
    TRY(place.Delete(kPods, PodOf(name), {{"preconditions", {{"uid", left_over}}}}));
  }
  const bool did_run = pod && left_over.empty() && ReadPod(*pod).running;
  applied.set = TRY(place.Apply(kStatefulSets, StatefulSetOf(object, place.options())));
  const Json& annotations = GetMember(GetMember(applied.set, "metadata"), "annotations");
  if (!did_run) {
    TRY(WaitUntilRunning(place, name, object.instance.image, left_over));
  } else if (GetString(annotations, kAnnotationFiles) != object.files_fingerprint) {
    TRY(UpdateFiles(place, object));
  }
  return Mark(place, object, applied);
}

Result<void> RemoveInstance(Place& place, const ObjectId& id) {
  const std::optional<Json> set = TRY(place.Find(kStatefulSets, id.name));
  if (set) {
    TRY(CheckIsOurs(*set, id, place.host()));
    // In the foreground: the StatefulSet is there for as long as its pod is.
    TRY(place.Delete(kStatefulSets, id.name, {{"propagationPolicy", "Foreground"}}));
    TRY(place.WaitUntilGone(kStatefulSets, id.name, GraceOf(*set) + kEndTimeout));
  }
  TRY(RemoveOrphan(place, id));
  TRY(RemoveIfOurs(place, kServices, PublishedOf(id.name), id));
  TRY(RemoveIfOurs(place, kPolicies, PublishedOf(id.name), id));
  TRY(RemoveIfOurs(place, kServices, id.name, id));
  return RemoveIfOurs(place, kSecrets, FilesOf(id.name), id);
}

Result<void> RestartInstance(Place& place, const std::string& name) {
  const std::optional<Json> set = TRY(place.Find(kStatefulSets, name));
  if (!set) return NoSuchInstance(place, name);
  TRY(CheckIsOurs(*set, {ObjectKind::kInstance, name}, place.host()));
  const std::optional<Json> pod = TRY(place.Find(kPods, PodOf(name)));
  const bool is_wanted = GetInt(GetMember(*set, "spec"), "replicas", 1) > 0;
  if (pod && is_wanted) {
    // This one, and not the one that may have taken its place by now.
    const Result<bool> deleted =
        place.Delete(kPods, PodOf(name), {{"preconditions", {{"uid", UidOf(*pod)}}}});
    if (!deleted.has_value() && deleted.error().kind != ErrorKind::kConflict) {
      return deleted.error();
    }
  }
  if (!is_wanted) TRY(Scale(place, name, 1));
  const Json& containers =
      GetMember(GetMember(GetMember(GetMember(*set, "spec"), "template"), "spec"), "containers");
  const std::string image =
      containers.is_array() && !containers.empty() ? GetString(containers[0], "image") : "";
  return WaitUntilRunning(place, name, image, pod ? UidOf(*pod) : "");
}

Result<void> KillInstance(Place& place, const std::string& name) {
  const std::optional<Json> set = TRY(place.Find(kStatefulSets, name));
  if (!set) return Ok();
  TRY(CheckIsOurs(*set, {ObjectKind::kInstance, name}, place.host()));
  TRY(Scale(place, name, 0));
  // A second, and not none: then the API server would forget the pod at once, and nobody would know
  // whether its processes are gone.
  TRY(place.Delete(kPods, PodOf(name), {{"gracePeriodSeconds", 1}}));
  return place.WaitUntilGone(kPods, PodOf(name), kEndTimeout);
}

Result<ExecResult> ExecIn(Place& place, const std::string& instance,
                          const std::vector<std::string>& argv, const std::string& input) {
  Result<ExecResult> result =
      place.client().Exec(place.name(), PodOf(instance), kContainer, argv, input);
  if (result.has_value() || result.error().kind == ErrorKind::kDenied) return result;
  if (!TRY(place.Find(kStatefulSets, instance))) return NoSuchInstance(place, instance);
  const std::optional<Json> pod = TRY(place.Find(kPods, PodOf(instance)));
  if (pod && ReadPod(*pod).running) return result;
  return Unavailable(fmt::format("instance {} on host {} is not running", instance, place.host()),
                     result.error().ToLine());
}

Result<std::string> LogsOf(Place& place, const std::string& instance, int lines) {
  Result<std::string> logs = place.client().Logs(place.name(), PodOf(instance), kContainer, lines);
  if (logs.has_value() || logs.error().kind == ErrorKind::kDenied) return logs;
  if (!TRY(place.Find(kStatefulSets, instance))) return NoSuchInstance(place, instance);
  const std::optional<Json> pod = TRY(place.Find(kPods, PodOf(instance)));
  // A pod takes its log with it, and one that has not begun has none.
  if (!pod || !ReadPod(*pod).ever_ran) return std::string();
  return logs;
}

}  // namespace dbaas::kubernetes

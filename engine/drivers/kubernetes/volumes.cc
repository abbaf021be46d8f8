// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/volumes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "engine/drivers/kubernetes/manifests.h"
#include "engine/drivers/kubernetes/observed.h"

namespace dbaas::kubernetes {
namespace {

constexpr Milliseconds kReleaseTimeout = std::chrono::minutes(2);

bool Uses(const Json& pod_spec, const std::string& claim) {
  const Json& volumes = GetMember(pod_spec, "volumes");
  if (!volumes.is_array()) return false;
  for (const Json& volume : volumes) {
    if (GetString(GetMember(volume, "persistentVolumeClaim"), "claimName") == claim) return true;
  }
  return false;
}

/// Stopped instances too, and pods that are not ours: a claim that is deleted under one waits for
/// it and takes the data with it when nobody looks.
Result<std::set<std::string>> UsersOf(Place& place, const std::string& claim) {
  std::set<std::string> users;
  const Json sets = TRY(place.List(kStatefulSets, Selector(std::nullopt)));
  for (const Json& set : GetMember(sets, "items")) {
    if (Uses(GetMember(GetMember(GetMember(set, "spec"), "template"), "spec"), claim)) {
      users.insert("instance " + GetString(GetMember(set, "metadata"), "name"));
    }
  }
  if (!users.empty()) return users;
  const Json pods = TRY(place.List(kPods, ""));
  for (const Json& pod : GetMember(pods, "items")) {
    if (Uses(GetMember(pod, "spec"), claim)) {
      users.insert("pod " + GetString(GetMember(pod, "metadata"), "name"));
    }
  }
  return users;
}

}  // namespace

Result<void> EnsureVolume(Place& place, const Object& object) {
  const Json wanted = ClaimOf(object, place.options());
  std::optional<Json> there = TRY(place.Find(kClaims, object.id.name));
  if (!there) {
    const Result<Json> made = place.Create(kClaims, wanted);
    if (made.has_value()) return Ok();
    if (made.error().kind != ErrorKind::kConflict) return made.error();
    // Somebody made it between our two calls; perhaps we did, and the answer was lost.
    there = TRY(place.Find(kClaims, object.id.name));
    if (!there) return made.error();
  }
  TRY(CheckIsSame(*there, object, place.host()));
  const Json& requests = GetMember(GetMember(GetMember(*there, "spec"), "resources"), "requests");
  if (ReadQuantity(GetString(requests, "storage")) >= place.options().volume_bytes) return Ok();
  TRY(place.Patch(
      kClaims, object.id.name,
      {{"spec",
        {{"resources",
          {{"requests", {{"storage", std::to_string(place.options().volume_bytes)}}}}}}}}));
  return Ok();
}

Result<void> RemoveVolume(Place& place, const ObjectId& id) {
  const std::optional<Json> there = TRY(place.Find(kClaims, id.name));
  if (!there) return Ok();
  TRY(CheckIsOurs(*there, id, place.host()));
  if (const auto users = TRY(UsersOf(place, id.name)); !users.empty()) {
    return Conflict(fmt::format("volume {} on host {} is in use", id.name, place.host()),
                    fmt::format("by {}", fmt::join(users, ", ")));
  }
  TRY(place.Delete(kClaims, id.name));
  return place.WaitUntilGone(kClaims, id.name, kReleaseTimeout);
}

Result<void> EnsureNetwork(Place& place, const Object& object) {
  if (const auto there = TRY(place.Find(kPolicies, object.id.name))) {
    TRY(CheckIsSame(*there, object, place.host()));
  }
  TRY(place.Apply(kPolicies, PolicyOf(object, place.options())));
  return Ok();
}

Result<void> RemoveNetwork(Place& place, const ObjectId& id) {
  const std::optional<Json> there = TRY(place.Find(kPolicies, id.name));
  if (!there) return Ok();
  TRY(CheckIsOurs(*there, id, place.host()));
  TRY(place.Delete(kPolicies, id.name));
  return Ok();
}

}  // namespace dbaas::kubernetes

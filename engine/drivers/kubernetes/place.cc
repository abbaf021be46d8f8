// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/place.h"

#include <fmt/format.h>

#include <utility>

#include "engine/drivers/kubernetes/manifests.h"

namespace dbaas::kubernetes {
namespace {

constexpr Milliseconds kLookInterval{150};

}  // namespace

Place::Place(const std::string& host_name, KubernetesOptions options, Clock& clock, Random& random)
    : options_(std::move(options)),
      clock_(clock),
      client_(options_.access, host_name, clock, random) {}

std::string Place::Collection(const Resource& resource) const {
  return fmt::format("{}/namespaces/{}/{}", resource.group, name(), resource.plural);
}

std::string Place::PathOf(const Resource& resource, const std::string& name) const {
  return Collection(resource) + "/" + name;
}

Result<std::optional<Json>> Place::Find(const Resource& resource, const std::string& name) {
  Result<Json> found = client_.Get(PathOf(resource, name));
  if (found.has_value()) return std::optional(*std::move(found));
  if (found.error().kind == ErrorKind::kNotFound) return std::optional<Json>();
  return std::move(found).error();
}

Result<Json> Place::List(const Resource& resource, const std::string& selector) {
  return client_.List(Collection(resource), selector);
}

Result<Json> Place::ListMetadata(const Resource& resource, const std::string& selector) {
  return client_.List(Collection(resource), selector, KubernetesClient::Part::kMetadata);
}

Result<void> Place::MakeNamespace() {
  const Json object = {
      {"apiVersion", "v1"},
      {"kind", "Namespace"},
      {"metadata", {{"name", name()}, {"labels", {{kLabelManagedBy, kManagedBy}}}}}};
  const Result<Json> made = client_.Create("/api/v1/namespaces", object);
  if (made.has_value() || made.error().kind == ErrorKind::kConflict) return Ok();
  return Error(made.error()).In(fmt::format("making namespace {}, which is not there", name()));
}

Result<Json> Place::Create(const Resource& resource, const Json& object) {
  Result<Json> made = client_.Create(Collection(resource), object);
  if (made.has_value() || made.error().kind != ErrorKind::kNotFound) return made;
  // Nothing but the namespace can be missing for a creation.
  TRY(MakeNamespace());
  return client_.Create(Collection(resource), object);
}

Result<Json> Place::Apply(const Resource& resource, const Json& object) {
  const std::string path = PathOf(resource, GetString(GetMember(object, "metadata"), "name"));
  Result<Json> made = client_.Apply(path, object, true);
  if (made.has_value() || made.error().kind != ErrorKind::kNotFound) return made;
  TRY(MakeNamespace());
  return client_.Apply(path, object, true);
}

Result<Json> Place::Patch(const Resource& resource, const std::string& name, const Json& patch) {
  return client_.MergePatch(PathOf(resource, name), patch);
}

Result<bool> Place::Delete(const Resource& resource, const std::string& name, const Json& options) {
  return client_.Delete(PathOf(resource, name), options);
}

Result<void> Place::WaitUntilGone(const Resource& resource, const std::string& name,
                                  Milliseconds timeout) {
  const TimePoint deadline = clock_.Now() + timeout;
  while (TRY(Find(resource, name)).has_value()) {
    if (clock_.Now() > deadline) {
      return Unavailable(
          fmt::format("{} {} on host {} is still being removed", resource.plural, name, host()),
          "Something holds it: `kubectl get -o yaml` shows its finalizers, or its node does not "
          "answer.");
    }
    clock_.SleepFor(kLookInterval, {});
  }
  return Ok();
}

}  // namespace dbaas::kubernetes

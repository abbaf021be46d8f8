// SPDX-License-Identifier: MPL-2.0
//
// Place: the namespace that a host is, and the few calls that everything here is made of. Called by
// all files of this folder that make calls. Thread-safe; errors as engine/drivers/driver.h.
//
//   const auto claim = TRY(place.Find(kClaims, "orders-1-data"));   // nothing: it is not there
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/drivers/kubernetes/client.h"
#include "engine/drivers/kubernetes/kubernetes_driver.h"

namespace dbaas::kubernetes {

struct Resource {
  const char* group;
  const char* plural;
};
inline constexpr Resource kStatefulSets{"/apis/apps/v1", "statefulsets"};
inline constexpr Resource kPods{"/api/v1", "pods"};
inline constexpr Resource kServices{"/api/v1", "services"};
inline constexpr Resource kSecrets{"/api/v1", "secrets"};
inline constexpr Resource kClaims{"/api/v1", "persistentvolumeclaims"};
inline constexpr Resource kPolicies{"/apis/networking.k8s.io/v1", "networkpolicies"};
inline constexpr Resource kLeases{"/apis/coordination.k8s.io/v1", "leases"};

class Place {
 public:
  Place(const std::string& host_name, KubernetesOptions options, Clock& clock, Random& random);

  const KubernetesOptions& options() const { return options_; }
  const std::string& host() const { return client_.host_name(); }
  const std::string& name() const { return options_.namespace_name; }
  KubernetesClient& client() { return client_; }
  Clock& clock() { return clock_; }

  std::string Collection(const Resource& resource) const;
  std::string PathOf(const Resource& resource, const std::string& name) const;

  Result<std::optional<Json>> Find(const Resource& resource, const std::string& name);
  Result<Json> List(const Resource& resource, const std::string& selector);
  Result<Json> ListMetadata(const Resource& resource, const std::string& selector);
  /// Both make the namespace when it is missing. Apply takes over what others have set of the
  /// object's own fields; fields that it does not have stay as they are.
  Result<Json> Create(const Resource& resource, const Json& object);
  Result<Json> Apply(const Resource& resource, const Json& object);
  Result<Json> Patch(const Resource& resource, const std::string& name, const Json& patch);
  Result<bool> Delete(const Resource& resource, const std::string& name,
                      const Json& options = Json::object());
  /// kUnavailable when it is still there after that time.
  Result<void> WaitUntilGone(const Resource& resource, const std::string& name,
                             Milliseconds timeout);

 private:
  Result<void> MakeNamespace();

  const KubernetesOptions options_;
  Clock& clock_;
  KubernetesClient client_;
};

}  // namespace dbaas::kubernetes

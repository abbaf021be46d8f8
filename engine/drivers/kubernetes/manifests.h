// SPDX-License-Identifier: MPL-2.0
//
// Objects as manifests of the Kubernetes API, and whose a thing there is. Called by the files that
// make the calls. Pure.
//
//   place.Apply(kStatefulSets, StatefulSetOf(object, options));
//
// An instance becomes a StatefulSet of one replica, a Service without an address of its own for its
// name, a Secret for its files and, where it has published ports, a Service and a NetworkPolicy
// `NAME-published`. All carry the labels and annotations of engine/model/object.h; what may hold a
// slash, or is not selected by, is an annotation.
// Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/kubernetes/kubernetes_driver.h"
#include "engine/model/object.h"

namespace dbaas::kubernetes {

inline constexpr const char* kContainer = "main";
inline constexpr std::string_view kLabelInstance = "dbaas/instance";
/// What a Secret is for: "files", "record".
inline constexpr std::string_view kLabelStore = "dbaas/store";
/// Of a StatefulSet: the fingerprint of the files that its pod was told of. An annotation beside
/// the template, so that changing it starts nothing anew.
inline constexpr std::string_view kAnnotationFiles = "dbaas/files-fingerprint";

/// Of a StatefulSet: AppliedSum() of all that an instance is.
inline constexpr std::string_view kAnnotationApplied = "dbaas/applied";

std::string PodOf(const std::string& instance);        ///< "orders-1-0"
std::string FilesOf(const std::string& instance);      ///< "orders-1-files"
std::string PublishedOf(const std::string& instance);  ///< "orders-1-published"
/// Where others reach an instance: "orders-1.databases.svc.cluster.local".
std::string AddressOf(const std::string& instance, const KubernetesOptions& options);

/// kInvalid when the API would refuse it, or a thing of it that is not to be had here.
Result<void> CheckCanBe(const Object& object);

Json StatefulSetOf(const Object& object, const KubernetesOptions& options);
Json ServiceOf(const Object& object, const KubernetesOptions& options);
/// Nothing when no port is published.
std::optional<Json> PublishedServiceOf(const Object& object, const KubernetesOptions& options);
std::optional<Json> PublishedPolicyOf(const Object& object, const KubernetesOptions& options);
Json SecretOf(const Object& object, const KubernetesOptions& options);
Json ClaimOf(const Object& object, const KubernetesOptions& options);
Json PolicyOf(const Object& object, const KubernetesOptions& options);

/// Whose a thing is, read from its metadata.
struct Owner {
  bool managed = false;
  std::string cluster;
  std::string object;  ///< "instance/orders-1"; empty for what is no object.
  std::string part;
  std::string member;
  Fingerprint fingerprint;
};
Owner ReadOwner(const Json& thing);

/// kConflict when what is there is not `object`: someone else's, or ours with other settings.
Result<void> CheckIsSame(const Json& thing, const Object& object, const std::string& host);
/// kConflict when what is there is not that object of ours, or a thing of it.
Result<void> CheckIsOurs(const Json& thing, const ObjectId& id, const std::string& host);

/// Which fields of these things are as we applied them, in short: null for one that is not there.
/// Whoever edits a field of ours by hand takes it from us, and the sum is another. Fields that
/// others have added are not in it, nor is the number of replicas, which says whether an instance
/// is stopped.
std::string AppliedSum(const std::vector<const Json*>& things);

/// Selects everything of ours, or of one cluster of ours.
std::string Selector(const std::optional<std::string>& cluster);

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
//
// KubernetesClient: the calls of the Kubernetes API that this driver makes, with objects as JSON
// and failures as our errors. Called by all other files of this folder.
//
//   KubernetesClient client(access, "prod", clock, random);
//   const Json pods = TRY(client.List("/api/v1/namespaces/db/pods", "dbaas/cluster=orders"));
//
// Paths start with /api or /apis and are escaped by the caller (names of ours need no escaping).
// Threading: thread-safe. TLS is verified always, 1.2 at least.
// Errors: 400 and 422 kInvalid, 401 kDenied (after the credential was had anew once), 403 kDenied
// that names verb, resource and namespace, 404 kNotFound, 409 kConflict (of an apply: with the
// other field managers and their fields), 410 kConflict with "expired", 429, 500 with a
// Retry-After, 502 to 504 kUnavailable after a few tries that honour Retry-After, others kInternal;
// each with the server's own message. Transport as kUnavailable, but for a certificate that cannot
// be trusted: that is kDenied, for no patience helps. Source:
// https://kubernetes.io/docs/reference/using-api/api-concepts/ and server-side-apply/
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/random.h"
#include "engine/drivers/driver.h"
#include "engine/drivers/kubernetes/kubeconfig.h"

namespace dbaas::kubernetes {

inline constexpr char kFieldManager[] = "dbaas";
inline constexpr Milliseconds kCallTimeout = std::chrono::seconds(60);

class KubernetesClient {
 public:
  KubernetesClient(Access access, std::string host_name, Clock& clock, Random& random);
  ~KubernetesClient();

  Result<Json> Get(const std::string& path);
  /// All pages: `items` whole, and metadata.resourceVersion of the last page to watch from. Begins
  /// anew when a page has expired (410). The items have no kind of their own, as the server gives
  /// them.
  enum class Part {
    kWhole,
    kMetadata,  ///< For what is large, or secret, and need not travel.
  };
  Result<Json> List(const std::string& path, const std::string& label_selector = "",
                    Part part = Part::kWhole);
  /// Server-side apply as kFieldManager. With `force`, fields of others become ours; without it, a
  /// field that someone else manages is kConflict, and the error names manager and field.
  Result<Json> Apply(const std::string& path, const Json& object, bool force);
  Result<Json> Create(const std::string& collection, const Json& object);
  /// With object's metadata.resourceVersion: kConflict when it has changed.
  Result<Json> Replace(const std::string& path, const Json& object);
  Result<Json> MergePatch(const std::string& path, const Json& patch);
  /// True when something was deleted, false when there was nothing. `options`: DeleteOptions, such
  /// as
  /// {"propagationPolicy": "Background", "gracePeriodSeconds": 0}.
  Result<bool> Delete(const std::string& path, const Json& options = Json::object());

  /// Follows a collection from `resource_version` on: on_event gets {type, object} with ADDED,
  /// MODIFIED or DELETED, on this thread; bookmarks are taken here. The version to go on from is
  /// kept over broken connections; only what cannot be gone on from comes out (410 as kConflict:
  /// list again), a stop as kCancelled, and a server that stays away as kUnavailable.
  Error Watch(const std::string& path, const std::string& label_selector,
              std::string resource_version, const std::function<void(const Json& event)>& on_event,
              std::stop_token stop);

  /// By WebSocket, subprotocol v5.channel.k8s.io (v4 where the server knows no better: then input
  /// is sent with its length told to the command by nobody, so v4 is refused when there is input).
  Result<ExecResult> Exec(const std::string& namespace_name, const std::string& pod,
                          const std::string& container, const std::vector<std::string>& argv,
                          const std::string& input);
  Result<std::string> Logs(const std::string& namespace_name, const std::string& pod,
                           const std::string& container, int lines);

  const Access& access() const;
  const std::string& host_name() const;
  /// Requests made so far.
  std::int64_t calls() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dbaas::kubernetes

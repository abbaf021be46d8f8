// SPDX-License-Identifier: MPL-2.0
//
// The Kubernetes driver: a host is one namespace of one cluster, reached by its API server. Nothing
// has to be installed there before. Called by engine.cc, which makes one driver per configured
// host.
//
//   KubernetesOptions options{.access = TRY(kubernetes::ReadAccess({}, variable))};
//   std::shared_ptr<Driver> driver = TRY(MakeKubernetesDriver("prod", options, clock, random));
//
// Threading and errors: as engine/drivers/driver.h. Nothing here opens a connection before the
// first call of a driver's method. What becomes what: docs/kubernetes.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/drivers/kubernetes/kubeconfig.h"

namespace dbaas {

struct KubernetesOptions {
  kubernetes::Access access;
  std::string namespace_name;  ///< Empty: the access's own. Made when missing and we may.
  std::string storage_class;   ///< Empty: the cluster's default one.
  std::int64_t volume_bytes = std::int64_t{10} << 30;  ///< Volumes grow to it and never shrink.
  std::string service_type = "ClusterIP";              ///< Of published ports; or "NodePort".
  std::string cluster_domain = "cluster.local";
  std::string address;  ///< Where clients reach published ports. Empty: the API server's host.
};

/// kInvalid, with the key of the host block as its field, when there can be no such host. Does not
/// touch the network. The driver keeps references to `clock` and `random`.
Result<std::shared_ptr<Driver>> MakeKubernetesDriver(const std::string& host_name,
                                                     KubernetesOptions options, Clock& clock,
                                                     Random& random);

}  // namespace dbaas

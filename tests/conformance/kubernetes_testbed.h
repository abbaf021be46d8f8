// SPDX-License-Identifier: MPL-2.0
//
// The cluster that tests on a real one run on: that of `./dev kubernetes up`, or the one that
// DBAAS_TEST_KUBECONFIG names, with the image dbaas/test-pod:1 in its nodes and a default storage
// class. Never whatever KUBECONFIG happens to name: tests make and remove things.
#pragma once

#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <string>

#include "engine/base/random.h"
#include "engine/drivers/kubernetes/kubernetes_driver.h"

namespace dbaas {

inline constexpr const char* kTestPodImage = "dbaas/test-pod:1";

inline std::string TestbedConfigPath() {
  const char* const chosen = std::getenv("DBAAS_TEST_KUBECONFIG");
  return chosen == nullptr ? "/var/lib/dbaas-testbed/admin.kubeconfig" : chosen;
}

/// kNotFound when there is no such cluster.
inline Result<KubernetesOptions> TestbedOptions() {
  const std::string path = TestbedConfigPath();
  if (access(path.c_str(), R_OK) != 0) {
    return NotFound("there is no Kubernetes cluster to test on: ./dev kubernetes up");
  }
  KubernetesOptions options;
  options.access = TRY(kubernetes::ReadAccess({.config_path = path},
                                              [](const std::string&) { return std::string(); }));
  options.namespace_name = "dbaas-conformance";
  options.volume_bytes = std::int64_t{1} << 20;
  return options;
}

inline std::string NewTestCluster() {
  std::string name = "test-" + SystemRandom().Token(8);
  for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
  return name;
}

}  // namespace dbaas

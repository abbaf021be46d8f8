// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/docker_driver.h"

#include <cstdlib>

namespace dbaas {

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

DockerOptions FromEnvironment(DockerOptions options, const ReadVariable& read) {
  if (!options.endpoint.empty()) return options;
  options.endpoint = read("DOCKER_HOST").value_or("");
  if (options.cert_path.empty()) options.cert_path = read("DOCKER_CERT_PATH").value_or("");
  if (!options.tls_verify && !read("DOCKER_TLS_VERIFY").value_or("").empty()) {
    options.tls_verify = true;
  }
  return options;
}

Result<std::shared_ptr<Driver>> MakeDockerDriver(const DockerOptions& options, Clock&) {
  return Unavailable("host " + options.host_name + " does not answer");
}

}  // namespace dbaas

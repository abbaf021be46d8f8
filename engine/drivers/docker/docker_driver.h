// SPDX-License-Identifier: MPL-2.0
//
// The Docker driver: a host is one Docker engine, reached by its HTTP API over a unix socket, TCP
// or TLS. Called by engine.cc, which makes one driver per configured host.
//
//   DockerOptions options = FromEnvironment({.host_name = "local"}, ReadEnvironment);
//   std::shared_ptr<Driver> driver = TRY(MakeDockerDriver(options, clock));
//
// Threading and errors: as engine/drivers/driver.h. Nothing here opens a connection before the
// first call of a driver's method, so a plan can be made with the host down. Source:
// https://docs.docker.com/reference/api/engine/ (API 1.41 to 1.47).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"

namespace dbaas {

/// How a Docker engine is reached. What the configuration leaves open comes from the environment.
struct DockerOptions {
  std::string host_name = "local";
  std::string endpoint;            ///< "unix:///var/run/docker.sock", "tcp://db1:2376"
  std::string cert_path;           ///< Folder with ca.pem, cert.pem and key.pem.
  std::optional<bool> tls_verify;  ///< Absent: TLS when there is a cert_path, and then verified.
};

/// The value of an environment variable, nothing when it is not set.
using ReadVariable = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> ReadEnvironment(const std::string& name);

/// Fills what `options` leaves open from DOCKER_HOST, DOCKER_CERT_PATH and DOCKER_TLS_VERIFY (which
/// alone means the certificates in ~/.docker), as the docker command does. An endpoint that was
/// configured keeps out all three: they describe another engine.
DockerOptions FromEnvironment(DockerOptions options, const ReadVariable& read);

/// kInvalid, on field "endpoint" or "cert_path", when the options cannot be understood. Does not
/// touch the network. The driver keeps a reference to `clock`.
Result<std::shared_ptr<Driver>> MakeDockerDriver(const DockerOptions& options, Clock& clock);

}  // namespace dbaas

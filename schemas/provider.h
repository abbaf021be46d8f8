// SPDX-License-Identifier: MPL-2.0
//
// The provider block: which hosts there are. Read by provider/lifecycle.*, which makes the engine's
// HostConfig of each. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "schemas/diagnostic.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// One `host` block. What is empty or absent is for the environment to say.
struct ProviderHost {
  std::string name;
  std::string docker_endpoint;
  std::string cert_path;
  std::optional<bool> tls_verify;
};

const Schema& ProviderSchema();
/// Rules that go beyond single attributes: no two hosts of one name. Values may be unknown.
Diagnostics CheckProvider(const Value& config);
/// REQUIRES: config is wholly known. Empty when there is no host block.
Result<std::vector<ProviderHost>> ReadProviderHosts(const Value& config);

}  // namespace dbaas

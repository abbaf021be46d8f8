// SPDX-License-Identifier: MPL-2.0
//
// Patroni's dynamic configuration: what all members share, kept in etcd and changed while the
// cluster runs. Here it is translated from and to Settings, so that parameters, timeouts and the
// replication mode are compared like any other setting. Pure.
// Source: https://patroni.readthedocs.io/en/latest/dynamic_configuration.html
//
//   "parameters.work_mem" = "8MB"   ⇄  {"postgresql": {"parameters": {"work_mem": "8MB"}}}
//   "patroni.ttl" = "20"            ⇄  {"ttl": 20}
//   "synchronous_mode" = "quorum"   ⇄  {"synchronous_mode": "quorum"}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/model/spec.h"
#include "engine/model/state.h"

namespace dbaas::postgresql {

inline constexpr std::string_view kParameterPrefix = "parameters.";
inline constexpr std::string_view kPatroniPrefix = "patroni.";
inline constexpr std::string_view kSynchronousMode = "synchronous_mode";
inline constexpr std::string_view kDatabasePrefix = "database.";
// "role.": kSecretSettingPrefix in engine/model/state.h.

/// Whether the setting lives in the dynamic configuration (roles and databases do not).
bool IsDynamic(std::string_view key);

/// The timeouts and switches that every cluster has.
Settings PatroniSettings();

/// All settings of the cluster that live there.
Settings DynamicSettings(const ClusterSpec& spec);

/// The whole of it, as it begins.
Json DynamicConfiguration(const Settings& desired);

/// A PATCH that brings `keys` to their desired values; a key that is not desired becomes null,
/// which removes it. Keys that are not dynamic are left out.
Json DynamicPatch(const Settings& desired, const std::vector<std::string>& keys);

/// The settings that a configuration holds: all its parameters, and what PatroniSettings() has.
Settings ReadDynamic(const Json& configuration, std::string_view major);

}  // namespace dbaas::postgresql

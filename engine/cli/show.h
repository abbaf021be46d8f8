// SPDX-License-Identifier: MPL-2.0
//
// What `dbaas show` prints: text for people, JSON for programs (documented in docs/cli.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/model/view.h"

namespace dbaas {

/// The first line of each cluster tells the truth in short: name, status and why it is not well.
std::string ToText(const std::vector<ClusterView>& clusters);

/// An object with one member, "clusters". No secrets.
Json ToJson(const std::vector<ClusterView>& clusters);

}  // namespace dbaas

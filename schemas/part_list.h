// SPDX-License-Identifier: MPL-2.0
//
// What list resources of the parts of clusters have in common: those of one cluster, of one host,
// or of all can be asked for. Called by list_dbaas_*.cc. Pure.
#pragma once

#include <functional>
#include <string>

#include "schemas/resource_type.h"

namespace dbaas {

/// `those` is what the texts of its attributes call them: "the replicas".
ListResourceType PartList(const char* type, const char* description, const std::string& those,
                          std::function<bool(const PartSpec&)> lists);

}  // namespace dbaas

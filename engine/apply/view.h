// SPDX-License-Identifier: MPL-2.0
//
// MakeView: what a record, a listing and (perhaps) a probe say about a cluster, in one value. Pure.
#pragma once

#include <functional>
#include <string>

#include "engine/dbms/dbms.h"
#include "engine/model/view.h"

namespace dbaas {

struct ViewInput {
  std::string host;
  std::function<std::string(const std::string& instance)> address;  ///< As Driver::Address.
  const ClusterRecord& record;
  const Observation& observed;          ///< May list other clusters too.
  const ClusterFacts* facts = nullptr;  ///< Null when nobody was asked or nobody answered.
};

Result<ClusterView> MakeView(const ViewInput& input);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// What happens to instances, by watching pods (they start and end) and StatefulSets (they are
// removed). Called by kubernetes_driver.cc.
#pragma once

#include <functional>
#include <stop_token>

#include "engine/drivers/driver.h"
#include "engine/drivers/kubernetes/place.h"

namespace dbaas::kubernetes {

/// Driver::Watch.
Result<void> WatchInstances(Place& place, const std::function<void(const InstanceEvent&)>& on_event,
                            std::stop_token stop);

}  // namespace dbaas::kubernetes

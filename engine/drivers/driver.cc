// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/driver.h"

namespace dbaas {

const char* ToString(InstanceEvent::Kind kind) {
  switch (kind) {
    case InstanceEvent::Kind::kAttached: return "attached";
    case InstanceEvent::Kind::kStarted: return "started";
    case InstanceEvent::Kind::kEnded: return "ended";
    case InstanceEvent::Kind::kRemoved: return "removed";
  }
  return "";
}

}  // namespace dbaas

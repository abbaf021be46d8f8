// SPDX-License-Identifier: MPL-2.0
//
// Chronicle: writes what a watcher did into the history of the cluster's record, beside what
// applies did. Called by Engine::Watch through an Outbox, which comes again after a conflict.
// Docs: docs/watch.md, docs/record_format.md.
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/watch_report.h"

namespace dbaas {

/// One try, with the errors of apply/annotate.h. REQUIRES: the report is about one cluster.
Result<void> WriteDown(Driver& driver, Clock& clock, const Holder& holder,
                       const WatchReport& report);

}  // namespace dbaas

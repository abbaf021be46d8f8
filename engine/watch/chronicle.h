// SPDX-License-Identifier: MPL-2.0
//
// Chronicle: writes what a watcher did into the history of the cluster's record, beside what
// applies did. Called by Engine::Watch through an Outbox, which comes again after a conflict.
// Docs: docs/watch.md, docs/record_format.md.
#pragma once

#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/watch_report.h"

namespace dbaas {

/// One try, which waits for nobody: kConflict while an apply holds the cluster's lease, or has not
/// written yet how it ended. kNotFound when the cluster is gone or going. The entry is a generation
/// of its own that asks for nothing: a cluster that was settled stays so, and one whose last apply
/// failed stays unfinished.
/// REQUIRES: the report is about one cluster.
Result<void> WriteDown(Driver& driver, const Holder& holder, const WatchReport& report);

}  // namespace dbaas

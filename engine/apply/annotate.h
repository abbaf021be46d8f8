// SPDX-License-Identifier: MPL-2.0
//
// Annotate: puts something down in a cluster's record beside what applies do there: what a watcher
// did, what a verification has shown. Called by watch/chronicle.h and verify.h. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/history.h"
#include "engine/model/record.h"

namespace dbaas {

/// Adds `entry` to the history, and whatever `change` makes of the record. One try, which waits for
/// nobody: kConflict while an apply holds the cluster's lease, or has not written yet how it ended.
/// kNotFound when the cluster is gone or going; or else the error of `change`, and then nothing is
/// written. The entry is a generation of its own that asks for nothing: a cluster that was settled
/// stays so, and one whose last apply failed stays unfinished.
Result<void> Annotate(
    Driver& driver, Clock& clock, const Holder& holder, const std::string& cluster,
    HistoryEntry entry,
    const std::function<Result<void>(ClusterRecord&)>& change = [](ClusterRecord&) {
      return Ok();
    });

}  // namespace dbaas

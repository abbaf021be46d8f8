// SPDX-License-Identifier: MPL-2.0
//
// Desired: all that a cluster needs on its host. What the Dbms expands its record to, and what is
// ours whatever the database: the watcher that a host's clusters share. Pure. Called by converge
// and view.
#pragma once

#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas {

/// The instance that runs `dbaas watch` for all clusters of a host that ask for it (docs/watch.md).
ObjectId WatcherId();

/// REQUIRES: as Dbms::Expand.
Result<DesiredState> Desire(const Dbms& dbms, const ClusterRecord& record);

/// kInvalid when a watcher was asked for in so many words, or backups by a schedule were, and
/// `host` cannot run one.
Result<void> CheckWatcher(const std::string& host, bool has_control_socket, const PartSpec& part);

/// Decides whether the cluster needs the watcher. Where the host cannot run it and nobody insists,
/// there is none. Errors: as CheckWatcher.
Result<void> DecideWatcher(const std::string& host, bool has_control_socket, ClusterRecord& record);

/// Tells whether two versions of dbaas make the same of a record.
Fingerprint FingerprintOf(const DesiredState& desired);

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Desired: all that a cluster needs on its host. What the Dbms expands its record to, and what is
// ours whatever the database: the watcher that a host's clusters share. Pure. Called by converge
// and view.
#pragma once

#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/model/host_traits.h"
#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas {

/// The instance that runs `dbaas watch` for all clusters of a host that ask for it (docs/watch.md).
ObjectId WatcherId();

/// REQUIRES: as Dbms::Expand.
Result<DesiredState> Desire(const Dbms& dbms, const ClusterRecord& record);

/// kInvalid, on the field that asks for it, when the part wants what a host of this kind cannot do:
/// a watcher in so many words, backups by a schedule or into a volume, a directory, a port.
Result<void> CheckTraits(const std::string& host, const HostTraits& traits, const PartSpec& part);

/// Puts into the record what its expansion depends on: whether the cluster needs the watcher (where
/// the host cannot run it and nobody insists, there is none), and whether volumes can be shared.
/// Errors: as CheckTraits, of any part.
Result<void> FitToHost(const std::string& host, const HostTraits& traits, ClusterRecord& record);

/// Tells whether two versions of dbaas make the same of a record.
Fingerprint FingerprintOf(const DesiredState& desired);

}  // namespace dbaas

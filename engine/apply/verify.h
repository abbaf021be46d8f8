// SPDX-License-Identifier: MPL-2.0
//
// VerifyBackups: restores the newest backup of a cluster, and all of the log since, into an
// instance that goes afterwards, looks whether what came of it is sound, and puts down in the
// cluster's record what was found. Called by Maintain (apply/converge.h) and the schedule
// (watch/verification_scheduler.h).
//
// It takes as long as restoring the cluster would, so it runs beside everything else: not under the
// cluster's lease, but under one of its own, and only the last step waits for an apply. Cut, it
// leaves an instance and a volume of kVerificationPart, which nobody takes for drift; the next
// verification or apply removes them, and so does whoever removes the cluster. Docs:
// docs/backups.md.
#pragma once

#include <string>

#include "engine/apply/converge.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/spec.h"

namespace dbaas {

/// How a verification ended that came to an end.
struct Verified {
  std::string backup_id;  ///< The one that was restored; empty if none could be.
  std::string problem;    ///< What was found, in a sentence; empty: all is well.
  Milliseconds took{};
};

/// Errors, which say nothing of the backups: kInvalid (field "cluster_id") without a policy;
/// kNotFound without a cluster or a backup, or when it became another one meanwhile; kConflict
/// while another verification runs, and after an apply that did not end; kCancelled; kUnavailable
/// when nobody could look: the host is silent, there is no room, the repository does not answer.
Result<Verified> VerifyBackups(const ConvergeContext& context, const ClusterId& id,
                               const std::string& who);

/// What a verification that was cut has left goes; one that is under way is left alone. Called
/// under the cluster's lease.
Result<void> RemoveLeftVerification(const ConvergeContext& context, const std::string& cluster,
                                    const Holder& holder);

}  // namespace dbaas

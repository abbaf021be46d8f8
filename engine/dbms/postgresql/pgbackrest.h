// SPDX-License-Identifier: MPL-2.0
//
// pgBackRest's configuration of one member, and what its verbs share. Each member reaches the
// repository by itself: the cluster's own volume, which all of them mount from the start, or a
// bucket. So whoever is primary archives its log, any other takes the backups, and no machine in
// between can fail. Pure. Called by expand.cc and patroni.cc; the verbs are in backups.cc. Source:
// https://pgbackrest.org/configuration.html, 2.45 to 2.55.
#pragma once

#include <string>
#include <vector>

#include "engine/base/secret.h"
#include "engine/dbms/dbms.h"
#include "engine/model/record.h"

namespace dbaas::postgresql {

/// Empty without a policy.
Secret<std::string> BackupConfiguration(const ClusterRecord& record);

/// Whom to trust where the repository is a bucket; empty: those that the system trusts.
Secret<std::string> StorageAuthority(const ClusterRecord& record);

/// The repository's name for this incarnation of the cluster: its backups never mix with those of a
/// namesake.
std::string Stanza(const ClusterRecord& record);

/// What the record of a cluster that is made from backups knows of their source, by the names in
/// topology.h. Empty when it does not.
Secret<std::string> OfSource(const ClusterRecord& record, const char* name);

/// Whether it is copied from a source at work, for want of a repository.
bool IsClone(const ClusterRecord& record);

/// What is done, in an instance that has the repository and an empty volume, to see whether the
/// cluster could be restored.
std::vector<Verification::Check> VerificationChecks(const ClusterRecord& record,
                                                    const std::string& workbench);

/// What PostgreSQL runs for each finished piece of its log. REQUIRES: a policy.
std::string ArchiveCommand(const ClusterRecord& record);

}  // namespace dbaas::postgresql

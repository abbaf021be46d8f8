// SPDX-License-Identifier: MPL-2.0
//
// All processes of one instance, however far they went: the children of its supervisor and theirs,
// also those that became daemons (the supervisor is the one that they are handed to), and whoever
// carries the instance's mark in its environment, in case a supervisor was killed before it could
// collect them. What a container's end does by itself is done here by name. Called by the
// supervisor, and by instances.cc for what has none any more.
// Source: prctl(2), PR_SET_CHILD_SUBREAPER; proc_pid_stat(5), proc_pid_environ(5).
#pragma once

#include <sys/types.h>

#include <string>

namespace dbaas::process {

/// The variable that every process of an instance has; its value is the instance's folder.
inline constexpr char kMark[] = "DBAAS_INSTANCE";

/// Orphans among our descendants become our children from now on.
void CollectOrphans();

/// The variable that every supervisor has; its value is its instance's folder.
inline constexpr char kSupervisorMark[] = "DBAAS_SUPERVISES";

/// Kills every descendant of this process and whoever has the mark, and waits until none is left.
/// For supervisors, whose descendants are the instance's; but for the supervisors of others among
/// them, and what these run: a watcher starts some, and they outlive it.
void EndFamily(const std::string& folder);

/// Only whoever has the mark, for everybody else.
void EndMarked(const std::string& folder);

/// Whether anybody who has the mark is alive.
bool AnyMarked(const std::string& folder);

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
//
// Maintenance: work on a cluster that changes nothing of what it should be: who leads, when its
// members start anew or read their configuration again, a backup or its verification, a restoration
// in place. Asked for by the command and by Terraform's actions; plan/build_maintenance.h makes a
// plan of it, and apply/converge.h carries that out under the cluster's lease. A verification
// runs beside the cluster (apply/verify.h). Plain data.
#pragma once

#include <string>
#include <vector>

#include "engine/model/backup.h"
#include "engine/model/spec.h"

namespace dbaas {

struct Maintenance {
  enum class Kind {
    kSwitchover,  ///< `member` becomes primary; the best standby when it is empty.
    kFailover,    ///< `member` takes over from a primary that is unwell; the best when it is empty.
    kRestart,     ///< `members` restart, the primary last; all of them when it is empty.
    kReload,      ///< Every member that runs reads its configuration files again.
    kBackup,      ///< A backup of `backup`'s kind is taken.
    kVerify,      ///< Its newest backup is restored elsewhere, to see whether that can be done.
    kRestore,     ///< Its data goes back to what `restore` names; with `undo`, a restoration that
                  ///< was not begun with yet does not take place.
  };
  Kind kind = Kind::kSwitchover;
  ClusterId id;
  std::string member;                ///< Of kSwitchover and kFailover.
  std::vector<std::string> members;  ///< Of kRestart.
  /// Of kFailover: although the primary looks well. Of kRestore: although nobody leads.
  bool force = false;
  BackupKind backup = BackupKind::kFull;
  std::string mark = {};     ///< Of kBackup: Backup::mark of what is taken.
  RestoreSpec restore = {};  ///< Its source is `id`, whatever it says.
  bool undo = false;         ///< Of kRestore.
  std::string who;           ///< Caller in a word, as in PartChange.

  /// For the history: "switchover to orders-2", "restart".
  std::string ToText() const {
    if (kind == Kind::kReload) return "reload";
    if (kind == Kind::kBackup) {
      return std::string(dbaas::ToString(backup)) + " backup" + (mark.empty() ? "" : " " + mark);
    }
    if (kind == Kind::kVerify) return "verify the backups";
    if (kind == Kind::kRestore && undo) return "undo the restoration";
    if (kind == Kind::kRestore) return "restore as of " + restore.MomentToText();
    if (kind == Kind::kRestart) {
      std::string text = "restart";
      for (const auto& name : members) text += (text == "restart" ? " " : ", ") + name;
      return text;
    }
    const std::string moves = kind == Kind::kFailover ? "failover" : "switchover";
    return member.empty() ? moves : moves + " to " + member;
  }
};

}  // namespace dbaas

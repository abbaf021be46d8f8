// SPDX-License-Identifier: MPL-2.0
//
// Texts that are kept as files of their own and compiled in: see CMakeLists.txt.
#pragma once

#include <string_view>

namespace dbaas::postgresql::embedded {

extern const std::string_view kSettings15;     ///< settings/15.csv
extern const std::string_view kSettings17;     ///< settings/17.csv
extern const std::string_view kMember;         ///< scripts/member.py, the start of every script
extern const std::string_view kProbe;          ///< scripts/probe.py
extern const std::string_view kApplySettings;  ///< scripts/apply_settings.py
extern const std::string_view kRestartMember;  ///< scripts/restart_member.py
extern const std::string_view kReloadMember;   ///< scripts/reload_member.py
extern const std::string_view kLogin;          ///< scripts/login.py
extern const std::string_view kSwitchover;     ///< scripts/switchover.py
extern const std::string_view kPgbackrest;     ///< scripts/pgbackrest.py, before all of backups
extern const std::string_view kBackups;        ///< scripts/backups.py
extern const std::string_view kServeBackup;    ///< scripts/serve_backup.py
extern const std::string_view kServer;         ///< scripts/server.py, before the next three
extern const std::string_view kClone;          ///< scripts/clone.py, before the next
extern const std::string_view kRestore;        ///< scripts/restore.py
extern const std::string_view kVerify;         ///< scripts/verify.py
extern const std::string_view kStartPatroni;   ///< scripts/start_patroni.py, no script of a command

}  // namespace dbaas::postgresql::embedded

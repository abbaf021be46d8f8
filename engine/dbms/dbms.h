// SPDX-License-Identifier: MPL-2.0
//
// Dbms: what runs. Turns specs into objects and verbs into commands, and a probe's output into
// facts. Pure: no I/O, no clock, no randomness, so that all of it is tested as text. It knows no
// driver; apply/ carries its commands to the instances.
//
// Adding one: a folder under engine/dbms/ and a line in engine/dbms/registry.cc.
// Threading: const and stateless, share freely.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/model/backup.h"
#include "engine/model/login.h"
#include "engine/model/record.h"
#include "engine/model/retention.h"
#include "engine/model/state.h"

namespace dbaas {

/// A secret that a cluster needs to have in its record before it is expanded.
struct SecretRequest {
  enum class Kind {
    kPassword,     ///< 32 random letters and digits.
    kAuthority,    ///< A CA. Stored as <name>.crt and <name>.key (PEM).
    kCertificate,  ///< Issued by the authority called `issuer`; likewise two entries.
  };
  std::string name;
  Kind kind = Kind::kPassword;
  std::string issuer;
  std::string common_name;
  std::vector<std::string> names;  ///< Subject alternative names.
};

/// Every name and address under which clients may reach what an instance publishes.
using NamesOf = std::function<std::vector<std::string>(const std::string& instance)>;

/// A port that is published.
struct PublishedPort {
  std::string name;      ///< In ClusterRecord::ports: "write", "read", "replica/reports".
  std::string instance;  ///< Whose it is.
  int usual = 0;         ///< Where clients look for it, if it can be had (own_addresses).
  friend bool operator==(const PublishedPort&, const PublishedPort&) = default;
};

/// Something to run inside an instance.
struct Command {
  std::string instance;
  std::vector<std::string> argv;  ///< Nothing secret.
  Secret<std::string> input;      ///< stdin; secrets go here.
};

/// Who claims the primary role in the store of the high-availability layer, as it was read there. A
/// member whose processes start anew has to claim anew, so a claim never outlives the life that
/// made it: once that life has ended, taking the claim away takes nothing from anybody.
struct Claim {
  std::string member;      ///< Empty: nobody claims it.
  std::string version;     ///< Of the claim and of the settings beside it. Opaque.
  bool suspended = false;  ///< The layer has been told to leave all roles as they are.
};

/// How RevokeClaim or PassClaim ended.
struct ClaimAnswer {
  bool revoked = false;
  Claim claim;  ///< What stands, unless it was revoked.
};

/// What a changed setting costs a member. In rising order of pain.
enum class Impact { kNone, kReload, kRestart, kRebuild };
const char* ToString(Impact impact);  ///< "none", "reload", "restart", "rebuild"

/// For how long, in seconds, no write gets through while ... Upper bounds for a healthy cluster on
/// a busy host.
struct BlockedTimes {
  int switchover = 0;  ///< ... the primary's role moves in order.
  int restart = 0;     ///< ... the primary restarts in place.
  int recreate = 0;    ///< ... the primary's instance is made anew around its data.
  int proxy = 0;       ///< ... the proxy is made anew.
  int failover = 0;    ///< ... a standby takes over from a primary that was ended.
};

/// Whose files a backup copies, and who has the work.
struct BackupSource {
  std::string member;
  std::string service;  ///< What ServeBackup wrote. Empty: it is the primary.
};

/// How backups are found to be sound: what is restored, where, and what is asked of it.
struct Verification {
  struct Check {
    std::string title;  ///< "restore the newest backup, and all of the log since"
    Command command;    ///< Fails with what it found, in one line.
  };
  /// Exit code of a check that could not look: what it says then is nothing about the backups.
  static constexpr int kCouldNotLook = 3;
  Object volume;     ///< Both of kVerificationPart.
  Object workbench;  ///< An instance that mounts it, in which the checks are run.
  /// In this order. The first restores, and writes to stdout which backup it takes, before it does.
  std::vector<Check> checks;
};

class Dbms {
 public:
  virtual ~Dbms() = default;
  virtual const std::string& Name() const = 0;
  /// Major versions that can be asked for, newest first: "17", "15".
  virtual std::vector<std::string> Versions() const = 0;

  /// Checks what needs no host: version, parameters and their ranges, names. All errors found, each
  /// with its spec field ("parameters.work_mem").
  virtual std::vector<Error> Validate(const ClusterSpec& spec) const = 0;
  /// Whether a running cluster may become `next`: no downgrade, no change of engine.
  virtual std::vector<Error> ValidateChange(const ClusterSpec& current,
                                            const ClusterSpec& next) const = 0;

  /// The secrets and the published ports that the record must have before Expand. `names` go into
  /// certificates.
  virtual std::vector<SecretRequest> Secrets(const ClusterRecord& record,
                                             const NamesOf& names) const = 0;
  virtual std::vector<PublishedPort> PublishedPorts(const ClusterRecord& record) const = 0;

  /// REQUIRES: record.has_cluster_part(), with all secrets and ports.
  virtual Result<DesiredState> Expand(const ClusterRecord& record) const = 0;

  /// What a change of one setting costs, by its key in Settings.
  virtual Impact Classify(const ClusterSpec& spec, const std::string& setting) const = 0;

  /// Whether a change of this setting has to reach the primary before any standby may restart with
  /// it, so that the primary restarts in place and cannot hand over first.
  virtual bool RestartsPrimaryInPlace(const std::string& setting, const std::string& before,
                                      const std::string& after) const = 0;
  virtual BlockedTimes Blocked() const = 0;

  /// How a client connects: "postgresql://admin:…@127.0.0.1:15432/app?…".
  virtual Secret<std::string> ConnectionUri(const ClusterRecord& record,
                                            const std::string& username,
                                            const Secret<std::string>& password,
                                            const std::string& address, int port) const = 0;

  /// The probe, to be run in any one running member; its stdout goes to ReadProbe.
  virtual Command Probe(const ClusterRecord& record, const std::string& member) const = 0;
  virtual Result<ClusterFacts> ReadProbe(const ClusterRecord& record,
                                         const std::string& output) const = 0;

  /// Brings the named settings to their desired values; run where the primary is. Idempotent.
  virtual Command ApplySettings(const ClusterRecord& record, const Settings& desired,
                                const std::vector<std::string>& keys,
                                const std::string& primary) const = 0;
  /// Restarts the database of one member in place. A member without pending changes is left alone.
  virtual Command RestartMember(const ClusterRecord& record, const std::string& member) const = 0;
  /// Has the database of one member read its configuration files again; ends when it has.
  virtual Command ReloadMember(const ClusterRecord& record, const std::string& member) const = 0;
  /// Moves the primary role from `from` to `to`. Succeeds at once when `from` is no longer primary.
  virtual Command Switchover(const ClusterRecord& record, const std::string& from,
                             const std::string& to) const = 0;

  /// Makes the role of a login, which ends by itself, and drops those that ended before; both again
  /// when repeated. Empty argv, here and in the next two: this dbms has no such roles.
  virtual Command OpenLogin(const ClusterRecord& record, const Login& login,
                            const std::string& primary) const = 0;
  /// Its time begins anew. Fails when it is gone.
  virtual Command RenewLogin(const ClusterRecord& record, const Login& login,
                             const std::string& primary) const = 0;
  /// Ends its sessions and drops it; what it owned goes to the cluster's user.
  virtual Command CloseLogin(const ClusterRecord& record, const std::string& role,
                             const std::string& primary) const = 0;

  /// Makes the repository that the record's backup policy names, if need be, and proves that both
  /// the database and its log get there. The reason why not is one line. Run where the primary is.
  virtual Command ProveRepository(const ClusterRecord& record,
                                  const std::string& primary) const = 0;
  /// Lets a follower take a backup: what only the primary can do for it is at its service from then
  /// on, until it has ended or nobody comes. Run where the primary is; its stdout, if any, goes to
  /// TakeBackup. None: a follower cannot, on this host. Empty argv: nor on any other.
  virtual Command ServeBackup(const ClusterRecord& record, const std::string& follower,
                              const std::string& primary) const = 0;
  /// Takes a backup, which bears `mark` unless that is empty. Run in its source.
  virtual Command TakeBackup(const ClusterRecord& record, BackupKind kind, const std::string& mark,
                             const BackupSource& source, const std::string& primary) const = 0;
  /// Carries out what `retention` says, or the rest of it when repeated. Run where the primary is.
  virtual Command RemoveBackups(const ClusterRecord& record, const Retention& retention,
                                const std::string& primary) const = 0;
  /// Lists the backups of a cluster that has a policy; its stdout goes to ReadBackups.
  virtual Command ListBackups(const ClusterRecord& record, const std::string& primary) const = 0;
  virtual Result<BackupCatalogue> ReadBackups(const std::string& output) const = 0;

  /// Looks whether the log of a cluster that has a policy arrives, without a word to the
  /// repository; its stdout goes to ReadArchiving. Run where the primary is.
  virtual Command LookAtArchiving(const ClusterRecord& record,
                                  const std::string& primary) const = 0;
  virtual Result<Archiving> ReadArchiving(const std::string& output) const = 0;

  /// Ends when all that was committed before it is in the repository, and one commit more: without
  /// that one nobody can tell whether the log reaches this moment. Its stdout is the name of the
  /// branch of the log that it was written to (LeftBranch). Run where the primary is.
  virtual Command CompleteLog(const ClusterRecord& record, const std::string& primary) const = 0;
  /// What the record of a cluster that is restored from `source` has to know of it, by the names
  /// that Restore and Expand look for behind kRestorePrefix. Without a policy of the source it is
  /// copied from whoever leads it, as it is then. kInvalid, on "restore", when `next` cannot be
  /// made from it.
  virtual Result<std::map<std::string, Secret<std::string>>> RestoreSecrets(
      const RestoreSpec& restore, const ClusterRecord& source, const ClusterSpec& next) const = 0;
  /// Makes the data of record.restoring(); run in the workbench of the desired state. The reason
  /// why not is one line. Goes on, or does nothing, when repeated.
  virtual Command Restore(const ClusterRecord& record, const std::string& workbench) const = 0;

  /// How to see whether the cluster could be restored now, without touching it. REQUIRES:
  /// record.backup_policy(), and of Expand.
  virtual Result<Verification> Verify(const ClusterRecord& record) const = 0;

  /// Forgets what shared services keep of this cluster; run in `instance` of the shared ones
  /// (their first). Empty argv: nothing to forget.
  virtual Command Forget(const ClusterRecord& record) const = 0;

  /// Takes away `seen`, in one atomic step, if it stands exactly as it was read; otherwise, and for
  /// an empty claim, only tells what stands. Its stdout goes to ReadClaim. The layer's own election
  /// follows. REQUIRES: the life of the member that made the claim has ended. Empty argv: this dbms
  /// has no claims.
  virtual Command RevokeClaim(const ClusterRecord& record, const Claim& seen) const = 0;
  /// As RevokeClaim, and in the same step names `to` as the one to lead next, whatever it lacks. A
  /// claim of nobody that was read (it has a version) is passed on too.
  virtual Command PassClaim(const ClusterRecord& record, const Claim& seen,
                            const std::string& to) const = 0;
  virtual Result<ClaimAnswer> ReadClaim(const std::string& output) const = 0;
};

/// The instance that publishes a port of the record; empty when it has no such port.
std::string PublisherOf(const Dbms& dbms, const ClusterRecord& record, const std::string& port);

/// Null when there is none of that name.
const Dbms* FindDbms(const std::string& name);
const std::vector<const Dbms*>& AllDbms();

}  // namespace dbaas

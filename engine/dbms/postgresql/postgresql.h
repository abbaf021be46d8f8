// SPDX-License-Identifier: MPL-2.0
//
// PostgreSQL under Patroni, with etcd as Patroni's store and HAProxy in front. One member is one
// instance and one volume; what they share lives in Patroni's dynamic configuration. The verbs are
// short Python scripts (scripts/) that run inside a member and talk to Patroni's REST API and, by
// the local socket, to the database; nothing of it needs a port that is open to anybody else.
//
// Read topology.h for names and places, then expand.cc for what a cluster is made of.
// Threading: const and stateless.
#pragma once

#include <string>
#include <vector>

#include "engine/dbms/dbms.h"

namespace dbaas::postgresql {

class PostgreSql final : public Dbms {
 public:
  const std::string& Name() const override;
  std::vector<std::string> Versions() const override;

  // validate.cc
  std::vector<Error> Validate(const ClusterSpec& spec) const override;
  std::vector<Error> ValidateChange(const ClusterSpec& current,
                                    const ClusterSpec& next) const override;

  // expand.cc
  std::vector<SecretRequest> Secrets(const ClusterRecord& record,
                                     const NamesOf& names_of) const override;
  std::vector<PublishedPort> PublishedPorts(const ClusterRecord& record) const override;
  Result<DesiredState> Expand(const ClusterRecord& record) const override;
  Impact Classify(const ClusterSpec& spec, const std::string& setting) const override;
  bool RestartsPrimaryInPlace(const std::string& setting, const std::string& before,
                              const std::string& after) const override;
  BlockedTimes Blocked() const override;
  Secret<std::string> ConnectionUri(const ClusterRecord& record, const std::string& username,
                                    const Secret<std::string>& password, const std::string& address,
                                    int port) const override;

  // probe.cc
  Command Probe(const ClusterRecord& record, const std::string& member) const override;
  Result<ClusterFacts> ReadProbe(const ClusterRecord& record,
                                 const std::string& output) const override;

  // commands.cc
  Command ApplySettings(const ClusterRecord& record, const Settings& desired,
                        const std::vector<std::string>& keys,
                        const std::string& primary) const override;
  Command RestartMember(const ClusterRecord& record, const std::string& member) const override;
  Command ReloadMember(const ClusterRecord& record, const std::string& member) const override;
  Command Switchover(const ClusterRecord& record, const std::string& from,
                     const std::string& to) const override;
  Command OpenLogin(const ClusterRecord& record, const Login& login,
                    const std::string& primary) const override;
  Command RenewLogin(const ClusterRecord& record, const Login& login,
                     const std::string& primary) const override;
  Command CloseLogin(const ClusterRecord& record, const std::string& role,
                     const std::string& primary) const override;
  Command Forget(const ClusterRecord& record) const override;

  // backups.cc
  Command ProveRepository(const ClusterRecord& record, const std::string& primary) const override;
  Command ServeBackup(const ClusterRecord& record, const std::string& follower,
                      const std::string& primary) const override;
  Command TakeBackup(const ClusterRecord& record, BackupKind kind, const std::string& mark,
                     const BackupSource& source, const std::string& primary) const override;
  Command RemoveBackups(const ClusterRecord& record, const Retention& retention,
                        const std::string& primary) const override;
  Command ListBackups(const ClusterRecord& record, const std::string& primary) const override;
  Result<BackupCatalogue> ReadBackups(const std::string& output) const override;
  Command LookAtArchiving(const ClusterRecord& record, const std::string& primary) const override;
  Result<Archiving> ReadArchiving(const std::string& output) const override;
  Command CompleteLog(const ClusterRecord& record, const std::string& primary) const override;
  Result<std::map<std::string, Secret<std::string>>> RestoreSecrets(
      const RestoreSpec& restore, const ClusterRecord& source,
      const ClusterSpec& next) const override;
  Command Restore(const ClusterRecord& record, const std::string& workbench) const override;
  Result<Verification> Verify(const ClusterRecord& record) const override;

  // claim.cc
  Command RevokeClaim(const ClusterRecord& record, const Claim& seen) const override;
  Command PassClaim(const ClusterRecord& record, const Claim& seen,
                    const std::string& to) const override;
  Result<ClaimAnswer> ReadClaim(const std::string& output) const override;
};

}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
//
// Names, ports and paths of a PostgreSQL cluster: who is in it and where things are. The one place
// where they are written down; everything else in this folder asks here. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/model/record.h"

namespace dbaas::postgresql {

inline constexpr int kPostgresPort = 5432;
inline constexpr int kRestPort = 8008;
inline constexpr int kWritePort = 5000;  ///< Of the proxy.
inline constexpr int kReadPort = 5001;
inline constexpr int kEtcdPort = 2379;

// Users inside our images (images/*/Dockerfile).
inline constexpr int kPostgresUid = 999;
inline constexpr char kSystemUser[] = "postgres";
inline constexpr int kHaproxyUid = 997;

inline constexpr char kConfigurationFolder[] = "/etc/dbaas/patroni";
inline constexpr char kStartPatroniPath[] = "/etc/dbaas/start_patroni.py";
inline constexpr char kCertificatePath[] = "/etc/dbaas/tls/server.crt";
inline constexpr char kKeyPath[] = "/etc/dbaas/tls/server.key";
inline constexpr char kAuthorityPath[] = "/etc/dbaas/tls/ca.crt";
inline constexpr char kSocketFolder[] = "/run/postgresql";
inline constexpr char kDataMount[] = "/var/lib/postgresql";
inline constexpr char kRepositoryMount[] = "/var/lib/pgbackrest";
inline constexpr char kBackupPath[] = "/etc/dbaas/backup/pgbackrest.conf";
inline constexpr char kStorageAuthorityPath[] = "/etc/dbaas/backup/storage_ca.crt";
inline constexpr char kHaproxyPath[] = "/etc/dbaas/haproxy.cfg";

// Roles of the system. The superuser has no password and only comes in by the local socket.
inline constexpr char kSuperuser[] = "postgres";
inline constexpr char kReplicationUser[] = "replicator";
inline constexpr char kRewindUser[] = "rewinder";
inline constexpr char kRestUser[] = "dbaas";

// Names in the record's secrets.
inline constexpr char kAuthority[] = "ca";
inline constexpr char kPassword[] = "password";
inline constexpr char kReplicationPassword[] = "replication_password";
inline constexpr char kRewindPassword[] = "rewind_password";
inline constexpr char kRestPassword[] = "rest_password";

// Behind kRestorePrefix: how the source's repository is reached, or the source itself.
inline constexpr char kSourceConfiguration[] = "configuration";
inline constexpr char kSourceStanza[] = "stanza";
inline constexpr char kSourceBranch[] = "branch";
inline constexpr char kSourceMembers[] = "members";  ///< "orders-1 orders-2"; else empty.
inline constexpr char kSourcePassword[] = "password";
inline constexpr char kSourceAuthority[] = "authority";  ///< Of either.
inline constexpr const char* kOfSource[] = {kSourceConfiguration, kSourceStanza,
                                            kSourceBranch,        kSourceMembers,
                                            kSourcePassword,      kSourceAuthority};

struct Member {
  std::string name;  ///< "orders-1"
  std::string part;  ///< "cluster", "replica/reports"
  bool is_replica = false;
  Resources resources;  ///< Its own, or the cluster's.
  std::string volume;   ///< VolumeOf.
};

/// Candidates by number, then replicas by name. REQUIRES: record.has_cluster_part().
std::vector<Member> Members(const ClusterRecord& record);

/// "orders-1-data"; after a restoration in place "orders-1-data-1".
std::string VolumeOf(const ClusterRecord& record, const std::string& member);
std::string ProxyName(const std::string& cluster);
std::string RepositoryVolume(const std::string& cluster);
/// The instance in which a cluster is made from backups.
std::string WorkbenchName(const std::string& cluster);
/// The instance, and its volume, in which backups are verified.
std::string VerificationName(const std::string& cluster);
std::string EtcdName();

/// What a port of the proxy or of a replica is called in record.ports.
inline constexpr char kWriteName[] = "write";
inline constexpr char kReadName[] = "read";

/// The name of this incarnation of the cluster: one that was destroyed and made anew never meets
/// what its predecessor left.
std::string Incarnation(const ClusterRecord& record);
/// Patroni's name for it, which is another one for each set of data: members that run on what was
/// left and those that run on what was restored never meet in etcd.
std::string Scope(const ClusterRecord& record);
/// Everything of this cluster in etcd starts with it: "/dbaas/orders-x7kq/".
std::string EtcdPrefix(const ClusterRecord& record);

/// "17" of "17" and "17.6".
std::string MajorOf(const std::string& engine_version);
/// With the major version in it, so that an upgrade finds room for both on one volume.
std::string DataFolder(const std::string& major);

}  // namespace dbaas::postgresql

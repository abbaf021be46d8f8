// SPDX-License-Identifier: MPL-2.0
//
// The claim of the primary role: Patroni's leader key in etcd. Its value is a member's name. A
// leader renews the lease below the key and leaves the key alone, and a Patroni that has just
// started writes the key anew, under a lease of its own, before it lets its PostgreSQL take writes.
// So the key's revision names one life of one member. Whether Patroni is paused is in the key of
// its configuration; that it is paused meanwhile must count, so that key's revision counts too.
// Sources: patroni/dcs/etcd3.py (4.0, _update_leader), patroni/ha.py (recover), and
// https://etcd.io/docs/v3.5/learning/api/#transaction. The input and output are those of
// `etcdctl txn`.
#include <fmt/format.h>

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

// Somebody waits for the next primary; an etcd that takes longer than this is not well.
constexpr char kPatience[] = "2s";
constexpr char kLeader[] = "leader";
constexpr char kConfiguration[] = "config";
constexpr char kFailover[] = "failover";

std::string VersionOf(std::int64_t claim, std::int64_t configuration) {
  return fmt::format("{}/{}", claim, configuration);
}

std::string Look(const std::string& prefix) {
  return fmt::format("get {0}{1}\nget {0}{2}\n", prefix, kLeader, kConfiguration);
}

/// What must hold, what is done then, and what is done otherwise, each with an empty line after it.
std::string Transaction(const std::string& prefix, const Claim& seen, const std::string& changes) {
  const auto slash = seen.version.find('/');
  // A key that is not there has the revision 0, and no value that could be compared.
  const std::string member =
      seen.member.empty() ? ""
                          : fmt::format("value(\"{}{}\") = \"{}\"\n", prefix, kLeader, seen.member);
  const std::string revisions = fmt::format(
      "mod(\"{0}{1}\") = \"{3}\"\n"
      "mod(\"{0}{2}\") = \"{4}\"\n",
      prefix, kLeader, kConfiguration, seen.version.substr(0, slash),
      seen.version.substr(slash + 1));
  return fmt::format("{}{}\n{}\n{}\n", member, revisions, changes, Look(prefix));
}

std::string JustLook(const std::string& prefix) { return fmt::format("\n{}\n\n", Look(prefix)); }

Command Ask(const std::string& transaction) {
  return {.instance = EtcdName(),
          .argv = {"etcdctl", fmt::format("--endpoints=http://{}:{}", LocalAddress(), kEtcdPort),
                   fmt::format("--dial-timeout={}", kPatience),
                   fmt::format("--command-timeout={}", kPatience), "--write-out=json", "txn"},
          .input = Secret(transaction)};
}

/// Whoever cannot read the configuration must not act on what it might say.
bool IsPaused(const std::string& configuration) {
  const auto json = ParseJson(configuration, "Patroni's configuration");
  if (!json || !json->is_object()) return true;
  const Json& pause = GetMember(*json, "pause");
  return !pause.is_null() && pause != false;
}

}  // namespace

Command PostgreSql::RevokeClaim(const ClusterRecord& record, const Claim& seen) const {
  const std::string prefix = EtcdPrefix(record);
  if (seen.member.empty()) return Ask(JustLook(prefix));
  return Ask(Transaction(prefix, seen, fmt::format("del {}{}\n", prefix, kLeader)));
}

// The key that `patronictl failover` writes (patroni/dcs/__init__.py, manual_failover). It is read
// as soon as nobody leads, and removed by whoever does then.
Command PostgreSql::PassClaim(const ClusterRecord& record, const Claim& seen,
                              const std::string& to) const {
  const std::string prefix = EtcdPrefix(record);
  if (seen.version.empty()) return Ask(JustLook(prefix));
  const std::string name_the_next =
      fmt::format(R"(put {}{} "{{\"member\":\"{}\"}}")", prefix, kFailover, to);
  return Ask(
      Transaction(prefix, seen, fmt::format("{}\ndel {}{}\n", name_the_next, prefix, kLeader)));
}

Result<ClaimAnswer> PostgreSql::ReadClaim(const std::string& output) const {
  const Json answer = TRY(ParseJson(output, "etcd's answer about the claim"));
  ClaimAnswer read;
  std::int64_t claim_revision = 0;
  std::int64_t configuration_revision = 0;
  std::string configuration;
  for (const Json& response : GetMember(answer, "responses")) {
    const Json& done = GetMember(response, "Response");
    read.revoked |= GetInt(GetMember(done, "response_delete_range"), "deleted") > 0 ||
                    done.contains("response_put");
    for (const Json& entry : GetMember(GetMember(done, "response_range"), "kvs")) {
      const std::string key = DecodeBase64(GetString(entry, "key"));
      const std::string value = DecodeBase64(GetString(entry, "value"));
      const std::int64_t revision = GetInt(entry, "mod_revision");
      if (key.ends_with(fmt::format("/{}", kLeader))) {
        read.claim.member = value;
        claim_revision = revision;
      } else if (key.ends_with(fmt::format("/{}", kConfiguration))) {
        configuration = value;
        configuration_revision = revision;
      }
    }
  }
  if (read.revoked) return read;
  read.claim.version = VersionOf(claim_revision, configuration_revision);
  read.claim.suspended = IsPaused(configuration);
  return read;
}

}  // namespace dbaas::postgresql

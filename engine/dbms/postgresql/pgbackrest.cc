// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/pgbackrest.h"

#include <fmt/format.h>

#include "engine/base/uri.h"
#include "engine/dbms/postgresql/topology.h"
#include "engine/model/host_words.h"

namespace dbaas::postgresql {
namespace {

constexpr int kHttpsPort = 443;

std::string Line(const char* key, const std::string& value) {
  return fmt::format("{}={}\n", key, value);
}

std::string Storage(const ClusterRecord& record, const BackupPolicySpec& policy) {
  if (!policy.s3) return Line("repo1-path", OwnPath(kRepositoryMount));
  const S3Storage& s3 = *policy.s3;
  const auto uri = ParseUri(s3.endpoint);
  const auto key = [&](const char* name) {
    const auto found = record.secrets.find(name);
    return found == record.secrets.end() ? std::string() : found->second.Reveal();
  };
  std::string text = Line("repo1-type", "s3");
  text += Line("repo1-path", s3.prefix.empty() ? "/" : s3.prefix);
  text += Line("repo1-s3-bucket", s3.bucket);
  text += Line("repo1-s3-endpoint", uri ? uri->host : s3.endpoint);
  text +=
      Line("repo1-storage-port", std::to_string(uri && uri->port != 0 ? uri->port : kHttpsPort));
  text += Line("repo1-s3-region", s3.region);
  text += Line("repo1-s3-uri-style", s3.path_style ? "path" : "host");
  text += Line("repo1-s3-key", key(kStorageAccessKey));
  text += Line("repo1-s3-key-secret", key(kStorageSecretKey));
  if (!s3.ca_certificate_pem.empty()) {
    text += Line("repo1-storage-ca-file", OwnPath(kStorageAuthorityPath));
  }
  return text;
}

}  // namespace

std::string Stanza(const ClusterRecord& record) { return Incarnation(record); }

Secret<std::string> BackupConfiguration(const ClusterRecord& record) {
  const BackupPolicySpec* policy = record.backup_policy();
  if (policy == nullptr) return {};
  std::string text = "[global]\n";
  text += Storage(record, *policy);
  text += Line("repo1-cipher-type", "aes-256-cbc");
  text += Line("repo1-cipher-pass", record.secrets.at(kRepositoryPassphrase).Reveal());
  // Many small files go into few larger ones: a bucket charges, and waits, by the piece.
  text += Line("repo1-bundle", "y");
  text += Line("compress-type", "zst");
  text += Line("process-max", std::to_string(policy->processes));
  // Not at the next checkpoint that happens to come: a backup that was asked for begins now.
  text += Line("start-fast", "y");
  text += Line("lock-path", OwnPath("/tmp/pgbackrest"));
  text += Line("spool-path", OwnPath("/tmp/pgbackrest"));
  text += Line("log-level-file", "off");
  text += fmt::format("\n[{}]\n", Stanza(record));
  text += Line("pg1-path", OwnPath(DataFolder(MajorOf(record.cluster_spec().engine_version))));
  text += Line("pg1-socket-path", OwnPath(kSocketFolder));
  text += Line("pg1-user", kSuperuser);
  return Secret(std::move(text));
}

Secret<std::string> StorageAuthority(const ClusterRecord& record) {
  const BackupPolicySpec* policy = record.backup_policy();
  return Secret(policy != nullptr && policy->s3 ? policy->s3->ca_certificate_pem : std::string());
}

Secret<std::string> OfSource(const ClusterRecord& record, const char* name) {
  const auto found = record.secrets.find(std::string(kRestorePrefix) + name);
  return found == record.secrets.end() ? Secret<std::string>() : found->second;
}

bool IsClone(const ClusterRecord& record) {
  return !OfSource(record, kSourceMembers).Reveal().empty();
}

std::string ArchiveCommand(const ClusterRecord& record) {
  // For a bucket that does not answer pgBackRest waits twenty times as long. Only when it gives up
  // does the server know, and only then does it try with what a policy says by now.
  return fmt::format("pgbackrest --config={} --stanza={} archive-push --io-timeout=5 \"%p\"",
                     OwnPath(kBackupPath), Stanza(record));
}

}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/intent.h"

#include <fmt/format.h>

#include <utility>

#include "engine/apply/backups.h"
#include "engine/apply/secrets.h"

namespace dbaas {
namespace {

using Verb = PartChange::Verb;

// Above the well-known ports and below the kernel's ephemeral range (32768).
constexpr int kFirstPort = 15432;
constexpr int kLastPort = 32767;
constexpr int kUidLength = 8;

bool IsUnfinished(const ClusterRecord& record) { return record.settled < record.generation; }

ClusterRecord NewRecord(const PartChange& change) {
  ClusterRecord record;
  record.cluster = change.id.cluster;
  return record;
}

/// The password travels beside the spec: it changes with its version only, as on RDS. Until the
/// first apply has ended well nobody has it, so the latest word counts.
void TakePassword(const ClusterSpec* before, ClusterSpec& after, ClusterRecord& record) {
  const bool is_new = before == nullptr || record.settled == 0 ||
                      before->password_version != after.password_version;
  if (after.password && is_new) record.secrets.insert_or_assign("password", *after.password);
  after.password.reset();
}

/// As the password, but there may be none: then nothing is signed.
void TakeWebhookSecret(const ClusterSpec* before, ClusterSpec& after, ClusterRecord& record) {
  const bool is_new = before == nullptr || record.settled == 0 ||
                      before->webhook_secret_version != after.webhook_secret_version;
  if (after.webhook_secret_version == 0) {
    record.secrets.erase(kWebhookSecret);
  } else if (after.webhook_secret && is_new) {
    record.secrets.insert_or_assign(kWebhookSecret, *after.webhook_secret);
  }
  after.webhook_secret.reset();
}

/// The same of a policy's keys. One that names no key asks for none.
void TakeKeys(const BackupPolicySpec* before, BackupPolicySpec& after, ClusterRecord& record) {
  const bool is_new =
      before == nullptr || IsUnfinished(record) || before->keys_version != after.keys_version;
  const auto take = [&](const char* name, std::optional<Secret<std::string>>& key) {
    if (is_new) record.secrets.erase(name);
    if (is_new && key) record.secrets.emplace(name, *key);
    key.reset();
  };
  take(kStorageAccessKey, after.access_key);
  take(kStorageSecretKey, after.secret_key);
}

/// What opens the bucket that a cluster is made from, until it is made.
void TakeRestoreKeys(bool is_made, ClusterSpec& after, ClusterRecord& record) {
  if (!after.restore) return;
  const auto take = [&](const char* name, std::optional<Secret<std::string>>& key) {
    if (key && !is_made) record.secrets.insert_or_assign(std::string(kRestorePrefix) + name, *key);
    key.reset();
  };
  take(kStorageAccessKey, after.restore->access_key);
  take(kStorageSecretKey, after.restore->secret_key);
  take(kRepositoryPassphrase, after.restore->encryption_key);
}

/// What is written with one key is not read with another.
Result<void> TakeEncryptionKey(const BackupPolicySpec* before, BackupPolicySpec& after,
                               ClusterRecord& record) {
  const auto key = std::exchange(after.encryption_key, std::nullopt);
  const bool is_new =
      before == nullptr || before->encryption_key_version != after.encryption_key_version;
  if (!key || !is_new) return Ok();
  const auto [known, is_first] = record.secrets.try_emplace(kRepositoryPassphrase, *key);
  if (is_first || known->second.Reveal() == key->Reveal()) return Ok();
  return Invalid("encryption_key",
                 "the backups of " + record.cluster + " are encrypted with another key",
                 "A cluster keeps the key that its first policy was given, or that was generated.");
}

/// A backup that somebody has kept stays where it is, and is asked for there.
Result<void> CheckKeptBackups(const BackupPolicySpec& after, const ClusterRecord& record) {
  const std::string place = PlaceOf(after);
  for (const auto& [key, kept] : record.kept_backups) {
    if (kept.id.empty() || kept.place == place) continue;
    return Invalid(
        "storage", fmt::format("{} of {} is in another place: {}", key, record.cluster, kept.place),
        "What is kept there could not be reached any more. Destroy it first (it stays in "
        "its repository), or leave the policy where it is.");
  }
  return Ok();
}

/// What names the backup in its repository is no other's, not even of an earlier one of its name.
Result<void> AskForBackup(const BackupSpec* before, const BackupSpec& after, Moment moment,
                          ClusterRecord& record) {
  if (before != nullptr && before->kind != after.kind) {
    return Invalid("type", "the backup was taken, and is " + std::string(ToString(before->kind)));
  }
  // A plan may be that of the policy, too.
  if (moment == Moment::kApply) TRY(CheckHasPolicy(record, record.cluster));
  const std::string mark = fmt::format("{}.{}", after.name, record.generation + 1);
  record.kept_backups.try_emplace(BackupPartKey(after.name), Backup{.mark = mark});
  return Ok();
}

Error AlreadyExists(const PartChange& change) {
  const bool is_cluster = change.key == kClusterPart;
  return Invalid(
      "name",
      fmt::format("{} already exists on host {}",
                  is_cluster ? "cluster " + change.id.cluster
                             : change.key + " of cluster " + change.id.cluster,
                  change.id.host),
      // A plan for a tainted object cannot be told from one for a new object.
      fmt::format(
          "Choose another name, or take it over with: terraform import <address> {}{}\n\n"
          "If it is in the state already, Terraform takes it for tainted: run terraform "
          "untaint <address>, then, to make it anew, terraform apply -replace=<address>.\n\n"
          "If create_before_destroy is to replace it, the new one needs another name. After "
          "an apply that ended here, Terraform means to destroy the old one next: run "
          "terraform state rm <address> before you import it again.",
          change.id.ToText(), is_cluster ? "" : change.key.substr(change.key.find('/'))));
}

/// A part that is there may be created again only to finish what was cut, or by the second of two
/// who were asked for the same at the same time.
Result<void> CheckCreate(const ClusterRecord& before, const PartChange& change, Moment moment) {
  const auto existing = before.parts.find(change.key);
  if (existing == before.parts.end() || before.deleting) return Ok();
  if (change.key == kClusterPart ? before.settled == 0 : IsUnfinished(before)) return Ok();
  if (moment == Moment::kApply && SpecChanges(existing->second, *change.spec).empty()) return Ok();
  return AlreadyExists(change);
}

Result<void> CheckUpdate(const ClusterRecord& before, const PartChange& change) {
  const auto existing = before.parts.find(change.key);
  if (existing == before.parts.end() || change.key != kClusterPart) return Ok();
  const auto& current = std::get<ClusterSpec>(existing->second);
  const auto& next = std::get<ClusterSpec>(*change.spec);
  const Dbms* dbms = FindDbms(current.engine);
  if (dbms == nullptr) return Ok();
  for (auto& error : dbms->ValidateChange(current, next)) return std::move(error);
  return Ok();
}

Result<Intent> DeleteIntent(const std::optional<ClusterRecord>& before, const PartChange& change) {
  Intent intent{.record = before.value_or(NewRecord(change)), .what = "destroy " + change.key};
  if (change.key == kClusterPart) {
    intent.removes_cluster = true;
    intent.what = "destroy";
    if (before && before->has_cluster_part() && !before->deleting &&
        before->cluster_spec().deletion_protection) {
      return Denied(fmt::format("cluster {} is protected from deletion", change.id.cluster),
                    "Set deletion_protection = false and apply before destroying it.")
          .On("deletion_protection");
    }
    intent.record.deleting = true;
  } else {
    intent.record.parts.erase(change.key);
    intent.record.ports.erase(change.key);
    intent.record.kept_backups.erase(change.key);
    if (change.key == kBackupPolicyPart) {
      intent.record.secrets.erase(kStorageAccessKey);
      intent.record.secrets.erase(kStorageSecretKey);
      intent.record.verifications = {};
    }
  }
  return intent;
}

Result<void> CheckPort(const std::string& field, std::optional<int> port, const std::string& key,
                       const TakenPorts& taken, const ClusterRecord& record) {
  const auto ours = record.ports.find(key);
  if (!port || (ours != record.ports.end() && ours->second == *port)) return Ok();
  if (!taken.Contains(*port, record.cluster)) return Ok();
  return Invalid(field, fmt::format("port {} is already in use on the host", *port),
                 "Choose another port, or leave it out to have a free one allocated.");
}

/// The port that the user asked for by name, if any.
std::optional<int> WantedPort(const ClusterRecord& record, const std::string& key) {
  if (key == "write") return record.cluster_spec().port;
  if (key == "read") return record.cluster_spec().reader_port;
  return std::nullopt;
}

Result<void> FindPorts(const Dbms& dbms, const TakenPorts& taken, ClusterRecord& record) {
  TRY(CheckPort("port", record.cluster_spec().port, "write", taken, record));
  TRY(CheckPort("reader_port", record.cluster_spec().reader_port, "read", taken, record));
  const HostTraits& traits = taken.traits();
  const auto ports = dbms.PublishedPorts(record);
  // By the address that they are published on, which is that of the host or of an instance.
  std::map<std::string, std::set<int>> given;
  const auto beside = [&](const PublishedPort& port) -> std::set<int>& {
    return given[traits.own_addresses ? port.instance : ""];
  };
  for (const auto& port : ports) {
    if (const auto wanted = WantedPort(record, port.name)) record.ports[port.name] = *wanted;
    if (!record.ports.contains(port.name)) continue;
    const int number = record.ports[port.name];
    if (beside(port).insert(number).second) continue;
    return Invalid(record.cluster_spec().port == number ? "port" : "reader_port",
                   fmt::format("the cluster publishes port {} already", number));
  }
  int next = traits.first_port != 0 ? traits.first_port : kFirstPort;
  const int last = traits.last_port != 0 ? traits.last_port : kLastPort;
  for (const auto& port : ports) {
    if (record.ports.contains(port.name)) continue;
    if (traits.own_addresses) next = port.usual;
    std::set<int>& others = beside(port);
    while (others.contains(next) || taken.Contains(next, record.cluster)) ++next;
    if (next > last) return Unavailable("the host has no free port left to publish");
    record.ports[port.name] = next;
    others.insert(next);
  }
  return Ok();
}

}  // namespace

TakenPorts::TakenPorts(const HostTraits& traits, std::set<int> in_use,
                       const std::vector<ClusterRecord>& records)
    : traits_(traits) {
  if (traits_.own_addresses) return;
  in_use_ = std::move(in_use);
  for (const auto& record : records) {
    for (const auto& [key, port] : record.ports) promised_[port] = record.cluster;
  }
}

bool TakenPorts::Contains(int port, const std::string& for_cluster) const {
  if (in_use_.contains(port)) return true;
  const auto promised = promised_.find(port);
  return promised != promised_.end() && promised->second != for_cluster;
}

Result<const Dbms*> DbmsOf(const ClusterRecord& record) {
  if (!record.has_cluster_part()) {
    return NotFound("cluster " + record.cluster + " does not exist").On("cluster_id");
  }
  const Dbms* dbms = FindDbms(record.cluster_spec().engine);
  if (dbms != nullptr) return dbms;
  return Invalid("engine", "there is no engine called " + record.cluster_spec().engine);
}

Result<Intent> MakeIntent(const std::optional<ClusterRecord>& before, const PartChange& change,
                          Moment moment) {
  if (change.verb == Verb::kDelete) return DeleteIntent(before, change);
  if (change.key != kClusterPart && (!before || !before->has_cluster_part() || before->deleting)) {
    return Invalid("cluster_id", fmt::format("cluster {} does not exist on host {}",
                                             change.id.cluster, change.id.host));
  }
  if (change.verb == Verb::kUpdate && (!before || !before->parts.contains(change.key))) {
    return NotFound(
        fmt::format("{} of {} is not on the host any more", change.key, change.id.ToText()),
        "Someone else removed it. Refresh, and apply again to create it anew.");
  }
  if (before && change.verb == Verb::kCreate) TRY(CheckCreate(*before, change, moment));
  if (before) TRY(CheckUpdate(*before, change));

  Intent intent{.record = before.value_or(NewRecord(change)), .what = "create " + change.key};
  if (change.key == kClusterPart) intent.what = "new cluster";
  intent.record.deleting = false;
  PartSpec spec = *change.spec;
  const auto existing = intent.record.parts.find(change.key);
  const bool is_there = existing != intent.record.parts.end();
  if (auto* cluster = std::get_if<ClusterSpec>(&spec)) {
    const auto* known = is_there ? &std::get<ClusterSpec>(existing->second) : nullptr;
    TakePassword(known, *cluster, intent.record);
    TakeWebhookSecret(known, *cluster, intent.record);
    const bool is_made = before && before->settled != 0 && !before->deleting;
    TakeRestoreKeys(is_made, *cluster, intent.record);
  }
  if (auto* policy = std::get_if<BackupPolicySpec>(&spec)) {
    const auto* known = is_there ? &std::get<BackupPolicySpec>(existing->second) : nullptr;
    TRY(TakeEncryptionKey(known, *policy, intent.record));
    TakeKeys(known, *policy, intent.record);
    // What was found in one repository says nothing of another.
    if (known != nullptr && PlaceOf(*known) != PlaceOf(*policy)) intent.record.verifications = {};
    TRY(CheckKeptBackups(*policy, intent.record));
  }
  if (const auto* backup = std::get_if<BackupSpec>(&spec)) {
    const auto* known = is_there ? &std::get<BackupSpec>(existing->second) : nullptr;
    TRY(AskForBackup(known, *backup, moment, intent.record));
  }
  if (is_there) {
    const auto changes = SpecChanges(existing->second, spec);
    intent.what = changes.empty() ? "" : fmt::format("{}", fmt::join(changes, ", "));
    // The first attempt was cut: the rest of it is still the creation.
    if (before->settled == 0 && intent.what.empty()) intent.what = "new cluster";
  }
  intent.record.parts.insert_or_assign(change.key, std::move(spec));
  return intent;
}

bool NeedsPorts(const Dbms& dbms, const ClusterRecord& record) {
  for (const auto& port : dbms.PublishedPorts(record)) {
    const auto ours = record.ports.find(port.name);
    if (ours == record.ports.end()) return true;
    const auto wanted = WantedPort(record, port.name);
    if (wanted && *wanted != ours->second) return true;
  }
  return false;
}

Result<void> Complete(const Dbms& dbms, const NamesOf& names, const TakenPorts* taken,
                      Moment moment, Random& random, ClusterRecord& record) {
  if (record.uid.empty()) record.uid = random.Token(kUidLength);
  if (taken != nullptr) TRY(FindPorts(dbms, *taken, record));
  const auto secrets = dbms.Secrets(record, names);
  if (moment == Moment::kApply) return FillSecrets(secrets, random, record);
  PromiseSecrets(secrets, record);
  return Ok();
}

}  // namespace dbaas

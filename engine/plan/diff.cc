// SPDX-License-Identifier: MPL-2.0
#include "engine/plan/diff.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

std::string Shown(const std::string& key, const Settings& settings) {
  const auto found = settings.find(key);
  if (found == settings.end()) return "unset";
  if (key.starts_with(kSecretSettingPrefix)) return std::string(kSensitiveText);
  return found->second.Reveal();
}

/// What stands before the first dot is for machines: "parameters.work_mem" reads as "work_mem".
std::string ShortName(const std::string& key) {
  const auto dot = key.find('.');
  return dot == std::string::npos ? key : key.substr(dot + 1);
}

std::string Because(const Cause& cause, const ObjectId& id, const char* otherwise) {
  const bool asked_for = !cause.text.empty() && !cause.previously_desired.contains(id);
  return asked_for ? cause.text : otherwise;
}

/// Nothing when the object is as it should be.
std::optional<std::pair<ChangeKind, std::string>> Compare(const Object& desired,
                                                          const ObservedObject* observed,
                                                          const Cause& cause) {
  if (observed == nullptr) return {{ChangeKind::kCreate, Because(cause, desired.id, "is missing")}};
  if (desired.id.kind != ObjectKind::kInstance) return std::nullopt;
  if (observed->fingerprint != desired.fingerprint) {
    return {{ChangeKind::kReplace, cause.text.empty() ? "differs from the record" : cause.text}};
  }
  if (observed->state == RunState::kStopped) {
    return {{ChangeKind::kStart, "is stopped: " + observed->state_detail}};
  }
  if (observed->state == RunState::kLost) {
    return {{ChangeKind::kStart, "does not run: " + observed->state_detail}};
  }
  // A shallow listing does not know the files.
  if (!observed->files_fingerprint.empty() &&
      observed->files_fingerprint != desired.files_fingerprint) {
    return {{ChangeKind::kUpdateFiles, cause.text.empty() ? "its files differ" : cause.text}};
  }
  return std::nullopt;
}

}  // namespace

const char* Symbol(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kCreate: return "+";
    case ChangeKind::kUpdateFiles: return "~";
    case ChangeKind::kReplace: return "±";
    case ChangeKind::kStart: return ">";
    case ChangeKind::kRemove: return "-";
  }
  return "?";
}

Diff ComputeDiff(const std::vector<Object>& desired, const Observation& observed,
                 const Cause& cause) {
  Diff diff;
  std::set<ObjectId> wanted;
  for (const auto& object : desired) {
    wanted.insert(object.id);
    const auto change = Compare(object, observed.Find(object.id), cause);
    if (!change) continue;
    diff.changes.push_back({.id = object.id,
                            .kind = change->first,
                            .part = object.part,
                            .member = object.member,
                            .desired = object,
                            .reason = change->second,
                            .was_there = cause.previously_desired.contains(object.id)});
  }
  for (const auto& object : observed.objects) {
    if (wanted.contains(object.id)) continue;
    // Whoever verifies clears up after himself and others. Nobody does once the cluster goes.
    if (!desired.empty() && object.part == kVerificationPart) continue;
    const bool asked_for = !cause.text.empty() && cause.previously_desired.contains(object.id);
    diff.changes.push_back({.id = object.id,
                            .kind = ChangeKind::kRemove,
                            .part = object.part,
                            .member = object.member,
                            .desired = {},
                            .reason = asked_for ? cause.text : "is not part of the record"});
  }
  return diff;
}

void AddSettings(const Settings& desired, const ClusterFacts& facts, const Dbms& dbms,
                 const ClusterSpec& spec, Diff& diff) {
  for (const auto& member : facts.members) {
    if (member.pending_restart) diff.pending_restart.push_back(member.name);
  }
  if (!facts.settings_known) return;
  Settings keys = desired;
  keys.insert(facts.settings.begin(), facts.settings.end());
  for (const auto& [key, ignored] : keys) {
    const auto wanted = desired.find(key);
    const auto found = facts.settings.find(key);
    const bool same =
        wanted != desired.end() && found != facts.settings.end() && wanted->second == found->second;
    if (same) continue;
    const std::string before = Shown(key, facts.settings);
    const std::string after = Shown(key, desired);
    diff.settings.push_back({.key = key,
                             .impact = dbms.Classify(spec, key),
                             .reason = fmt::format("{} {} → {}", ShortName(key), before, after),
                             .primary_first = dbms.RestartsPrimaryInPlace(key, before, after)});
  }
}

}  // namespace dbaas

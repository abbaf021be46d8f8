// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/dynamic_configuration.h"

#include <charconv>

#include "engine/dbms/postgresql/parameter_table.h"
#include "engine/dbms/postgresql/parameters.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

std::string After(std::string_view prefix, std::string_view key) {
  return std::string(key.substr(prefix.size()));
}

/// Patroni wants numbers and booleans as such; parameters stay text.
Json Typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  if (text == "off") return false;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

std::string ToText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return Dump(value);
}

/// Whoever wrote a value by hand may have written it another way; equal values read as equal.
std::string Canonical(const ParameterTable* table, const std::string& name, const Json& value) {
  std::string text = ToText(value);
  const ParameterDefinition* definition = table == nullptr ? nullptr : table->Find(name);
  if (definition == nullptr) return text;
  const auto read = ReadValue(*definition, text);
  return read ? read->canonical : text;
}

std::string SynchronousMode(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return value.is_string() ? value.get<std::string>() : "off";
}

}  // namespace

bool IsDynamic(std::string_view key) {
  return key.starts_with(kParameterPrefix) || key.starts_with(kPatroniPrefix) ||
         key == kSynchronousMode;
}

Settings PatroniSettings() {
  Settings settings;
  const auto add = [&](const char* name, const char* value) {
    settings.emplace(std::string(kPatroniPrefix) + name, Secret<std::string>(value));
  };
  // 20 s is the least that Patroni takes: how long a dead primary is waited for.
  add("ttl", "20");
  add("loop_wait", "2");
  // loop_wait + 2 × retry_timeout must fit into ttl; the longer, the calmer about a slow etcd.
  add("retry_timeout", "8");
  // While etcd is away a primary that reaches all members goes on, in place of stepping down.
  add("failsafe_mode", "true");
  add("maximum_lag_on_failover", "1048576");
  // A primary that crashed and cannot be started within a minute is replaced.
  add("primary_start_timeout", "60");
  return settings;
}

Settings DynamicSettings(const ClusterSpec& spec) {
  Settings settings = PatroniSettings();
  for (auto& [name, value] : EffectiveParameters(spec, MajorOf(spec.engine_version))) {
    settings.emplace(std::string(kParameterPrefix) + name, Secret(value));
  }
  // "quorum": any of the standbys will do, so one that is slow or away holds nobody up.
  settings.emplace(std::string(kSynchronousMode),
                   Secret<std::string>(spec.synchronous_replication ? "quorum" : "off"));
  return settings;
}

Json DynamicConfiguration(const Settings& desired) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : desired) keys.push_back(key);
  return DynamicPatch(desired, keys);
}

Json DynamicPatch(const Settings& desired, const std::vector<std::string>& keys) {
  Json patch = Json::object();
  for (const auto& key : keys) {
    if (!IsDynamic(key)) continue;
    const auto found = desired.find(key);
    const bool is_parameter = key.starts_with(kParameterPrefix);
    Json value;
    if (found != desired.end()) {
      const std::string& text = found->second.Reveal();
      value = is_parameter ? Json(text) : Typed(text);
    }
    if (is_parameter) {
      patch["postgresql"]["parameters"][After(kParameterPrefix, key)] = std::move(value);
    } else {
      patch[key == kSynchronousMode ? key : After(kPatroniPrefix, key)] = std::move(value);
    }
  }
  return patch;
}

Settings ReadDynamic(const Json& configuration, std::string_view major) {
  Settings settings;
  const Json& parameters = GetMember(GetMember(configuration, "postgresql"), "parameters");
  if (parameters.is_object()) {
    const ParameterTable* table = FindParameterTable(major);
    for (const auto& [name, value] : parameters.items()) {
      settings.emplace(std::string(kParameterPrefix) + LowerCase(name),
                       Secret(Canonical(table, name, value)));
    }
  }
  for (const auto& [key, ignored] : PatroniSettings()) {
    const Json& value = GetMember(configuration, After(kPatroniPrefix, key));
    if (value.is_null()) continue;
    settings.emplace(key, Secret(value.is_boolean() ? Dump(value) : ToText(value)));
  }
  settings.emplace(std::string(kSynchronousMode),
                   Secret(SynchronousMode(GetMember(configuration, kSynchronousMode))));
  return settings;
}

}  // namespace dbaas::postgresql

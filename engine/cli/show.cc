// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/show.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

std::string Lag(const MemberFacts& facts) {
  if (!facts.lag_bytes) return "";
  constexpr std::int64_t kKibibyte = 1024;
  constexpr std::int64_t kMebibyte = kKibibyte * 1024;
  if (*facts.lag_bytes < kKibibyte) return fmt::format("{} B", *facts.lag_bytes);
  if (*facts.lag_bytes < kMebibyte) return fmt::format("{} KiB", *facts.lag_bytes / kKibibyte);
  return fmt::format("{} MiB", *facts.lag_bytes / kMebibyte);
}

/// A member as one line of the table.
std::vector<std::string> Row(const MemberView& member, bool probed) {
  return {member.name, probed ? ToString(member.facts.role) : "?",
          probed ? member.facts.state : "?", Lag(member.facts), member.instance};
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

/// Everything that is wrong, the differences first.
std::vector<std::string> Problems(const ClusterView& cluster) {
  std::vector<std::string> problems;
  for (const auto& [part, reasons] : cluster.drift) {
    problems.insert(problems.end(), reasons.begin(), reasons.end());
  }
  problems.insert(problems.end(), cluster.troubles.begin(), cluster.troubles.end());
  return problems;
}

std::string EngineOf(const ClusterView& cluster) {
  const auto& spec = std::get<ClusterSpec>(cluster.parts.at(std::string(kClusterPart)));
  return spec.engine + " " +
         (cluster.version_actual.empty() ? spec.engine_version : cluster.version_actual);
}

Json ToJson(const MemberView& member, bool probed) {
  Json json = {{"name", member.name},
               {"part", member.part},
               {"instance", member.instance},
               {"address", member.address},
               {"port", member.port}};
  if (!probed) return json;
  json["role"] = ToString(member.facts.role);
  json["state"] = member.facts.state;
  json["running"] = member.facts.running;
  json["streaming"] = member.facts.streaming;
  json["synchronous"] = member.facts.synchronous;
  json["pending_restart"] = member.facts.pending_restart;
  json["lag_bytes"] = member.facts.lag_bytes ? Json(*member.facts.lag_bytes) : Json();
  return json;
}

Json ToJson(const ClusterView& cluster) {
  Json members = Json::array();
  for (const auto& member : cluster.members) members.push_back(ToJson(member, cluster.probed));
  Json history = Json::array();
  for (const auto& entry : cluster.history) history.push_back(ToJson(entry));
  Json parts = Json::object();
  for (const auto& [key, part] : cluster.parts) parts[key] = ToPublicJson(part);
  return {{"id", cluster.id.ToText()},
          {"name", cluster.id.cluster},
          {"host", cluster.id.host},
          {"status", cluster.status},
          {"address", cluster.address},
          {"port", cluster.port},
          {"reader_port", cluster.reader_port},
          {"engine_version_actual", cluster.version_actual},
          {"ca_cert", cluster.ca_certificate_pem},
          {"generation", cluster.generation},
          {"parts", parts},
          {"members", members},
          {"drift", cluster.drift},
          {"troubles", cluster.troubles},
          {"history", history}};
}

}  // namespace

std::string ToText(const std::vector<ClusterView>& clusters) {
  if (clusters.empty()) return "No clusters.\n";
  std::string text;
  for (const auto& cluster : clusters) {
    const auto problems = Problems(cluster);
    text += fmt::format("{}{}  {}  {} on {}", text.empty() ? "" : "\n", cluster.id.cluster,
                        cluster.status, EngineOf(cluster), cluster.id.host);
    text += problems.empty() ? "\n" : "  (" + problems.front() + ")\n";
    text += fmt::format("  write  {}:{}\n  read   {}:{}\n", cluster.address, cluster.port,
                        cluster.address, cluster.reader_port);
    std::vector<std::vector<std::string>> rows = {{"MEMBER", "ROLE", "STATE", "LAG", "INSTANCE"}};
    for (const auto& member : cluster.members) rows.push_back(Row(member, cluster.probed));
    text += Table(rows);
    for (std::size_t i = 1; i < problems.size(); ++i) text += "  also: " + problems[i] + "\n";
  }
  return text;
}

Json ToJson(const std::vector<ClusterView>& clusters) {
  Json list = Json::array();
  for (const auto& cluster : clusters) list.push_back(ToJson(cluster));
  return {{"clusters", list}};
}

// ---- The verb ----------------------------------------------------------------------------------

namespace {

struct Arguments {
  std::string cluster;
  bool json = false;
};

Result<std::vector<ClusterView>> Look(Engine& engine, const std::string& cluster) {
  if (cluster.empty()) return engine.List("", ReadDepth::kProbe);
  return std::vector<ClusterView>{TRY(FindCluster(engine, cluster))};
}

int Show(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto clusters = Look(**engine, arguments.cluster);
  if (!clusters) return Fail(session, clusters.error());
  session.out << (arguments.json ? ToJson(*clusters).dump(2) + "\n" : ToText(*clusters));
  return kDone;
}

}  // namespace

Verb ShowVerb() {
  return {.name = "show",
          .text = "What runs: members, roles, lag, endpoints",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster, "Name or id; all clusters when left out");
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) { return Show(session, *arguments); });
          }};
}

}  // namespace dbaas

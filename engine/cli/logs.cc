// SPDX-License-Identifier: MPL-2.0
//
// dbaas logs: what the instances of a cluster wrote last.
#include <CLI/CLI.hpp>
#include <ostream>
#include <sstream>

#include "engine/base/json.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  std::string instance;
  int lines = 100;
  bool json = false;
};

using InstanceLogs = std::map<std::string, std::string>;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

Result<InstanceLogs> FindLogs(Engine& engine, const Arguments& arguments) {
  return engine.Logs(TRY(engine.ParseClusterId(arguments.cluster)), arguments.instance,
                     arguments.lines);
}

Json ToJson(const InstanceLogs& logs) {
  Json instances = Json::array();
  for (const auto& [name, text] : logs) {
    instances.push_back({{"name", name}, {"lines", LinesOf(text)}});
  }
  return {{"instances", instances}};
}

/// One instance as it wrote; of several, each line says whose it is.
std::string ToText(const InstanceLogs& logs) {
  std::string text;
  for (const auto& [name, log] : logs) {
    for (const auto& line : LinesOf(log)) {
      text += (logs.size() > 1 ? name + " | " : "") + line + "\n";
    }
  }
  return text;
}

int PrintLogs(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto logs = FindLogs(**engine, arguments);
  if (!logs) return Fail(session, logs.error());
  // A log is whatever was written, not always UTF-8.
  const auto handler = Json::error_handler_t::replace;
  session.out << (arguments.json ? ToJson(*logs).dump(2, ' ', false, handler) + "\n"
                                 : ToText(*logs));
  return kDone;
}

}  // namespace

Verb LogsVerb() {
  return {.name = "logs",
          .text = "What the members and the proxy of a cluster wrote last",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster, "Name or id")->required();
            app.add_option("instance", arguments->instance,
                           "A member or the proxy, such as orders-1; all when left out");
            app.add_option("--lines", arguments->lines, "How many of each")
                ->check(CLI::Range(1, 100000));
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) { return PrintLogs(session, *arguments); });
          }};
}

}  // namespace dbaas

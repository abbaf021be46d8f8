// SPDX-License-Identifier: MPL-2.0
//
// dbaas watch: follows a host until SIGINT or SIGTERM, and lets a cluster fail over as soon as its
// primary is dead. Its lines are documented in docs/watch.md.
#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::vector<std::string> clusters;
  bool json = false;
};

int Watch(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  WatchOptions options{.host = "", .clusters = {}, .report = {}};
  for (const std::string& text : arguments.clusters) {
    const auto id = engine->ParseClusterId(text);
    if (!id) return Fail(session, id.error());
    options.host = id->host;
    options.clusters.insert(id->cluster);
  }
  options.report = [&](const WatchReport& report) {
    // Whoever reads along must not wait for a full buffer.
    session.out << (arguments.json ? Dump(ToJson(report)) : ToLine(report)) << std::endl;
  };
  session.catch_interrupts();
  const auto watched = engine->Watch(options, session.stop);
  return watched ? kDone : Fail(session, watched.error());
}

}  // namespace

Verb WatchVerb() {
  return {.name = "watch",
          .text = "Follows the host, and fails over at once when a primary is dead",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("clusters", arguments->clusters, "Names or ids; all when left out");
            app.add_flag("--json", arguments->json, "One JSON object a line");
            return Run([arguments](Session& session) { return Watch(session, *arguments); });
          }};
}

}  // namespace dbaas

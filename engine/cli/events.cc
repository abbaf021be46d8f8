// SPDX-License-Identifier: MPL-2.0
//
// dbaas events: who did what to a cluster, from its record. Whether the chain of hashes is whole is
// for --verify to say. With --local, what this machine did, from its journal: no host is asked.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/base/json.h"
#include "engine/cli/progress.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  bool actions = false;
  bool verify = false;
  bool local = false;
  bool json = false;
};

Result<ClusterView> Find(Engine& engine, const std::string& cluster) {
  const ClusterId id = TRY(engine.ParseClusterId(cluster));
  auto view = TRY(engine.Read(id, ReadDepth::kListing));
  if (!view) return NotFound("there is no cluster " + id.ToText());
  return *std::move(view);
}

std::string ToText(const HistoryEntry& entry, bool with_actions) {
  std::string text = fmt::format("{}  {:>3}  {}  {}  {}\n", entry.at, entry.generation, entry.who,
                                 entry.what, entry.outcome.empty() ? "(not ended)" : entry.outcome);
  if (!with_actions) return text;
  for (const auto& action : entry.actions) {
    text += fmt::format("      {}  {}  {}\n", action.action, action.outcome,
                        ElapsedText(Milliseconds(action.milliseconds)));
  }
  return text;
}

/// "ok  2.1 s", "failed after 2.1 s: the disk is full", "cut"
std::string ToText(const JournaledEnd& end) {
  if (!end.took) return end.outcome;
  const std::string took = ElapsedText(Milliseconds(*end.took));
  if (end.error.empty()) return end.outcome + "  " + took;
  return fmt::format("{} after {}: {}", end.outcome, took, end.error);
}

std::string ToText(const JournaledApply& apply) {
  std::string text = fmt::format("{}  {:>3}  {}  {}  {}\n", apply.at, apply.generation, apply.who,
                                 apply.what, ToText(apply.end));
  for (const auto& action : apply.actions) {
    text += fmt::format("      {}  {}\n", action.action, ToText(action.end));
  }
  return text;
}

void AddEnd(const JournaledEnd& end, Json& json) {
  json["outcome"] = end.outcome;
  if (!end.error.empty()) json["error"] = end.error;
  if (end.took) json["ms"] = *end.took;
}

Json ToJson(const JournaledApply& apply) {
  Json json = {{"generation", apply.generation},
               {"at", apply.at},
               {"who", apply.who},
               {"what", apply.what},
               {"actions", Json::array()}};
  AddEnd(apply.end, json);
  for (const auto& action : apply.actions) {
    Json step = {{"at", action.at}, {"action", action.action}};
    AddEnd(action.end, step);
    json["actions"].push_back(std::move(step));
  }
  return json;
}

int PrintJournal(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto id = (*engine)->ParseClusterId(arguments.cluster);
  if (!id) return Fail(session, id.error());
  const auto journal = Engine::ReadJournal(*id);
  if (!journal) return Fail(session, journal.error());
  if (arguments.json) {
    Json events = Json::array();
    for (const auto& apply : journal->applies) events.push_back(ToJson(apply));
    session.out << Json{{"cluster", id->ToText()},
                        {"events", events},
                        {"strange_lines", journal->strange_lines}}
                       .dump(2)
                << "\n";
    return kDone;
  }
  for (const auto& apply : journal->applies) session.out << ToText(apply);
  if (journal->strange_lines > 0) {
    session.err << fmt::format("{} lines of the journal are torn or none of ours\n",
                               journal->strange_lines);
  }
  return kDone;
}

int PrintEvents(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto view = Find(**engine, arguments.cluster);
  if (!view) return Fail(session, view.error());
  if (arguments.verify) {
    if (const auto whole = Verify(view->history); !whole) return Fail(session, whole.error());
  }
  if (arguments.json) {
    Json events = Json::array();
    for (const auto& entry : view->history) events.push_back(ToJson(entry));
    session.out << Json{{"cluster", view->id.ToText()}, {"events", events}}.dump(2) << "\n";
    return kDone;
  }
  for (const auto& entry : view->history) session.out << ToText(entry, arguments.actions);
  if (arguments.verify && !view->history.empty()) {
    session.out << fmt::format("{} entries, unbroken; the last hash is {}\n", view->history.size(),
                               view->history.back().hash);
  }
  return kDone;
}

}  // namespace

Verb EventsVerb() {
  return {.name = "events",
          .text = "Who did what to a cluster, and how it ended; newest last",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster, "Name or id")->required();
            app.add_flag("--actions", arguments->actions, "Also each action and its time");
            CLI::Option* verify =
                app.add_flag("--verify", arguments->verify, "Fail when an entry is not as written");
            app.add_flag("--local", arguments->local,
                         "What this machine did, from its journal, with each action; asks no host")
                ->excludes(verify);
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) {
              return arguments->local ? PrintJournal(session, *arguments)
                                      : PrintEvents(session, *arguments);
            });
          }};
}

}  // namespace dbaas

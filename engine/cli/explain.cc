// SPDX-License-Identifier: MPL-2.0
//
// dbaas explain: the plan told in words. What a plan shows as symbols and words of ours becomes
// sentences: per member what happens, why, what clients notice; per action what it waits for.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/cli/change_set.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  std::string file = ".";
  bool json = false;
};

// ---- Words -------------------------------------------------------------------------------------

std::string WhatHappens(const DisruptionStep& step) {
  using Kind = DisruptionStep::Kind;
  const std::string& member = step.member;
  switch (step.kind) {
    case Kind::kJoin: return member + " is made, copies the data and follows; nobody notices";
    case Kind::kStart: return member + " starts again with the data it has; nobody notices";
    case Kind::kRebuild: return member + " lost its data and copies it anew; nobody notices";
    case Kind::kReload: return member + " reads its settings again; connections stay";
    case Kind::kRestart:
      return member + " restarts: connections to it break, and it comes back with its data";
    case Kind::kSwitchover:
      return member + " hands the primary's role over, in order: writes wait, no row is lost";
    case Kind::kFailover: return member + " leads from now on, with the rows that it has";
    case Kind::kLeave: return member + " is removed: whoever is connected to it loses it";
    case Kind::kRestore: return member + " ends, and comes back with data from the backups";
  }
  return member;
}

std::string WritesText(const Disruption& disruption) {
  if (disruption.restores) return "Nobody can read or write until the data is restored.";
  if (disruption.ends_service) return "The cluster ends: nobody can read or write any more.";
  if (disruption.blocked_seconds == 0) return "Writes go on.";
  return fmt::format("Writes are blocked for up to {} s, all steps together.",
                     disruption.blocked_seconds);
}

std::string DataText(DataAtRisk risk) {
  switch (risk) {
    case DataAtRisk::kNone: return "No data is at risk.";
    case DataAtRisk::kUnsyncedTail:
      return "Data is at risk: the roles are not known, so the primary may go without having "
             "handed over; what no standby has by then is lost.";
    case DataAtRisk::kVolume:
      return "Data is at risk: the last copy of it that is known goes, for good.";
  }
  return "";
}

/// Titles of the actions that this one waits for.
std::vector<std::string> WaitsFor(const Plan& plan, const Action& action) {
  std::vector<std::string> titles;
  for (const ActionId before : action.after) {
    titles.push_back(plan.actions[static_cast<std::size_t>(before)].title);
  }
  return titles;
}

/// "2, 5": as the text counts, from 1.
std::string Numbers(const std::vector<ActionId>& ids) {
  std::string text;
  for (const ActionId id : ids) text += fmt::format("{}{}", text.empty() ? "" : ", ", id + 1);
  return text;
}

// ---- A change ----------------------------------------------------------------------------------

std::string StepsText(const Disruption& disruption) {
  std::string text;
  for (std::size_t i = 0; i < disruption.steps.size(); ++i) {
    const DisruptionStep& step = disruption.steps[i];
    text += fmt::format("    {}. {}.\n", i + 1, WhatHappens(step));
    if (!step.reason.empty()) text += fmt::format("       Why: {}\n", step.reason);
  }
  return text;
}

std::string ActionsText(const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.actions.size(); ++i) {
    const Action& action = plan.actions[i];
    text += fmt::format("    {}. {}\n       ", i + 1, action.title);
    if (!action.reason.empty()) text += fmt::format("Why: {}. ", action.reason);
    text += action.after.empty() ? "Begins at once.\n"
                                 : fmt::format("Waits for {}.\n", Numbers(action.after));
  }
  return text;
}

std::string ToWords(const PlannedChange& planned) {
  std::string text = fmt::format("{}: {}\n  Why: {}\n", planned.address, ActionOf(planned),
                                 fmt::join(planned.reasons, ", "));
  if (!planned.compared) return text + "  Warning: " + planned.preview->warnings.front() + "\n";
  if (!planned.preview) return text + "  Its steps are known once the cluster is there.\n";
  const Plan& plan = planned.preview->plan;
  text +=
      fmt::format("  {} {}\n", WritesText(plan.disruption), DataText(plan.disruption.data_at_risk));
  for (const auto& warning : planned.preview->warnings) text += "  Warning: " + warning + "\n";
  if (!plan.disruption.steps.empty()) {
    text += "\n  What happens to the members, in this order:\n" + StepsText(plan.disruption);
  }
  if (!plan.empty()) {
    text += "\n  What is done; actions that do not wait for each other run at the same time:\n" +
            ActionsText(plan);
  }
  return text;
}

Json ToWordsJson(const PlannedChange& planned) {
  Json json = {
      {"address", planned.address}, {"cluster", planned.change.id.ToText()},
      {"part", planned.change.key}, {"action", ActionOf(planned)},
      {"reasons", planned.reasons}, {"known", planned.preview.has_value() && planned.compared}};
  if (!json["known"]) return json;
  const Plan& plan = planned.preview->plan;
  json["writes"] = WritesText(plan.disruption);
  json["data"] = DataText(plan.disruption.data_at_risk);
  json["disruption"] = ToJson(plan.disruption);
  json["warnings"] = planned.preview->warnings;
  json["steps"] = Json::array();
  for (const auto& step : plan.disruption.steps) {
    json["steps"].push_back(
        {{"member", step.member}, {"what", WhatHappens(step)}, {"why", step.reason}});
  }
  json["actions"] = Json::array();
  for (const auto& action : plan.actions) {
    json["actions"].push_back(
        {{"title", action.title}, {"why", action.reason}, {"waits_for", WaitsFor(plan, action)}});
  }
  return json;
}

// ---- The verb ----------------------------------------------------------------------------------

/// What an apply that changes nothing would do: what is not as the record says.
Result<ChangeSet> PlanDrift(Engine& engine, const std::string& cluster) {
  const ClusterId id = TRY(engine.ParseClusterId(cluster));
  const auto view = TRY(engine.Read(id, ReadDepth::kListing));
  if (!view) return NotFound("there is no cluster " + id.ToText());
  ChangeSet set;
  for (const auto& [part, reasons] : view->drift) {
    if (reasons.empty()) continue;
    PlannedChange planned{.address = id.ToText() + " " + part, .reasons = reasons};
    const PartSpec& spec = view->parts.at(part);
    planned.change = {.id = id,
                      .key = part,
                      .verb = PartChange::Verb::kUpdate,
                      .spec = spec,
                      .before = spec,
                      .who = "dbaas"};
    planned.preview = TRY_IN(engine.Plan(planned.change), "planning " + planned.address);
    set.changes.push_back(std::move(planned));
    // An apply of one part brings the whole cluster in line, so the others have nothing to add.
    break;
  }
  return set;
}

Result<ChangeSet> MakePlan(Session& session, const Arguments& arguments) {
  if (!arguments.cluster.empty()) {
    return PlanDrift(*TRY(session.EngineOfEnvironment()), arguments.cluster);
  }
  const Configuration wanted = TRY(ReadConfiguration(arguments.file));
  return PlanChanges(*session.make_engine(wanted.hosts), wanted, SilentHost::kIsLeftOpen);
}

int Explain(Session& session, const Arguments& arguments) {
  const auto set = MakePlan(session, arguments);
  if (!set) return Fail(session, set.error());
  if (arguments.json) {
    Json changes = Json::array();
    for (const auto& planned : set->changes) changes.push_back(ToWordsJson(planned));
    session.out << Json({{"changes", changes}}).dump(2) << "\n";
    return kDone;
  }
  if (set->empty()) {
    session.out << (arguments.cluster.empty()
                        ? "Nothing would happen. The hosts are as the file says.\n"
                        : "Nothing would happen. The host is as the cluster's record says.\n");
  }
  for (std::size_t i = 0; i < set->changes.size(); ++i) {
    session.out << (i == 0 ? "" : "\n") << ToWords(set->changes[i]);
  }
  return kDone;
}

}  // namespace

Verb ExplainVerb() {
  return {.name = "explain",
          .text = "The plan in words: what happens to whom, why, and what it costs",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            auto* cluster = app.add_option("cluster", arguments->cluster,
                                           "Name or id: what an apply would mend there; of a "
                                           "file's changes when left out");
            app.add_option("-f,--file", arguments->file, kFileText)->excludes(cluster);
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) { return Explain(session, *arguments); });
          }};
}

}  // namespace dbaas

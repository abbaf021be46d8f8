// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/change_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "schemas/planned_value.h"

namespace dbaas {
namespace {

using Verb = PartChange::Verb;
constexpr const char* kCaller = "dbaas";

ClusterId ClusterOf(const DeclaredResource& resource) {
  return {resource.part.host, resource.part.cluster};
}

/// Looks at each cluster once.
class Planner {
 public:
  Planner(Engine& engine, SilentHost silent) : engine_(engine), silent_(silent) {}

  Result<void> AddWanted(const DeclaredResource& resource) {
    const ClusterId id = ClusterOf(resource);
    if (TRY(LeavesOpen(resource.address, id, resource.part.key, Verb::kCreate))) return Ok();
    const auto& view = TRY(Look(id));
    PartChange change{.id = id, .key = resource.part.key, .spec = resource.spec, .who = kCaller};
    if (!view || !view->parts.contains(resource.part.key) || view->status == "deleting") {
      change.verb = Verb::kCreate;
      const bool whole = resource.part.key == kClusterPart;
      return Add(resource.address, std::move(change), {whole ? "new cluster" : "new"},
                 view.has_value() || whole);
    }
    auto reasons = TRY(Differences(resource, *view));
    if (reasons.empty()) return Ok();
    change.verb = Verb::kUpdate;
    change.before = view->parts.at(resource.part.key);
    return Add(resource.address, std::move(change), std::move(reasons), true);
  }

  /// What the record of a wanted cluster has and the configuration does not.
  Result<void> AddUnwanted(const ClusterId& id, const std::set<std::string>& wanted) {
    if (silent_hosts_.contains(id.host)) return Ok();  // Said of each part that is wanted.
    const auto& view = TRY(Look(id));
    if (!view) return Ok();
    for (const auto& [key, part] : view->parts) {
      if (wanted.contains(key)) continue;
      TRY(AddRemoval(id.ToText() + " " + key, id, key, "not in the file any more"));
    }
    return Ok();
  }

  Result<void> AddRemoval(const std::string& address, const ClusterId& id, const std::string& key,
                          const std::string& reason) {
    if (TRY(LeavesOpen(address, id, key, Verb::kDelete))) return Ok();
    const auto& view = TRY(Look(id));
    if (!view || !view->parts.contains(key)) return Ok();
    PartChange change{.id = id, .key = key, .verb = Verb::kDelete, .who = kCaller};
    change.before = view->parts.at(key);
    return Add(address, std::move(change), {reason}, true);
  }

  ChangeSet Take() && { return std::move(set_); }

 private:
  /// Whether the change was noted as one that cannot be compared.
  Result<bool> LeavesOpen(const std::string& address, const ClusterId& id, const std::string& key,
                          Verb verb) {
    if (silent_ == SilentHost::kFails) return false;
    if (!silent_hosts_.contains(id.host)) {
      const auto view = Look(id);
      if (view) return false;
      if (view.error().kind != ErrorKind::kUnavailable) return view.error();
      silent_hosts_.emplace(id.host, view.error().ToLine());
    }
    Preview nothing{.plan = {}, .warnings = {silent_hosts_.at(id.host)}};
    set_.changes.push_back({.address = address,
                            .change = {.id = id, .key = key, .verb = verb, .who = kCaller},
                            .reasons = {"not compared: host " + id.host + " does not answer"},
                            .compared = false,
                            .preview = std::move(nothing)});
    return true;
  }

  Result<std::optional<ClusterView>> Look(const ClusterId& id) {
    const auto found = views_.find(id);
    if (found != views_.end()) return found->second;
    auto view = TRY(engine_.Read(id, ReadDepth::kListing));
    return views_.emplace(id, std::move(view)).first->second;
  }

  /// Terraform's own comparison: the record as an import would read it, against the configuration.
  static Result<std::vector<std::string>> Differences(const DeclaredResource& resource,
                                                      const ClusterView& view) {
    const ResourceType& type = *resource.type;
    const Value prior = type.to_state(Value::Null(), view, resource.part, true);
    const PlannedValue plan = PlanValue(type.schema, prior, resource.config);
    if (plan.changed.empty()) return std::vector<std::string>{};
    if (!plan.requires_replace.empty()) {
      return Invalid(
          "",
          fmt::format("{}: {} of {} cannot be changed in place", resource.place,
                      ToText(plan.requires_replace.front()), view.id.ToText()),
          "It would have to be destroyed, with its data, and made anew. dbaas never does "
          "that on its own: run `dbaas destroy` first if it is what you want.");
    }
    auto reasons = SpecChanges(view.parts.at(resource.part.key), resource.spec);
    const auto drift = view.DriftOf(resource.part.key);
    reasons.insert(reasons.end(), drift.begin(), drift.end());
    // What the record does not keep apart, such as the version of a password.
    if (reasons.empty()) reasons.push_back(fmt::format("{}", fmt::join(plan.changed, ", ")));
    return reasons;
  }

  Result<void> Add(std::string address, PartChange change, std::vector<std::string> reasons,
                   bool can_be_planned) {
    std::optional<Preview> preview;
    if (can_be_planned) preview = TRY_IN(engine_.Plan(change), "planning " + address);
    set_.changes.push_back(
        {std::move(address), std::move(change), std::move(reasons), true, std::move(preview)});
    return Ok();
  }

  Engine& engine_;
  SilentHost silent_;
  std::map<std::string, std::string> silent_hosts_;  ///< With the reason.
  std::map<ClusterId, std::optional<ClusterView>> views_;
  ChangeSet set_;
};

/// Of each cluster that is declared as a whole, the keys of its declared parts.
std::map<ClusterId, std::set<std::string>> DeclaredParts(const Configuration& wanted) {
  std::map<ClusterId, std::set<std::string>> parts;
  for (const auto& resource : wanted.resources) {
    if (resource.part.key == kClusterPart) parts[ClusterOf(resource)];
  }
  for (const auto& resource : wanted.resources) {
    const auto found = parts.find(ClusterOf(resource));
    if (found != parts.end()) found->second.insert(resource.part.key);
  }
  return parts;
}

const char* SymbolOf(const PlannedChange& planned) {
  if (!planned.compared) return "?";
  switch (planned.change.verb) {
    case Verb::kCreate: return "+";
    case Verb::kUpdate: return "~";
    case Verb::kDelete: return "-";
  }
  return "?";
}

std::string Indented(const std::string& text, const std::string& by) {
  std::string indented;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    indented += by + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return indented;
}

/// Everything that the engine says about one change. What it learns to say is printed here.
std::string PreviewText(const PlannedChange& planned) {
  const Preview& preview = *planned.preview;
  std::string text = Indented(preview.plan.ToText(), "      ");
  const Disruption& disruption = preview.plan.disruption;
  if (planned.compared) {
    text += "    disruption: " + std::string(ToString(disruption.level));
    text += disruption.steps.empty() ? "\n" : "  (" + disruption.Summary() + ")\n";
    text += Indented(disruption.ToText(), "      ");
  }
  for (const auto& warning : preview.warnings) text += "    warning: " + warning + "\n";
  return text;
}

Json PlanJson(const Plan& plan) {
  Json actions = Json::array();
  for (const auto& action : plan.actions) {
    actions.push_back(
        {{"title", action.title}, {"after", action.after}, {"reason", action.reason}});
  }
  return actions;
}

Json ToJson(const PlannedChange& planned) {
  Json json = {{"address", planned.address}, {"cluster", planned.change.id.ToText()},
               {"part", planned.change.key}, {"action", ActionOf(planned)},
               {"reasons", planned.reasons}, {"actions", Json()},
               {"disruption", Json()},       {"warnings", Json::array()}};
  if (planned.preview) json["warnings"] = planned.preview->warnings;
  if (planned.preview && planned.compared) {
    json["actions"] = PlanJson(planned.preview->plan);
    json["disruption"] = ToJson(planned.preview->plan.disruption);
  }
  return json;
}

}  // namespace

int ChangeSet::Count(Verb verb) const {
  return static_cast<int>(std::count_if(changes.begin(), changes.end(), [&](const auto& planned) {
    return planned.compared && planned.change.verb == verb;
  }));
}

const char* ToString(Verb verb) {
  switch (verb) {
    case Verb::kCreate: return "create";
    case Verb::kUpdate: return "update";
    case Verb::kDelete: return "delete";
  }
  return "?";
}

const char* ActionOf(const PlannedChange& planned) {
  return planned.compared ? ToString(planned.change.verb) : "unknown";
}

Result<ChangeSet> PlanChanges(Engine& engine, const Configuration& wanted, SilentHost silent) {
  Planner planner(engine, silent);
  for (const auto& resource : wanted.resources) TRY(planner.AddWanted(resource));
  for (const auto& [id, parts] : DeclaredParts(wanted)) TRY(planner.AddUnwanted(id, parts));
  return std::move(planner).Take();
}

Result<ChangeSet> PlanDestruction(Engine& engine, const Configuration& wanted, SilentHost silent) {
  Planner planner(engine, silent);
  const auto whole = DeclaredParts(wanted);
  for (auto it = wanted.resources.rbegin(); it != wanted.resources.rend(); ++it) {
    // A cluster takes its parts along.
    if (it->part.key != kClusterPart && whole.contains(ClusterOf(*it))) continue;
    TRY(planner.AddRemoval(it->address, ClusterOf(*it), it->part.key, "destroy"));
  }
  return std::move(planner).Take();
}

std::string ToText(const ChangeSet& set) {
  if (set.empty()) return "No changes. The hosts are as the file says.\n";
  std::string text;
  for (const auto& planned : set.changes) {
    text += fmt::format("  {} {}  {}\n", SymbolOf(planned), planned.address,
                        fmt::join(planned.reasons, ", "));
    text += planned.preview ? PreviewText(planned)
                            : "      its steps are known once the cluster is there\n";
    text += "\n";
  }
  const auto open = std::count_if(set.changes.begin(), set.changes.end(),
                                  [](const auto& planned) { return !planned.compared; });
  if (open > 0) text += fmt::format("Not compared: {}.\n", open);
  return text + fmt::format("Plan: {} to add, {} to change, {} to destroy.\n",
                            set.Count(Verb::kCreate), set.Count(Verb::kUpdate),
                            set.Count(Verb::kDelete));
}

Json SummaryJson(const ChangeSet& set) {
  return {{"add", set.Count(Verb::kCreate)},
          {"change", set.Count(Verb::kUpdate)},
          {"destroy", set.Count(Verb::kDelete)}};
}

Json ToJson(const ChangeSet& set) {
  Json changes = Json::array();
  for (const auto& planned : set.changes) changes.push_back(ToJson(planned));
  return {{"changes", changes}, {"summary", SummaryJson(set)}};
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// dbaas graph: the actions of a plan and what waits for what, as a drawing.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/base/json.h"
#include "engine/cli/change_set.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string file = ".";
  bool mermaid = false;
  bool json = false;
};

/// "c0a3": fourth action of the first change.
std::string Node(std::size_t change, std::size_t action) {
  return fmt::format("c{}a{}", change, action);
}

std::string ToDot(const ChangeSet& set) {
  std::string text = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t c = 0; c < set.changes.size(); ++c) {
    const auto& planned = set.changes[c];
    text += fmt::format("  subgraph cluster_{} {{\n    label={};\n", c, Dump(planned.address));
    const auto actions = planned.preview ? planned.preview->plan.actions : std::vector<Action>();
    for (std::size_t a = 0; a < actions.size(); ++a) {
      text += fmt::format("    {} [label={}];\n", Node(c, a), Dump(actions[a].title));
    }
    for (std::size_t a = 0; a < actions.size(); ++a) {
      for (const ActionId before : actions[a].after) {
        text += fmt::format("    {} -> {};\n", Node(c, before), Node(c, a));
      }
    }
    text += "  }\n";
  }
  return text + "}\n";
}

/// Mermaid has no escapes but entities.
std::string MermaidLabel(const std::string& text) {
  std::string label;
  for (const char c : text) {
    if (c == '"') {
      label += "#quot;";
    } else {
      label += c;
    }
  }
  return "\"" + label + "\"";
}

std::string ToMermaid(const ChangeSet& set) {
  std::string text = "flowchart LR\n";
  for (std::size_t c = 0; c < set.changes.size(); ++c) {
    const auto& planned = set.changes[c];
    text += fmt::format("  subgraph c{} [{}]\n", c, MermaidLabel(planned.address));
    const auto actions = planned.preview ? planned.preview->plan.actions : std::vector<Action>();
    for (std::size_t a = 0; a < actions.size(); ++a) {
      text += fmt::format("    {}[{}]\n", Node(c, a), MermaidLabel(actions[a].title));
    }
    for (std::size_t a = 0; a < actions.size(); ++a) {
      for (const ActionId before : actions[a].after) {
        text += fmt::format("    {} --> {}\n", Node(c, before), Node(c, a));
      }
    }
    text += "  end\n";
  }
  return text;
}

/// Numbers instead of the names that drawings need.
Json ToGraphJson(const ChangeSet& set) {
  Json changes = Json::array();
  for (const auto& planned : set.changes) {
    Json nodes = Json::array();
    Json edges = Json::array();
    const auto actions = planned.preview ? planned.preview->plan.actions : std::vector<Action>();
    for (std::size_t a = 0; a < actions.size(); ++a) {
      nodes.push_back({{"id", a}, {"title", actions[a].title}, {"reason", actions[a].reason}});
      for (const ActionId before : actions[a].after) {
        edges.push_back({{"from", before}, {"to", a}});
      }
    }
    changes.push_back({{"address", planned.address}, {"nodes", nodes}, {"edges", edges}});
  }
  return {{"changes", changes}};
}

Result<ChangeSet> MakePlan(Session& session, const std::string& file) {
  const Configuration wanted = TRY(ReadConfiguration(file));
  return PlanChanges(*session.make_engine(wanted.hosts), wanted, SilentHost::kIsLeftOpen);
}

int Draw(Session& session, const Arguments& arguments) {
  const auto changes = MakePlan(session, arguments.file);
  if (!changes) {
    Fail(session, changes.error());
    return kFailed;
  }
  if (arguments.json) {
    session.out << ToGraphJson(*changes).dump(2) << "\n";
    return kDone;
  }
  session.out << (arguments.mermaid ? ToMermaid(*changes) : ToDot(*changes));
  return kDone;
}

}  // namespace

Verb GraphVerb() {
  return {.name = "graph",
          .text = "The plan as a drawing: what waits for what (DOT)",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("-f,--file", arguments->file, kFileText);
            auto* mermaid = app.add_flag("--mermaid", arguments->mermaid,
                                         "In Mermaid's language in place of DOT");
            app.add_flag("--json", arguments->json, "For programs")->excludes(mermaid);
            return Run([arguments](Session& session) { return Draw(session, *arguments); });
          }};
}

}  // namespace dbaas

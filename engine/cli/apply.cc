// SPDX-License-Identifier: MPL-2.0
//
// dbaas apply and dbaas destroy: a plan, a question, and the engine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <set>

#include "engine/cli/change_set.h"
#include "engine/cli/progress.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

using Planning = Result<ChangeSet> (*)(Engine&, const Configuration&, SilentHost);

struct Arguments {
  std::string file = ".";
  bool yes = false;
  bool json = false;
};

/// How one change of the set ended.
struct Ending {
  enum class Kind { kOk, kFailed, kSkipped } kind = Kind::kSkipped;
  std::string error;
  Milliseconds elapsed{0};
};

const char* ToString(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kOk: return "ok";
    case Ending::Kind::kFailed: return "failed";
    case Ending::Kind::kSkipped: return "skipped";
  }
  return "?";
}

/// One after the other. After a failure the rest of that cluster is left alone, the others go on;
/// after Ctrl-C nothing more begins.
std::vector<Ending> CarryOut(Session& session, Engine& engine, const ChangeSet& set) {
  session.catch_interrupts();
  const auto progress = MakeProgress(session);
  std::vector<Ending> endings(set.changes.size());
  std::set<ClusterId> failed;
  for (std::size_t i = 0; i < set.changes.size(); ++i) {
    const PlannedChange& planned = set.changes[i];
    if (session.stop.stop_requested() || failed.contains(planned.change.id)) continue;
    progress->Note(planned.address + ": " + ToString(planned.change.verb));
    const TimePoint began = session.clock.Now();
    const auto view = engine.Apply(planned.change, *progress, session.stop);
    endings[i].elapsed = session.clock.Now() - began;
    endings[i].kind = view ? Ending::Kind::kOk : Ending::Kind::kFailed;
    if (view) continue;
    failed.insert(planned.change.id);
    endings[i].error = view.error().ToLine();
  }
  return endings;
}

std::string ReportText(const ChangeSet& set, const std::vector<Ending>& endings) {
  int ok = 0;
  std::string text;
  for (std::size_t i = 0; i < endings.size(); ++i) {
    const std::string& address = set.changes[i].address;
    switch (endings[i].kind) {
      case Ending::Kind::kOk: ++ok; break;
      case Ending::Kind::kFailed:
        text += "failed   " + address + ": " + endings[i].error + "\n";
        break;
      case Ending::Kind::kSkipped: text += "skipped  " + address + "\n"; break;
    }
  }
  if (text.empty()) return fmt::format("Done: {} of {} changes made.\n", ok, endings.size());
  return text + fmt::format(
                    "Not done: {} of {} changes made. What was done stands; apply again to "
                    "go on from there.\n",
                    ok, endings.size());
}

Json ReportJson(const ChangeSet& set, const std::vector<Ending>& endings) {
  Json changes = Json::array();
  for (std::size_t i = 0; i < endings.size(); ++i) {
    const PlannedChange& planned = set.changes[i];
    changes.push_back({{"address", planned.address},
                       {"cluster", planned.change.id.ToText()},
                       {"part", planned.change.key},
                       {"action", ToString(planned.change.verb)},
                       {"outcome", ToString(endings[i].kind)},
                       {"error", endings[i].error},
                       {"milliseconds", endings[i].elapsed.count()}});
  }
  return {{"changes", changes}, {"summary", SummaryJson(set)}};
}

Result<int> PlanAndCarryOut(Session& session, const Arguments& arguments, Planning plan) {
  const Configuration wanted = TRY(ReadConfiguration(arguments.file));
  const auto engine = session.make_engine(wanted.hosts);
  const ChangeSet set = TRY(plan(*engine, wanted, SilentHost::kFails));
  // With --json stdout is for the one object at the end.
  (arguments.json ? session.err : session.out) << ToText(set) << std::flush;
  if (!set.empty() && !arguments.yes) TRY(Confirm(session));
  const auto endings = CarryOut(session, *engine, set);
  if (arguments.json) {
    session.out << ReportJson(set, endings).dump(2) << "\n";
  } else if (!set.empty()) {
    session.out << ReportText(set, endings);
  }
  const bool all_ok = std::all_of(endings.begin(), endings.end(), [](const Ending& ending) {
    return ending.kind == Ending::Kind::kOk;
  });
  return all_ok ? kDone : kFailed;
}

Verb MakeVerb(std::string name, std::string text, Planning plan) {
  return {.name = std::move(name), .text = std::move(text), .declare = [plan](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("-f,--file", arguments->file, kFileText);
            app.add_flag("--yes", arguments->yes, "Do not ask first");
            app.add_flag("--json", arguments->json, "For programs; the plan goes to stderr");
            return Run([arguments, plan](Session& session) {
              const auto code = PlanAndCarryOut(session, *arguments, plan);
              if (code) return *code;
              Fail(session, code.error());
              return kFailed;
            });
          }};
}

}  // namespace

Verb ApplyVerb() { return MakeVerb("apply", "Makes the hosts be as the file says", PlanChanges); }

Verb DestroyVerb() {
  return MakeVerb("destroy", "Removes the clusters of the file, with their data", PlanDestruction);
}

}  // namespace dbaas

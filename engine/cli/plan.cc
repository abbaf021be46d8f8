// SPDX-License-Identifier: MPL-2.0
//
// dbaas plan: what apply would do. Changes nothing.
#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/cli/change_set.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string file = ".";
  bool destroy = false;
  bool detailed_exitcode = false;
  bool json = false;
};

Result<ChangeSet> MakePlan(Session& session, const Arguments& arguments) {
  const Configuration wanted = TRY(ReadConfiguration(arguments.file));
  const auto engine = session.make_engine(wanted.hosts);
  return arguments.destroy ? PlanDestruction(*engine, wanted, SilentHost::kIsLeftOpen)
                           : PlanChanges(*engine, wanted, SilentHost::kIsLeftOpen);
}

int PrintPlan(Session& session, const Arguments& arguments) {
  const auto changes = MakePlan(session, arguments);
  if (!changes) {
    Fail(session, changes.error());
    return kFailed;  // 2 would say that there are changes.
  }
  session.out << (arguments.json ? ToJson(*changes).dump(2) + "\n" : ToText(*changes));
  return arguments.detailed_exitcode && !changes->empty() ? kChangesPlanned : kDone;
}

}  // namespace

Verb PlanVerb() {
  return {.name = "plan", .text = "What apply would do, and why", .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("-f,--file", arguments->file, kFileText);
            app.add_flag("--destroy", arguments->destroy, "What destroy would do");
            app.add_flag("--detailed-exitcode", arguments->detailed_exitcode,
                         "Exit with 2 when there are changes");
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) { return PrintPlan(session, *arguments); });
          }};
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// dbaas backups: what there is to restore from.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/base/json.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  bool json = false;
};

constexpr double kMebibyte = 1 << 20;

std::string TextOf(const std::optional<TimePoint>& time) {
  return time ? dbaas::ToText(*time) : "-";
}

std::string KeptBy(const Backup& backup) {
  if (backup.kept_by.empty()) return "";
  const std::string until = backup.kept_until ? " until " + dbaas::ToText(*backup.kept_until) : "";
  return "  kept as " + backup.kept_by + until;
}

std::string FinalName(const Backup& backup) {
  return backup.final_name().empty() ? "" : "  final backup " + backup.final_name();
}

std::string ToText(const BackupCatalogue& catalogue) {
  std::string text = fmt::format("{:<34} {:<13} {:<25} {:>8} {:>12} {:>14}\n", "BACKUP", "TYPE",
                                 "ENDED", "SECONDS", "DATABASE MIB", "REPOSITORY MIB");
  for (const auto& backup : catalogue.backups) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(backup.ended - backup.began);
    text += fmt::format("{:<34} {:<13} {:<25} {:>8} {:>12.1f} {:>14.1f}{}{}{}{}{}\n", backup.id,
                        ToString(backup.kind), dbaas::ToText(backup.ended), seconds.count(),
                        static_cast<double>(backup.database_bytes) / kMebibyte,
                        static_cast<double>(backup.repository_bytes) / kMebibyte,
                        backup.verified ? "  verified " + dbaas::ToText(*backup.verified) : "",
                        backup.damaged ? "  DAMAGED" : "", KeptBy(backup), FinalName(backup),
                        backup.is_alone ? "  only its end" : "");
  }
  if (!catalogue.is_known) {
    text = "What backups there are cannot be seen.\n";
  } else if (catalogue.backups.empty()) {
    text = "There is no backup yet.\n";
  } else {
    text += fmt::format("Any moment from {} to {} can be restored.\n", TextOf(catalogue.earliest),
                        TextOf(catalogue.latest));
  }
  text += fmt::format("Last verified: {}.\n",
                      catalogue.last_verified ? TextOf(catalogue.last_verified) : "never");
  if (catalogue.last_failure_at) {
    text += fmt::format("Last backup that failed: {}, {}.\n", TextOf(catalogue.last_failure_at),
                        catalogue.last_failure);
  }
  for (const auto* problem : {&catalogue.archiving_problem, &catalogue.repository_problem,
                              &catalogue.verification_problem}) {
    if (!problem->empty()) text += "Problem: " + *problem + ".\n";
  }
  return text;
}

Result<BackupCatalogue> Find(Engine& engine, const Arguments& arguments) {
  return engine.Backups(TRY(engine.ParseClusterId(arguments.cluster)));
}

int PrintBackups(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto catalogue = Find(**engine, arguments);
  if (!catalogue) return Fail(session, catalogue.error());
  session.out << (arguments.json ? ToJson(*catalogue).dump(2) + "\n" : ToText(*catalogue));
  return kDone;
}

}  // namespace

Verb BackupsVerb() {
  return {.name = "backups",
          .text = "What there is to restore a cluster from",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster, "Name or id")->required();
            app.add_flag("--json", arguments->json, "For programs");
            return Run([arguments](Session& session) { return PrintBackups(session, *arguments); });
          }};
}

}  // namespace dbaas

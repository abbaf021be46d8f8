// SPDX-License-Identifier: MPL-2.0
//
// dbaas switchover, failover, restart, reload, backup, verify and restore: who leads, members that
// start anew or read their configuration again, a backup now and what it is worth, data from
// backups.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <ostream>

#include "engine/base/json.h"
#include "engine/cli/progress.h"
#include "engine/cli/show.h"
#include "engine/cli/verbs.h"
#include "schemas/resource_type.h"
#include "schemas/restore_target.h"
#include "schemas/timestamp.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  std::string member;
  std::vector<std::string> members;
  std::string type = "full";
  std::string keep;
  std::optional<std::string> until;
  std::string let_go;
  std::optional<std::string> time;
  std::optional<std::string> lsn;
  std::optional<std::string> backup_id;
  bool undo = false;
  bool yes = false;
  bool force = false;
  bool json = false;
};

/// What is lost by those that lose something.
std::string WhatIsLost(const Maintenance& work) {
  if (work.kind == Maintenance::Kind::kFailover) {
    return "What the primary acknowledged and the next one does not have is lost.\n";
  }
  const std::string lost = fmt::format(
      "All that was committed after {} is gone from the cluster, until now and while this is "
      "carried out. A backup is taken first: it keeps what is there now.\n",
      work.restore.MomentToText());
  if (!work.force) return lost;
  return lost +
         "If nobody leads the cluster, none is taken, and what has not been archived is lost.\n";
}

/// Says what the work would do and lose. It is planned again under the lease.
Result<void> AskAbout(Session& session, Engine& engine, const Maintenance& work,
                      const Arguments& arguments) {
  const Plan plan = TRY(engine.PlanMaintenance(work));
  // With --json stdout is for the one object at the end.
  std::ostream& out = arguments.json ? session.err : session.out;
  out << fmt::format("{}, {}: {}\n{}{}", work.id.ToText(), work.ToText(), plan.disruption.Summary(),
                     plan.disruption.ToText(), WhatIsLost(work));
  if (arguments.yes) return Ok();
  return Confirm(session);
}

/// Those that may lose rows.
bool AsksFirst(const Maintenance& work) {
  return work.kind == Maintenance::Kind::kFailover ||
         (work.kind == Maintenance::Kind::kRestore && !work.undo);
}

/// What `dbaas_backup` does for Terraform: a backup that stays, or one that need not any more.
Result<PartChange> KeepOrLetGo(Engine& engine, const Arguments& arguments) {
  const std::string& name = arguments.keep.empty() ? arguments.let_go : arguments.keep;
  PartChange change{.id = TRY(engine.ParseClusterId(arguments.cluster)),
                    .key = BackupPartKey(name),
                    .verb = PartChange::Verb::kDelete,
                    .who = "dbaas"};
  if (arguments.keep.empty()) {
    const auto view = TRY(engine.Read(change.id, ReadDepth::kListing));
    if (view && view->parts.contains(change.key)) return change;
    return Invalid("let-go", "no backup of " + change.id.ToText() + " is kept as " + name,
                   "`dbaas backups " + arguments.cluster + "` shows those that are.");
  }
  const ResourceType& type = *AllTypes().FindResource("dbaas_backup");
  for (const Validator& validator : type.schema.Find("name")->validators) {
    if (auto complaint = validator.check(Value::String(name))) return Invalid("keep", *complaint);
  }
  BackupSpec spec{.name = name, .kind = BackupKindFrom(arguments.type).value_or(BackupKind::kFull)};
  if (arguments.until) spec.keep_until = TRY(ParseTimestamp(*arguments.until));
  change.verb = PartChange::Verb::kCreate;
  change.spec = std::move(spec);
  return change;
}

Result<ClusterView> CarryOut(Session& session, Engine& engine, Maintenance::Kind kind,
                             const Arguments& arguments) {
  if (!arguments.keep.empty() || !arguments.let_go.empty()) {
    const PartChange change = TRY(KeepOrLetGo(engine, arguments));
    session.catch_interrupts();
    return engine.Apply(change, *MakeProgress(session), session.stop);
  }
  const Maintenance work{
      .kind = kind,
      .id = TRY(engine.ParseClusterId(arguments.cluster)),
      .member = arguments.member,
      .members = arguments.members,
      .force = arguments.force,
      .backup = BackupKindFrom(arguments.type).value_or(BackupKind::kFull),
      .restore = TRY(ToRestoreSpec(arguments.time, arguments.lsn, arguments.backup_id)),
      .undo = arguments.undo,
      .who = "dbaas"};
  if (AsksFirst(work)) TRY(AskAbout(session, engine, work, arguments));
  session.catch_interrupts();
  const auto progress = MakeProgress(session);
  TRY(engine.Maintain(work, *progress, session.stop));
  return FindCluster(engine, arguments.cluster);
}

/// In the end, the cluster as it is then.
int Perform(Session& session, Maintenance::Kind kind, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto view = CarryOut(session, **engine, kind, arguments);
  if (!view) return Fail(session, view.error());
  const std::vector<ClusterView> clusters = {*view};
  session.out << (arguments.json ? ToJson(clusters).dump(2) + "\n" : ToText(clusters));
  return kDone;
}

/// A verb about one cluster that ends by showing it; `declare` adds what is its own.
Verb WorkOn(const char* name, const char* text, Maintenance::Kind kind,
            const std::function<void(CLI::App&, Arguments&)>& declare) {
  return {.name = name, .text = text, .declare = [kind, declare](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster, "Name or id")->required();
            declare(app, *arguments);
            app.add_flag("--json", arguments->json, "For programs: as show --json, afterwards");
            return Run(
                [kind, arguments](Session& session) { return Perform(session, kind, *arguments); });
          }};
}

void DeclareHeir(CLI::App& app, Arguments& arguments) {
  app.add_option("--to", arguments.member, "Member to lead; the best when left out");
}

}  // namespace

Verb SwitchoverVerb() {
  return WorkOn("switchover", "Moves the primary's role to a standby, in order",
                Maintenance::Kind::kSwitchover, DeclareHeir);
}

Verb FailoverVerb() {
  return WorkOn("failover",
                "Lets a standby take over from a primary that is unwell; rows may be lost",
                Maintenance::Kind::kFailover, [](CLI::App& app, Arguments& arguments) {
                  DeclareHeir(app, arguments);
                  app.add_flag("--yes", arguments.yes, "Do not ask first");
                  app.add_flag("--force", arguments.force, "Although the primary looks well");
                });
}

Verb RestartVerb() {
  return WorkOn("restart", "Restarts members one after the other, the primary last",
                Maintenance::Kind::kRestart, [](CLI::App& app, Arguments& arguments) {
                  app.add_option("member", arguments.members, "Only these");
                });
}

Verb BackupVerb() {
  return WorkOn("backup", "Takes a backup of a cluster that has a backup policy",
                Maintenance::Kind::kBackup, [](CLI::App& app, Arguments& arguments) {
                  app.add_option("--type", arguments.type, "full, differential or incremental")
                      ->check(CLI::IsMember({"full", "differential", "incremental"}));
                  auto* keep = app.add_option("--keep", arguments.keep,
                                              "Keep it under this name, whatever the policy says");
                  app.add_option("--until", arguments.until,
                                 "Keep it no longer than that: 2027-01-31T00:00:00Z")
                      ->needs(keep);
                  app.add_option("--let-go", arguments.let_go,
                                 "Take none; leave the one of this name to the policy")
                      ->excludes(keep);
                });
}

Verb VerifyVerb() {
  return WorkOn("verify",
                "Restores the newest backup and the log into an instance that goes afterwards, and "
                "looks whether what came of it is sound",
                Maintenance::Kind::kVerify, [](CLI::App&, Arguments&) {});
}

Verb RestoreVerb() {
  return WorkOn(
      "restore", "Brings a cluster back, in its place, to what its backups hold",
      Maintenance::Kind::kRestore, [](CLI::App& app, Arguments& arguments) {
        const auto which = app.add_option_group("target")->require_option(1);
        which->add_option("--time", arguments.time,
                          "The moment to go back to: 2026-11-21T10:30:00Z");
        which->add_option("--lsn", arguments.lsn, "A position in the log to go back to: 0/3000060");
        which->add_option("--backup-id", arguments.backup_id,
                          "A backup to go back to, as it ended");
        which->add_flag("--undo", arguments.undo,
                        "Leave a restoration that did not end, and serve what was there before");
        app.add_flag("--force", arguments.force,
                     "Although nobody leads: what has not been archived is lost");
        app.add_flag("--yes", arguments.yes, "Do not ask first");
      });
}

Verb ReloadVerb() {
  return WorkOn("reload", "Has all members read their configuration files again",
                Maintenance::Kind::kReload, [](CLI::App&, Arguments&) {});
}

}  // namespace dbaas

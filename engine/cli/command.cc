// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <utility>

namespace dbaas {
namespace {

bool IsVerb(const std::string& word) {
  const auto& verbs = AllVerbs();
  return std::any_of(verbs.begin(), verbs.end(),
                     [&](const Verb& verb) { return verb.name == word; });
}

}  // namespace

int RunCommand(const std::vector<std::string>& arguments, Session& session) {
  CLI::App app("Your own RDS on your own machines.", "dbaas");
  app.set_version_flag("--version", "dbaas " DBAAS_VERSION);
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> verbs;
  for (const Verb& verb : AllVerbs()) {
    CLI::App* subcommand = app.add_subcommand(verb.name, verb.text);
    verbs.emplace_back(subcommand, verb.declare(*subcommand));
  }
  // CLI11 would only say that a subcommand is missing.
  if (!arguments.empty() && !arguments[0].starts_with('-') && !IsVerb(arguments[0])) {
    session.err << "dbaas: there is no verb " << arguments[0] << "; --help lists them\n";
    return static_cast<int>(CLI::ExitCodes::ExtrasError);
  }
  try {
    // CLI11 takes them off the end.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    // --help and --version end here too.
    return app.exit(error, session.out, session.err);
  }
  const auto asked = std::find_if(verbs.begin(), verbs.end(),
                                  [](const auto& verb) { return verb.first->parsed(); });
  return asked->second(session);
}

}  // namespace dbaas

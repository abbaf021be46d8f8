// SPDX-License-Identifier: MPL-2.0
//
// dbaas credentials: the one place that prints a password, because it was asked to.
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
  bool uri = false;
};

Result<Credentials> FindCredentials(Engine& engine, const std::string& cluster) {
  return engine.ReadCredentials(TRY(engine.ParseClusterId(cluster)));
}

int ShowCredentials(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  const auto credentials = FindCredentials(**engine, arguments.cluster);
  if (!credentials) return Fail(session, credentials.error());
  const std::string& uri = credentials->uri.Reveal();
  const std::string& reader_uri = credentials->reader_uri.Reveal();
  const std::string& password = credentials->password.Reveal();
  if (arguments.uri) {
    session.out << uri << "\n";
  } else if (arguments.json) {
    const Json json = {{"username", credentials->username},
                       {"password", password},
                       {"uri", uri},
                       {"reader_uri", reader_uri}};
    session.out << json.dump(2) << "\n";
  } else {
    session.out << fmt::format("username  {}\npassword  {}\nwrite     {}\nread      {}\n",
                               credentials->username, password, uri, reader_uri);
  }
  return kDone;
}

}  // namespace

Verb CredentialsVerb() {
  return {
      .name = "credentials", .text = "How to log in to a cluster", .declare = [](CLI::App& app) {
        auto arguments = std::make_shared<Arguments>();
        app.add_option("cluster", arguments->cluster, "Name or id")->required();
        app.add_flag("--json", arguments->json, "For programs");
        app.add_flag("--uri", arguments->uri, "Only the URI of the write port");
        return Run([arguments](Session& session) { return ShowCredentials(session, *arguments); });
      }};
}

}  // namespace dbaas

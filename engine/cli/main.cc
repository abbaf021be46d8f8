// SPDX-License-Identifier: MPL-2.0
//
// dbaas: the engine without Terraform. Looks at the host that DOCKER_HOST names, or at the local
// Docker engine. Exit codes: 0 done, 1 failed, 2 nothing of that name.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/cli/show.h"
#include "engine/engine.h"

namespace dbaas {
namespace {

constexpr int kFailed = 1;
constexpr int kNoSuchCluster = 2;

struct Arguments {
  std::string cluster;
  bool json = false;
  bool uri = false;
};

int Fail(const Error& error) {
  fmt::print(stderr, "dbaas: {}\n", error.ToLine());
  return error.kind == ErrorKind::kNotFound ? kNoSuchCluster : kFailed;
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

Result<std::vector<ClusterView>> Look(Engine& engine, const std::string& cluster) {
  if (cluster.empty()) return engine.List("", ReadDepth::kProbe);
  const ClusterId id = TRY(engine.ParseClusterId(cluster));
  auto view = TRY(engine.Read(id, ReadDepth::kProbe));
  if (!view) return NotFound("there is no cluster " + id.ToText());
  return std::vector<ClusterView>{*std::move(view)};
}

int Show(Engine& engine, const Arguments& arguments) {
  const auto clusters = Look(engine, arguments.cluster);
  if (!clusters) return Fail(clusters.error());
  return Print(arguments.json ? ToJson(*clusters).dump(2) + "\n" : ToText(*clusters));
}

Result<Credentials> FindCredentials(Engine& engine, const std::string& cluster) {
  return engine.ReadCredentials(TRY(engine.ParseClusterId(cluster)));
}

/// The one place that prints a password, because it was asked to.
int ShowCredentials(Engine& engine, const Arguments& arguments) {
  const auto credentials = FindCredentials(engine, arguments.cluster);
  if (!credentials) return Fail(credentials.error());
  const std::string& uri = credentials->uri.Reveal();
  const std::string& reader_uri = credentials->reader_uri.Reveal();
  const std::string& password = credentials->password.Reveal();
  if (arguments.uri) return Print(uri + "\n");
  if (arguments.json) {
    const Json json = {{"username", credentials->username},
                       {"password", password},
                       {"uri", uri},
                       {"reader_uri", reader_uri}};
    return Print(json.dump(2) + "\n");
  }
  return Print(fmt::format("username  {}\npassword  {}\nwrite     {}\nread      {}\n",
                           credentials->username, password, uri, reader_uri));
}

int Main(int argc, char** argv) {
  // Results go to stdout, what happens on the way to stderr.
  spdlog::set_default_logger(spdlog::stderr_color_st("dbaas"));
  spdlog::set_level(spdlog::level::warn);

  CLI::App app("Your own RDS on your own machines.", "dbaas");
  app.set_version_flag("--version", "dbaas " DBAAS_VERSION);
  app.require_subcommand(1);
  Arguments arguments;
  CLI::App* show = app.add_subcommand("show", "What runs: members, roles, lag, endpoints");
  show->add_option("cluster", arguments.cluster, "Name or id; all clusters when left out");
  show->add_flag("--json", arguments.json, "For programs");
  CLI::App* credentials = app.add_subcommand("credentials", "How to log in to a cluster");
  credentials->add_option("cluster", arguments.cluster, "Name or id")->required();
  credentials->add_flag("--json", arguments.json, "For programs");
  credentials->add_flag("--uri", arguments.uri, "Only the URI of the write port");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kFailed;  // --help and --version end here too.
  }

  SystemClock clock;
  SystemRandom random;
  Engine engine(std::vector<HostConfig>{{}}, clock, random);
  return show->parsed() ? Show(engine, arguments) : ShowCredentials(engine, arguments);
}

}  // namespace
}  // namespace dbaas

int main(int argc, char** argv) { return dbaas::Main(argc, argv); }

// SPDX-License-Identifier: MPL-2.0
//
// dbaas watch: follows a host until SIGINT or SIGTERM, lets a cluster fail over as soon as its
// primary is dead, and repairs those that ask for it. Its lines are documented in docs/watch.md.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <ostream>

#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

struct Arguments {
  std::vector<std::string> clusters;
  bool declared = false;
  bool json = false;
  std::string webhook;
  std::string secret_file;
};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Neither may be seen in a list of processes: the secret has no option of its own, and a URL that
/// holds one can come by the environment.
Result<WebhookOptions> Webhook(const Arguments& arguments) {
  const std::string url =
      arguments.webhook.empty() ? Variable("DBAAS_WEBHOOK_URL") : arguments.webhook;
  if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
    return Invalid("webhook", "the webhook's URL begins neither with http:// nor with https://");
  }
  std::string secret = Variable("DBAAS_WEBHOOK_SECRET");
  if (!arguments.secret_file.empty()) {
    std::ifstream file(arguments.secret_file);
    if (!std::getline(file, secret) || secret.empty()) {
      return Invalid("webhook-secret-file", "no secret can be read from " + arguments.secret_file);
    }
  }
  return WebhookOptions{.url = Secret(url), .secret = Secret(std::move(secret))};
}

int Watch(Session& session, const Arguments& arguments) {
  const auto engine = session.EngineOfEnvironment();
  if (!engine) return Fail(session, engine.error());
  auto webhook = Webhook(arguments);
  if (!webhook) return Fail(session, webhook.error());
  WatchOptions options{.host = "",
                       .clusters = {},
                       .declared_only = arguments.declared,
                       .webhook = *std::move(webhook),
                       .report = {}};
  for (const std::string& text : arguments.clusters) {
    const auto id = (*engine)->ParseClusterId(text);
    if (!id) return Fail(session, id.error());
    options.host = id->host;
    options.clusters.insert(id->cluster);
  }
  options.report = [&](const WatchReport& report) {
    // Whoever reads along must not wait for a full buffer.
    session.out << (arguments.json ? Dump(ToJson(report)) : ToLine(report)) << std::endl;
  };
  session.catch_interrupts();
  const auto watched = (*engine)->Watch(options, session.stop);
  return watched ? kDone : Fail(session, watched.error());
}

}  // namespace

Verb WatchVerb() {
  return {.name = "watch",
          .text = "Follows the host, and fails over at once when a primary is dead",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("clusters", arguments->clusters, "Names or ids; all when left out");
            app.add_flag("--declared", arguments->declared,
                         "Fail over only those that ask for it (failover.watch)");
            app.add_flag("--json", arguments->json, "One JSON object a line");
            app.add_option("--webhook", arguments->webhook,
                           "Post each line there as JSON; or DBAAS_WEBHOOK_URL");
            app.add_option("--webhook-secret-file", arguments->secret_file,
                           "Sign with its first line; or DBAAS_WEBHOOK_SECRET");
            return Run([arguments](Session& session) { return Watch(session, *arguments); });
          }};
}

}  // namespace dbaas

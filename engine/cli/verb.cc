// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/verb.h"

#include <cstdlib>
#include <istream>
#include <ostream>

#include "engine/cli/configuration.h"

namespace dbaas {

Result<std::unique_ptr<Engine>> Session::EngineOfEnvironment() const {
  const char* host = std::getenv("DBAAS_HOST");
  if (host == nullptr) return make_engine({HostConfig{}});
  if (std::getenv("DBAAS_DIRECTORY") != nullptr) {
    return Invalid("", "DBAAS_HOST and DBAAS_DIRECTORY are both set", "Unset one of the two.");
  }
  return make_engine({TRY(ParseHost({.name = "DBAAS_HOST", .text = host}))});
}

int Fail(Session& session, const Error& error) {
  session.err << "dbaas: " << error.ToLine() << "\n";
  return error.kind == ErrorKind::kNotFound ? kNoSuchCluster : kFailed;
}

Result<void> Confirm(Session& session) {
  if (session.in == nullptr) {
    return Invalid("", "nobody can be asked here, so nothing was done",
                   "Give --yes to go ahead without a question.");
  }
  session.out << "\nDo this? Only 'yes' is a yes: " << std::flush;
  std::string answer;
  std::getline(*session.in, answer);
  if (answer == "yes") return Ok();
  return Cancelled("nothing was done");
}

Result<ClusterView> FindCluster(Engine& engine, const std::string& text) {
  const ClusterId id = TRY(engine.ParseClusterId(text));
  auto view = TRY(engine.Read(id, ReadDepth::kProbe));
  if (!view) return NotFound("there is no cluster " + id.ToText());
  return *std::move(view);
}

}  // namespace dbaas

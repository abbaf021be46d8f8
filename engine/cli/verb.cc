// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/verb.h"

#include <ostream>

namespace dbaas {

int Fail(Session& session, const Error& error) {
  session.err << "dbaas: " << error.ToLine() << "\n";
  return error.kind == ErrorKind::kNotFound ? kNoSuchCluster : kFailed;
}

Result<ClusterView> FindCluster(Engine& engine, const std::string& text) {
  const ClusterId id = TRY(engine.ParseClusterId(text));
  auto view = TRY(engine.Read(id, ReadDepth::kProbe));
  if (!view) return NotFound("there is no cluster " + id.ToText());
  return *std::move(view);
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Lifecycle's part about ephemeral resources.
#include "provider/diagnosis.h"
#include "provider/lifecycle.h"
#include "schemas/checks.h"

namespace dbaas {

Diagnostics Lifecycle::ValidateEphemeral(const EphemeralType& type, const Value& config) {
  Diagnostics found = CheckValues(type.schema, config);
  if (HasErrors(found)) return found;
  for (const Error& error : type.check(config)) found.push_back(ToDiagnostic(error, type.schema));
  return found;
}

OpenResponse Lifecycle::Open(const EphemeralType& type, const Value& config) {
  const auto failed = [&](const Error& error) -> OpenResponse {
    return {.diagnostics = {ToDiagnostic(error, type.schema)}};
  };
  const auto query = type.query(config);
  if (!query) return failed(query.error());
  EphemeralAnswer answer{.random = random_};
  if (!query->cluster.empty()) {
    const auto engine = this->engine();
    if (engine == nullptr) return failed(NotConfigured());
    const auto id = engine->ParseClusterId(query->cluster);
    if (!id) return failed(id.error());
    auto credentials = engine->ReadCredentials(*id);
    if (!credentials) {
      const bool absent = credentials.error().kind == ErrorKind::kNotFound;
      return failed(absent ? std::move(credentials).error().On(type.cluster_attribute)
                           : credentials.error());
    }
    answer.credentials = *std::move(credentials);
  }
  auto result = type.to_result(config, answer);
  if (!result) return failed(result.error());
  return {.result = *std::move(result)};
}

}  // namespace dbaas

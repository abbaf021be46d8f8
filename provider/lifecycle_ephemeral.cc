// SPDX-License-Identifier: MPL-2.0
//
// Lifecycle's part about ephemeral resources. What is made when one is opened (a login) is found
// again by its private data, which only the running Terraform has.
#include <spdlog/spdlog.h>

#include "engine/base/json.h"
#include "provider/diagnosis.h"
#include "provider/lifecycle.h"
#include "schemas/checks.h"
#include "schemas/planned_value.h"

namespace dbaas {
namespace {

/// A login that was opened.
struct Opened {
  std::string cluster;
  Login login;
};

std::string ToPrivate(const Opened& opened) {
  return Dump({{"cluster", opened.cluster},
               {"role", opened.login.role},
               {"ttl_ms", opened.login.ttl.count()}});
}

Result<Opened> FromPrivate(const std::string& private_data) {
  const Json json = TRY(ParseJson(private_data, "the private data of the ephemeral resource"));
  return Opened{
      .cluster = GetString(json, "cluster"),
      .login = {.role = GetString(json, "role"), .ttl = Milliseconds(GetInt(json, "ttl_ms"))}};
}

}  // namespace

Diagnostics Lifecycle::ValidateEphemeral(const EphemeralType& type, const Value& config) {
  Diagnostics found = CheckValues(type.schema, config);
  if (HasErrors(found)) return found;
  for (const Error& error : type.check(config)) found.push_back(ToDiagnostic(error, type.schema));
  return found;
}

OpenResponse Lifecycle::Open(const EphemeralType& type, const Value& config,
                             bool deferral_allowed) {
  const auto failed = [&](const Error& error) -> OpenResponse {
    return {.diagnostics = {ToDiagnostic(error, type.schema)}};
  };
  const auto query = type.query(config);
  if (!query) return failed(query.error());
  OpenResponse response;
  EphemeralAnswer answer{.random = random_};
  if (!query->cluster.empty()) {
    const auto engine = this->engine();
    if (engine == nullptr && deferral_allowed) {
      return {.result = PlanValue(type.schema, Value::Null(), config).planned, .deferred = true};
    }
    if (engine == nullptr) return failed(NotConfigured());
    const auto id = engine->ParseClusterId(query->cluster);
    if (!id) return failed(id.error());
    auto credentials =
        query->login ? engine->OpenLogin(*id, *query->login) : engine->ReadCredentials(*id);
    if (!credentials) {
      const bool absent = credentials.error().kind == ErrorKind::kNotFound;
      return failed(absent ? std::move(credentials).error().On(type.cluster_attribute)
                           : credentials.error());
    }
    answer.credentials = *std::move(credentials);
    if (query->login) {
      Login login = *query->login;
      login.role = answer.credentials.username;
      response.private_data = ToPrivate({.cluster = id->ToText(), .login = login});
      response.renew_at = clock_.Now() + login.ttl / 2;
      spdlog::info("{} has the role {} until it is closed", id->ToText(), login.role);
    }
  }
  auto result = type.to_result(config, answer);
  if (!result) return failed(result.error());
  response.result = *std::move(result);
  return response;
}

OpenResponse Lifecycle::Renew(const EphemeralType& type, const std::string& private_data) {
  if (private_data.empty()) return {};
  const auto renew = [&]() -> Result<Opened> {
    const auto engine = this->engine();
    if (engine == nullptr) return NotConfigured();
    const Opened opened = TRY(FromPrivate(private_data));
    TRY_IN(engine->RenewLogin(TRY(engine->ParseClusterId(opened.cluster)), opened.login),
           "renewing the role " + opened.login.role + " of " + opened.cluster);
    return opened;
  };
  const auto renewed = renew();
  if (!renewed) {
    // A failover, perhaps. This came at half of the role's time, so that there is some for more.
    const auto opened = FromPrivate(private_data);
    if (!opened) return {.diagnostics = {ToDiagnostic(opened.error(), type.schema)}};
    return {.private_data = private_data,
            .renew_at = clock_.Now() + opened->login.ttl / 8,
            .diagnostics = {WarningAt({}, "The role " + opened->login.role + " was not renewed",
                                      Sentence(renewed.error()))}};
  }
  return {.private_data = private_data, .renew_at = clock_.Now() + renewed->login.ttl / 2};
}

/// What cannot be dropped now ends by itself, so it is no reason to call a run failed that went
/// well.
Diagnostics Lifecycle::Close(const EphemeralType& type, const std::string& private_data) {
  if (private_data.empty()) return {};
  const auto engine = this->engine();
  if (engine == nullptr) return {ToDiagnostic(NotConfigured(), type.schema)};
  const auto opened = FromPrivate(private_data);
  if (!opened) return {ToDiagnostic(opened.error(), type.schema)};
  const auto id = engine->ParseClusterId(opened->cluster);
  if (!id) return {ToDiagnostic(id.error(), type.schema)};
  const auto closed = engine->CloseLogin(*id, opened->login.role);
  if (closed || closed.error().kind == ErrorKind::kNotFound) return {};
  return {WarningAt({}, "The role " + opened->login.role + " was not dropped",
                    Sentence(closed.error()) +
                        " It cannot log in any more once its ttl is over, and is dropped when the "
                        "next such role of " +
                        opened->cluster + " is made.")};
}

}  // namespace dbaas

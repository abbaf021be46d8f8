// SPDX-License-Identifier: MPL-2.0
//
// The calls about ephemeral resources.
#include "provider/from_proto.h"
#include "provider/object_proto.h"
#include "provider/server.h"

namespace dbaas {

using grpc::ServerContext;
using grpc::Status;

namespace {

/// What comes next: when to renew, and what that will need.
template <typename Response>
void WriteLease(const OpenResponse& answer, Response& response) {
  if (!answer.private_data.empty()) response.set_private_(answer.private_data);
  if (!answer.renew_at) return;
  const auto milliseconds = answer.renew_at->time_since_epoch().count();
  response.mutable_renew_at()->set_seconds(milliseconds / 1000);
  response.mutable_renew_at()->set_nanos(static_cast<int>(milliseconds % 1000) * 1'000'000);
}

}  // namespace

Status ProviderServer::ValidateEphemeralResourceConfig(
    ServerContext* /*context*/, const tfplugin6::ValidateEphemeralResourceConfig::Request* request,
    tfplugin6::ValidateEphemeralResourceConfig::Response* response) {
  const std::string& name = request->type_name();
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("ValidateEphemeralResourceConfig", name, diagnostics, [&]() -> Result<void> {
    const Ephemeral& type = *TRY(FindEphemeralResource(name));
    const Value config = TRY(FromProto(request->config(), type.object, "the configuration"));
    AddDiagnostics(lifecycle_.ValidateEphemeral(*type.type, config), diagnostics);
    return Ok();
  });
}

Status ProviderServer::OpenEphemeralResource(
    ServerContext* /*context*/, const tfplugin6::OpenEphemeralResource::Request* request,
    tfplugin6::OpenEphemeralResource::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose(
      "OpenEphemeralResource", request->type_name(), diagnostics, [&]() -> Result<void> {
        const Ephemeral& type = *TRY(FindEphemeralResource(request->type_name()));
        const Value config = TRY(FromProto(request->config(), type.object, "the configuration"));
        const OpenResponse answer =
            lifecycle_.Open(*type.type, config, request->client_capabilities().deferral_allowed());
        AddDiagnostics(answer.diagnostics, diagnostics);
        if (answer.deferred) Defer(*response);
        *response->mutable_result() = TRY(EncodeObject(answer.result, type));
        WriteLease(answer, *response);
        return Ok();
      });
}

Status ProviderServer::RenewEphemeralResource(
    ServerContext* /*context*/, const tfplugin6::RenewEphemeralResource::Request* request,
    tfplugin6::RenewEphemeralResource::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("RenewEphemeralResource", request->type_name(), diagnostics,
                  [&]() -> Result<void> {
                    const Ephemeral& type = *TRY(FindEphemeralResource(request->type_name()));
                    const OpenResponse answer = lifecycle_.Renew(*type.type, request->private_());
                    AddDiagnostics(answer.diagnostics, diagnostics);
                    WriteLease(answer, *response);
                    return Ok();
                  });
}

Status ProviderServer::CloseEphemeralResource(
    ServerContext* /*context*/, const tfplugin6::CloseEphemeralResource::Request* request,
    tfplugin6::CloseEphemeralResource::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("CloseEphemeralResource", request->type_name(), diagnostics,
                  [&]() -> Result<void> {
                    const Ephemeral& type = *TRY(FindEphemeralResource(request->type_name()));
                    AddDiagnostics(lifecycle_.Close(*type.type, request->private_()), diagnostics);
                    return Ok();
                  });
}

}  // namespace dbaas

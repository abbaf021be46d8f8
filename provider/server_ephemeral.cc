// SPDX-License-Identifier: MPL-2.0
//
// The calls about ephemeral resources.
#include "provider/from_proto.h"
#include "provider/object_type.h"
#include "provider/server.h"
#include "provider/to_proto.h"

namespace dbaas {

using grpc::ServerContext;
using grpc::Status;

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
        const OpenResponse answer = lifecycle_.Open(*type.type, config);
        AddDiagnostics(answer.diagnostics, diagnostics);
        *response->mutable_result() =
            TRY(ToProto(WithEmptyBlocks(answer.result, type.type->schema), type.object));
        return Ok();
      });
}

Status ProviderServer::RenewEphemeralResource(
    ServerContext* /*context*/, const tfplugin6::RenewEphemeralResource::Request* request,
    tfplugin6::RenewEphemeralResource::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("RenewEphemeralResource", request->type_name(), diagnostics,
                  [&]() -> Result<void> {
                    TRY(FindEphemeralResource(request->type_name()));
                    return Ok();
                  });
}

Status ProviderServer::CloseEphemeralResource(
    ServerContext* /*context*/, const tfplugin6::CloseEphemeralResource::Request* request,
    tfplugin6::CloseEphemeralResource::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("CloseEphemeralResource", request->type_name(), diagnostics,
                  [&]() -> Result<void> {
                    TRY(FindEphemeralResource(request->type_name()));
                    return Ok();
                  });
}

}  // namespace dbaas

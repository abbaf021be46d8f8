// SPDX-License-Identifier: MPL-2.0
//
// What Terraform asks about identities by themselves. Those of objects come and go with the calls
// that read, plan, apply and import them (server.cc).
#include "provider/from_proto.h"
#include "provider/object_proto.h"
#include "provider/server.h"

namespace dbaas {

using grpc::ServerContext;
using grpc::Status;

Status ProviderServer::GetResourceIdentitySchemas(
    ServerContext* /*context*/, const tfplugin6::GetResourceIdentitySchemas::Request* /*request*/,
    tfplugin6::GetResourceIdentitySchemas::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("GetResourceIdentitySchemas", "", diagnostics, [&]() -> Result<void> {
    for (const auto& [name, resource] : catalog().resources) {
      if (resource.identity.attributes.empty()) continue;
      (*response->mutable_identity_schemas())[name] = IdentityToProto(resource.identity);
    }
    return Ok();
  });
}

Status ProviderServer::UpgradeResourceIdentity(
    ServerContext* /*context*/, const tfplugin6::UpgradeResourceIdentity::Request* request,
    tfplugin6::UpgradeResourceIdentity::Response* response) {
  const std::string& name = request->type_name();
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("UpgradeResourceIdentity", name, diagnostics, [&]() -> Result<void> {
    const Resource& resource = *TRY(FindResource(name));
    if (resource.identity.attributes.empty()) {
      return Invalid("", name + " has no identity", "No release of this provider ever stored one.");
    }
    const Type& type = resource.identity_object;
    const Value stored =
        TRY(FromProto(request->raw_identity(), request->version(), resource.identity, type));
    *response->mutable_upgraded_identity()->mutable_identity_data() = TRY(ToProto(stored, type));
    return Ok();
  });
}

}  // namespace dbaas

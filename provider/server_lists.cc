// SPDX-License-Identifier: MPL-2.0
//
// What `terraform query` asks: what is there that no state has, and how would one write it down?
#include "provider/from_proto.h"
#include "provider/object_proto.h"
#include "provider/server.h"
#include "schemas/least_config.h"

namespace dbaas {
namespace {

using grpc::ServerContext;
using grpc::Status;

/// What lists show an object as: its id, which every type of ours has.
constexpr const char* kDisplayName = "id";

/// Terraform reads paths from the `list` block, of which our schema is the block `config`.
Diagnostics InListBlock(Diagnostics diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.path.empty()) continue;
    const AttributePath config = Attr({}, "config");
    diagnostic.path.insert(diagnostic.path.begin(), config.begin(), config.end());
  }
  return diagnostics;
}

}  // namespace

Status ProviderServer::ValidateListResourceConfig(
    ServerContext* /*context*/, const tfplugin6::ValidateListResourceConfig::Request* request,
    tfplugin6::ValidateListResourceConfig::Response* response) {
  const std::string& name = request->type_name();
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("ValidateListResourceConfig", name, diagnostics, [&]() -> Result<void> {
    const List& list = *TRY(FindList(name));
    const Value config = TRY(FromProto(request->config(), list.object, "the configuration"));
    AddDiagnostics(InListBlock(lifecycle_.ValidateList(*list.type, config)), diagnostics);
    return Ok();
  });
}

Status ProviderServer::ListResource(ServerContext* context,
                                    const tfplugin6::ListResource::Request* request,
                                    grpc::ServerWriter<tfplugin6::ListResource::Event>* writer) {
  tfplugin6::ListResource::Event failure;
  Status status = Diagnose(
      "ListResource", request->type_name(), *failure.mutable_diagnostic(), [&]() -> Result<void> {
        const List& list = *TRY(FindList(request->type_name()));
        const Resource& resource = *TRY(FindResource(request->type_name()));
        const Value config = TRY(FromProto(request->config(), list.object, "the configuration"));
        const auto take = [&](const Listed& listed) -> Result<void> {
          tfplugin6::ListResource::Event event;
          AddDiagnostics(InListBlock(listed.diagnostics), *event.mutable_diagnostic());
          TRY(PutIdentity(listed.state, resource, [&] { return event.mutable_identity(); }));
          if (!listed.state.is_null()) {
            event.set_display_name(listed.state.at(kDisplayName).as_string());
            if (request->include_resource_object()) {
              *event.mutable_resource_object() = TRY(EncodeObject(listed.state, resource));
            }
          }
          // Terraform cancels a list when it has as many objects as it wants.
          if (context->IsCancelled() || !writer->Write(event)) return Cancelled("nobody listens");
          return Ok();
        };
        return lifecycle_.List(*list.type, *resource.type,
                               {.config = config, .limit = request->limit()}, take);
      });
  if (failure.diagnostic_size() > 0) writer->Write(failure);
  return status;
}

Status ProviderServer::GenerateResourceConfig(
    ServerContext* /*context*/, const tfplugin6::GenerateResourceConfig::Request* request,
    tfplugin6::GenerateResourceConfig::Response* response) {
  const std::string& name = request->type_name();
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("GenerateResourceConfig", name, diagnostics, [&]() -> Result<void> {
    const Resource& resource = *TRY(FindResource(name));
    const Value state = TRY(FromProto(request->state(), resource.object, "the state"));
    Value config = LeastConfig(resource.type->schema, state);
    // Where it is could be left out too, until it is made again: then it would go to the first
    // host.
    const Value identity = IdentityOf(resource.type->schema, state);
    if (!identity.is_null()) {
      for (const auto& [name, value] : identity.as_map()) config.as_map()[name] = value;
    }
    *response->mutable_config() = TRY(EncodeObject(std::move(config), resource));
    return Ok();
  });
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Values, schemas and diagnostics out: the one place where outgoing protobuf is written.
// Called by server.*. Pure, thread-safe.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "provider/proto/tfplugin6.pb.h"
#include "schemas/diagnostic.h"
#include "schemas/resource_type.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

using DiagnosticList = google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>;

/// Fails when `value` is not of `type`: a bug of ours.
Result<tfplugin6::DynamicValue> ToProto(const Value& value, const Type& type);

void AddDiagnostics(const Diagnostics& diagnostics, DiagnosticList& list);
void AddDiagnostic(const Error& error, DiagnosticList& list);

/// The answer to what has to wait until the provider's configuration is known.
template <typename Response>
void Defer(Response& response) {
  response.mutable_deferred()->set_reason(tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
}
/// Whether it has to, and core lets it.
template <typename Request>
bool MayDefer(const Request& request, bool is_configured) {
  return !is_configured && request.client_capabilities().deferral_allowed();
}

tfplugin6::AttributePath ToProto(const AttributePath& path);
tfplugin6::Schema ToProto(const Schema& schema);
/// `identity` as IdentitySchema() makes it. What a configuration must say must be said by an
/// import.
tfplugin6::ResourceIdentitySchema IdentityToProto(const Schema& identity);
tfplugin6::Function ToProto(const FunctionType& type);
/// `error` of a call; its field, the name of a parameter, becomes the argument's number.
tfplugin6::FunctionError ToProto(const Error& error, const FunctionType& type);

/// What both answers about the provider as a whole begin with.
tfplugin6::ServerCapabilities Capabilities();
tfplugin6::GetProviderSchema::Response SchemaResponse(const ProviderTypes& types);
tfplugin6::Metadata::Response MetadataResponse(const ProviderTypes& types);

/// `text` with every byte that is not UTF-8 replaced. Protobuf's receiver would otherwise refuse
/// the whole answer, and what databases and kernels say about themselves may be in any encoding.
std::string ToUtf8(const std::string& text);

}  // namespace dbaas

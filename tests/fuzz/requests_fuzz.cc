// SPDX-License-Identifier: MPL-2.0
//
// Whole requests, as bytes from the wire: the first byte chooses the call, the rest is its message.
// Every call comes back without a broken connection, with diagnostics that Terraform can show, and
// either with an error or with a value of the schema's type: stored state of any form (JSON of
// another schema, Terraform 0.11's flat map) among them. The hosts are silent, so that nothing
// depends on what came before.
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/protocol/core_schema.h"
#include "tests/protocol/core_wire.h"
#include "tests/protocol/rig.h"

namespace dbaas {
namespace {

using Service = tfplugin6::Provider::Service;

struct World {
  World() {
    rig.local().SetReachable(false);
    rig.east().SetReachable(false);
    tfplugin6::GetProviderSchema::Response answer;
    rig.service().GetProviderSchema(nullptr, nullptr, &answer);
    std::vector<std::string> complaints;
    for (const auto& [name, proto] : answer.resource_schemas()) {
      types[name] = core::ReadSchema(proto, complaints).type;
    }
    if (!complaints.empty()) std::abort();
  }
  Rig rig;
  std::map<std::string, core::Type> types;
};

World& TheWorld() {
  static World* const kWorld = new World();
  return *kWorld;
}

template <typename Response>
bool HasErrors(const Response& response) {
  bool errors = false;
  for (const auto& one : response.diagnostics()) {
    if (one.severity() == tfplugin6::Diagnostic::INVALID || one.summary().empty()) std::abort();
    errors = errors || one.severity() == tfplugin6::Diagnostic::ERROR;
  }
  return errors;
}

/// Core reads what we answer, or there would be an error.
void ExpectReadable(const tfplugin6::DynamicValue& value, const std::string& type) {
  const auto found = TheWorld().types.find(type);
  if (found == TheWorld().types.end()) std::abort();
  if (!core::Decode(value.msgpack(), found->second)) std::abort();
}

template <typename Request, typename Response>
void Call(grpc::Status (Service::*rpc)(grpc::ServerContext*, const Request*, Response*),
          const std::string& bytes) {
  Request request;
  if (!request.ParseFromString(bytes)) return;
  Response response;
  if (!(TheWorld().rig.service().*rpc)(nullptr, &request, &response).ok()) std::abort();
  if (!Response().ParseFromString(response.SerializeAsString())) std::abort();
  if constexpr (requires { response.diagnostics(); }) {
    if (HasErrors(response)) return;
    if constexpr (requires { response.upgraded_state(); }) {
      ExpectReadable(response.upgraded_state(), request.type_name());
    } else if constexpr (requires { response.planned_state(); }) {
      ExpectReadable(response.planned_state(), request.type_name());
    } else if constexpr (requires { response.new_state(); }) {
      ExpectReadable(response.new_state(), request.type_name());
    }
  }
}

}  // namespace
}  // namespace dbaas

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dbaas::Call;
  using dbaas::Service;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The digits are for the seeds' sake.
  switch (data[0]) {
    case '0': Call(&Service::UpgradeResourceState, bytes); break;
    case '1': Call(&Service::PlanResourceChange, bytes); break;
    case '2': Call(&Service::ValidateResourceConfig, bytes); break;
    case '3': Call(&Service::ReadResource, bytes); break;
    case '4': Call(&Service::ApplyResourceChange, bytes); break;
    case '5': Call(&Service::ImportResourceState, bytes); break;
    case '6': Call(&Service::ReadDataSource, bytes); break;
    case '7': Call(&Service::OpenEphemeralResource, bytes); break;
    case '8': Call(&Service::CallFunction, bytes); break;
    case '9': Call(&Service::MoveResourceState, bytes); break;
    case 'a': Call(&Service::ValidateProviderConfig, bytes); break;
    case 'b': Call(&Service::UpgradeResourceIdentity, bytes); break;
    case 'c': Call(&Service::ValidateDataResourceConfig, bytes); break;
    case 'd': Call(&Service::ValidateEphemeralResourceConfig, bytes); break;
    default: break;
  }
  return 0;
}

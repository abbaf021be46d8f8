// SPDX-License-Identifier: MPL-2.0
#include "provider/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "provider/from_proto.h"
#include "provider/log.h"
#include "provider/object_proto.h"
#include "provider/object_type.h"
#include "provider/to_proto.h"

namespace dbaas {
namespace {

using grpc::ServerContext;
using grpc::Status;

Error Bug(const char* rpc, const char* what) {
  return Internal(fmt::format("{} failed unexpectedly", rpc),
                  fmt::format("This is a bug in the provider: {}", what));
}

template <typename Map>
Result<const typename Map::mapped_type*> Find(const Map& map, const std::string& name,
                                              const char* kind) {
  const auto found = map.find(name);
  if (found != map.end()) return &found->second;
  return NotFound(fmt::format("Unknown {} {}", kind, name),
                  "This version of the provider does not have it.");
}

/// Which call the log lines of this thread belong to, in the words of Terraform's own SDKs.
LogFields FieldsOf(const char* rpc, const std::string& type_name) {
  SystemRandom random;
  std::map<std::string, std::string> fields = {
      {"tf_rpc", rpc}, {"tf_req_id", fmt::format("{:016x}", random.Next())}};
  if (!type_name.empty()) fields["tf_resource_type"] = type_name;
  return fields;
}

/// The last part of every address that this provider is known by.
constexpr const char* kProviderName = "dbaas";

constexpr const char* kCannotMove =
    "`moved` renames what is already stored; it builds nothing. The state of a {0} of {1} says "
    "nothing of the members, ports and passwords that make a {2}, and no container or volume that "
    "this provider did not make is ever taken over.\n\n"
    "To go on without the {0}, take it out of the state with a `removed` block (`lifecycle {{ "
    "destroy = false }}`), create the {2} beside it, and copy the data: with pg_dump and psql, for "
    "instance. If there is a {2} on the host already, use an `import` block in place of `moved`.";

Error CannotMove(const std::string& source, const std::string& from, const std::string& target) {
  return Invalid("", fmt::format("A {} cannot become a {}", source, target),
                 fmt::format(kCannotMove, source, from, target));
}

}  // namespace

class ProviderServer::Call {
 public:
  explicit Call(ProviderServer& server) : server_(server) {
    const std::lock_guard lock(server_.mutex_);
    ++server_.calls_;
  }
  ~Call() {
    const std::lock_guard lock(server_.mutex_);
    if (--server_.calls_ == 0) server_.idle_.notify_all();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  ProviderServer& server_;
};

ProviderServer::ProviderServer(Lifecycle& lifecycle, std::function<const ProviderTypes&()> types)
    : lifecycle_(lifecycle), types_(std::move(types)) {}

void ProviderServer::Prepare() {
  const std::lock_guard lock(prepare_mutex_);
  prepared_ = SchemaResponse(types_());
  catalog();
}

bool ProviderServer::WaitIdle(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return calls_ == 0; });
}

const ProviderServer::Catalog& ProviderServer::catalog() {
  std::call_once(catalog_once_, [this] {
    const ProviderTypes& types = types_();
    catalog_.provider = ObjectType(types.provider);
    const auto add = [](const auto& all, auto& entries) {
      for (const auto& type : all) {
        auto& entry = entries[type.name];
        entry.type = &type;
        entry.object = ObjectType(type.schema);
      }
    };
    add(types.resources, catalog_.resources);
    for (auto& [name, resource] : catalog_.resources) {
      resource.identity = IdentitySchema(resource.type->schema);
      resource.identity_object = ObjectType(resource.identity);
    }
    add(types.data_sources, catalog_.data_sources);
    add(types.ephemeral_resources, catalog_.ephemeral_resources);
    add(types.list_resources, catalog_.lists);
    add(types.actions, catalog_.actions);
  });
  return catalog_;
}

Result<const ProviderServer::Resource*> ProviderServer::FindResource(const std::string& name) {
  return Find(catalog().resources, name, "resource type");
}
Result<const ProviderServer::DataSource*> ProviderServer::FindDataSource(const std::string& name) {
  return Find(catalog().data_sources, name, "data source");
}
Result<const ProviderServer::Ephemeral*> ProviderServer::FindEphemeralResource(
    const std::string& name) {
  return Find(catalog().ephemeral_resources, name, "ephemeral resource type");
}

Result<const ProviderServer::List*> ProviderServer::FindList(const std::string& name) {
  return Find(catalog().lists, name, "list resource type");
}

Result<const ProviderServer::ActionEntry*> ProviderServer::FindAction(const std::string& name) {
  return Find(catalog().actions, name, "action");
}

Status ProviderServer::Run(const char* rpc, const std::string& type_name,
                           const std::function<Result<void>()>& body,
                           const std::function<void(const Error&)>& tell) {
  const Call call(*this);
  std::optional<LogScope> scope;
  if (spdlog::should_log(spdlog::level::err)) scope.emplace(FieldsOf(rpc, type_name));
  spdlog::trace("call began");
  const auto fail = [&](const Error& error) {
    spdlog::error("{}", error.ToLine());
    tell(error);
  };
  try {
    const Result<void> result = body();
    if (!result) fail(result.error());
  } catch (const std::exception& exception) {
    fail(Bug(rpc, exception.what()));
  } catch (...) {
    fail(Bug(rpc, "an exception that is not a std::exception"));
  }
  spdlog::trace("call ended");
  return Status::OK;
}

Status ProviderServer::Diagnose(const char* rpc, const std::string& type_name,
                                DiagnosticList& diagnostics,
                                const std::function<Result<void>()>& body) {
  return Run(rpc, type_name, body, [&](const Error& error) { AddDiagnostic(error, diagnostics); });
}

// What there is.

Status ProviderServer::GetMetadata(ServerContext* /*context*/,
                                   const tfplugin6::Metadata::Request* /*request*/,
                                   tfplugin6::Metadata::Response* response) {
  return Diagnose("GetMetadata", "", *response->mutable_diagnostics(), [&]() -> Result<void> {
    *response = MetadataResponse(types_());
    return Ok();
  });
}

Status ProviderServer::GetProviderSchema(ServerContext* /*context*/,
                                         const tfplugin6::GetProviderSchema::Request* /*request*/,
                                         tfplugin6::GetProviderSchema::Response* response) {
  return Diagnose("GetProviderSchema", "", *response->mutable_diagnostics(), [&]() -> Result<void> {
    std::optional<tfplugin6::GetProviderSchema::Response> prepared;
    {
      const std::lock_guard lock(prepare_mutex_);
      prepared.swap(prepared_);
    }
    *response = prepared ? *std::move(prepared) : SchemaResponse(types_());
    return Ok();
  });
}

// The provider as a whole.

Status ProviderServer::ValidateProviderConfig(
    ServerContext* /*context*/, const tfplugin6::ValidateProviderConfig::Request* request,
    tfplugin6::ValidateProviderConfig::Response* response) {
  return Diagnose(
      "ValidateProviderConfig", "", *response->mutable_diagnostics(), [&]() -> Result<void> {
        const Value config =
            TRY(FromProto(request->config(), catalog().provider, "the configuration"));
        AddDiagnostics(lifecycle_.ValidateProvider(config), *response->mutable_diagnostics());
        return Ok();
      });
}

Status ProviderServer::ConfigureProvider(ServerContext* /*context*/,
                                         const tfplugin6::ConfigureProvider::Request* request,
                                         tfplugin6::ConfigureProvider::Response* response) {
  return Diagnose("ConfigureProvider", "", *response->mutable_diagnostics(), [&]() -> Result<void> {
    const Value config = TRY(FromProto(request->config(), catalog().provider, "the configuration"));
    AddDiagnostics(lifecycle_.Configure(config), *response->mutable_diagnostics());
    return Ok();
  });
}

Status ProviderServer::StopProvider(ServerContext* /*context*/,
                                    const tfplugin6::StopProvider::Request* /*request*/,
                                    tfplugin6::StopProvider::Response* /*response*/) {
  spdlog::info("asked to stop");
  lifecycle_.Stop();
  return Status::OK;
}

// Managed resources.

Status ProviderServer::ValidateResourceConfig(
    ServerContext* /*context*/, const tfplugin6::ValidateResourceConfig::Request* request,
    tfplugin6::ValidateResourceConfig::Response* response) {
  return Diagnose("ValidateResourceConfig", request->type_name(), *response->mutable_diagnostics(),
                  [&]() -> Result<void> {
                    const Resource& resource = *TRY(FindResource(request->type_name()));
                    const Value config =
                        TRY(FromProto(request->config(), resource.object, "the configuration"));
                    const bool write_only_allowed =
                        request->client_capabilities().write_only_attributes_allowed();
                    AddDiagnostics(
                        lifecycle_.ValidateResource(*resource.type, config, write_only_allowed),
                        *response->mutable_diagnostics());
                    return Ok();
                  });
}

Status ProviderServer::UpgradeResourceState(ServerContext* /*context*/,
                                            const tfplugin6::UpgradeResourceState::Request* request,
                                            tfplugin6::UpgradeResourceState::Response* response) {
  return Diagnose("UpgradeResourceState", request->type_name(), *response->mutable_diagnostics(),
                  [&]() -> Result<void> {
                    const Resource& resource = *TRY(FindResource(request->type_name()));
                    const Value state = TRY(FromProto(request->raw_state(), request->version(),
                                                      resource.type->schema, resource.object));
                    *response->mutable_upgraded_state() = TRY(EncodeObject(state, resource));
                    return Ok();
                  });
}

Status ProviderServer::ReadResource(ServerContext* /*context*/,
                                    const tfplugin6::ReadResource::Request* request,
                                    tfplugin6::ReadResource::Response* response) {
  return Diagnose(
      "ReadResource", request->type_name(), *response->mutable_diagnostics(),
      [&]() -> Result<void> {
        const Resource& resource = *TRY(FindResource(request->type_name()));
        const Value state = TRY(FromProto(request->current_state(), resource.object, "the state"));
        const StateResponse answer = lifecycle_.Read(*resource.type, state, request->private_());
        AddDiagnostics(answer.diagnostics, *response->mutable_diagnostics());
        *response->mutable_new_state() = TRY(EncodeObject(answer.state, resource));
        TRY(PutIdentity(answer.state, resource, [&] { return response->mutable_new_identity(); }));
        response->set_private_(answer.private_data);
        return Ok();
      });
}

Status ProviderServer::PlanResourceChange(ServerContext* /*context*/,
                                          const tfplugin6::PlanResourceChange::Request* request,
                                          tfplugin6::PlanResourceChange::Response* response) {
  return Diagnose("PlanResourceChange", request->type_name(), *response->mutable_diagnostics(),
                  [&]() -> Result<void> {
                    const Resource& resource = *TRY(FindResource(request->type_name()));
                    const Type& type = resource.object;
                    PlanRequest plan;
                    plan.prior = TRY(FromProto(request->prior_state(), type, "the prior state"));
                    // What core proposes is made of the other two, which we have: only that it may
                    // be nothing counts, and says that the object is to go.
                    if (!IsNull(request->proposed_new_state())) {
                      plan.config = TRY(FromProto(request->config(), type, "the configuration"));
                    }
                    plan.prior_private = request->prior_private();
                    const PlanResponse answer = lifecycle_.Plan(*resource.type, plan);
                    AddDiagnostics(answer.diagnostics, *response->mutable_diagnostics());
                    *response->mutable_planned_state() =
                        TRY(EncodeObject(answer.planned, resource));
                    TRY(PutIdentity(answer.planned, resource,
                                    [&] { return response->mutable_planned_identity(); }));
                    for (const AttributePath& path : answer.requires_replace) {
                      *response->add_requires_replace() = ToProto(path);
                    }
                    response->set_planned_private(answer.planned_private);
                    return Ok();
                  });
}

Status ProviderServer::ApplyResourceChange(ServerContext* /*context*/,
                                           const tfplugin6::ApplyResourceChange::Request* request,
                                           tfplugin6::ApplyResourceChange::Response* response) {
  return Diagnose(
      "ApplyResourceChange", request->type_name(), *response->mutable_diagnostics(),
      [&]() -> Result<void> {
        const Resource& resource = *TRY(FindResource(request->type_name()));
        const Type& type = resource.object;
        ApplyRequest apply;
        apply.prior = TRY(FromProto(request->prior_state(), type, "the prior state"));
        apply.planned = TRY(FromProto(request->planned_state(), type, "the planned state"));
        apply.config = TRY(FromProto(request->config(), type, "the configuration"));
        apply.planned_private = request->planned_private();
        const StateResponse answer = lifecycle_.Apply(*resource.type, apply);
        AddDiagnostics(answer.diagnostics, *response->mutable_diagnostics());
        *response->mutable_new_state() = TRY(EncodeObject(answer.state, resource));
        TRY(PutIdentity(answer.state, resource, [&] { return response->mutable_new_identity(); }));
        response->set_private_(answer.private_data);
        return Ok();
      });
}

Status ProviderServer::ImportResourceState(ServerContext* /*context*/,
                                           const tfplugin6::ImportResourceState::Request* request,
                                           tfplugin6::ImportResourceState::Response* response) {
  return Diagnose(
      "ImportResourceState", request->type_name(), *response->mutable_diagnostics(),
      [&]() -> Result<void> {
        const Resource& resource = *TRY(FindResource(request->type_name()));
        const Value identity = TRY(FromProto(request->identity().identity_data(),
                                             resource.identity_object, "the identity"));
        if (MayDefer(*request, lifecycle_.is_configured())) {
          Defer(*response);
          return Ok();
        }
        const StateResponse answer = identity.is_null()
                                         ? lifecycle_.Import(*resource.type, request->id())
                                         : lifecycle_.ImportByIdentity(*resource.type, identity);
        AddDiagnostics(answer.diagnostics, *response->mutable_diagnostics());
        if (HasErrors(answer.diagnostics)) return Ok();
        auto& imported = *response->add_imported_resources();
        imported.set_type_name(request->type_name());
        imported.set_private_(answer.private_data);
        *imported.mutable_state() = TRY(EncodeObject(answer.state, resource));
        TRY(PutIdentity(answer.state, resource, [&] { return imported.mutable_identity(); }));
        return Ok();
      });
}

Status ProviderServer::MoveResourceState(ServerContext* /*context*/,
                                         const tfplugin6::MoveResourceState::Request* request,
                                         tfplugin6::MoveResourceState::Response* response) {
  const std::string& target = request->target_type_name();
  return Diagnose(
      "MoveResourceState", target, *response->mutable_diagnostics(), [&]() -> Result<void> {
        const Resource& resource = *TRY(FindResource(target));
        const std::string& source = request->source_type_name();
        const std::string& from = request->source_provider_address();
        // Under another address (a mirror's, a registry's, an earlier owner's) it is the same
        // object.
        const bool is_ours = from.substr(from.rfind('/') + 1) == kProviderName;
        if (source != target || !is_ours) return CannotMove(source, from, target);
        const Value state = TRY(FromProto(request->source_state(), request->source_schema_version(),
                                          resource.type->schema, resource.object));
        *response->mutable_target_state() = TRY(EncodeObject(state, resource));
        TRY(PutIdentity(state, resource, [&] { return response->mutable_target_identity(); }));
        response->set_target_private(request->source_private());
        return Ok();
      });
}

// Data sources.

Status ProviderServer::ValidateDataResourceConfig(
    ServerContext* /*context*/, const tfplugin6::ValidateDataResourceConfig::Request* request,
    tfplugin6::ValidateDataResourceConfig::Response* response) {
  const std::string& name = request->type_name();
  return Diagnose(
      "ValidateDataResourceConfig", name, *response->mutable_diagnostics(), [&]() -> Result<void> {
        const DataSource& source = *TRY(FindDataSource(name));
        const Value config = TRY(FromProto(request->config(), source.object, "the configuration"));
        AddDiagnostics(lifecycle_.ValidateData(*source.type, config),
                       *response->mutable_diagnostics());
        return Ok();
      });
}

Status ProviderServer::ReadDataSource(ServerContext* /*context*/,
                                      const tfplugin6::ReadDataSource::Request* request,
                                      tfplugin6::ReadDataSource::Response* response) {
  return Diagnose("ReadDataSource", request->type_name(), *response->mutable_diagnostics(),
                  [&]() -> Result<void> {
                    const DataSource& source = *TRY(FindDataSource(request->type_name()));
                    const Value config =
                        TRY(FromProto(request->config(), source.object, "the configuration"));
                    const DataResponse answer = lifecycle_.ReadData(
                        *source.type, config, request->client_capabilities().deferral_allowed());
                    AddDiagnostics(answer.diagnostics, *response->mutable_diagnostics());
                    if (answer.deferred) Defer(*response);
                    *response->mutable_state() = TRY(EncodeObject(answer.state, source));
                    return Ok();
                  });
}

// Functions. They get their arguments in full, and need no configuration.

Status ProviderServer::GetFunctions(ServerContext* /*context*/,
                                    const tfplugin6::GetFunctions::Request* /*request*/,
                                    tfplugin6::GetFunctions::Response* response) {
  return Diagnose("GetFunctions", "", *response->mutable_diagnostics(), [&]() -> Result<void> {
    for (const FunctionType& type : types_().functions) {
      (*response->mutable_functions())[type.name] = ToProto(type);
    }
    return Ok();
  });
}

Status ProviderServer::CallFunction(ServerContext* /*context*/,
                                    const tfplugin6::CallFunction::Request* request,
                                    tfplugin6::CallFunction::Response* response) {
  const auto call = [&]() -> Result<void> {
    const FunctionType* function = types_().FindFunction(request->name());
    if (function == nullptr) {
      return NotFound("This version of the provider has no function " + request->name());
    }
    const auto count = static_cast<std::size_t>(request->arguments_size());
    const auto& parameters = function->parameters;
    if (count < parameters.size() || (count > parameters.size() && !function->variadic)) {
      return Invalid("", fmt::format("{} takes {} arguments, not {}", function->name,
                                     parameters.size(), count));
    }
    std::vector<Value> arguments;
    for (std::size_t at = 0; at < count; ++at) {
      const Parameter& parameter = at < parameters.size() ? parameters[at] : *function->variadic;
      arguments.push_back(
          TRY(FromProto(request->arguments(static_cast<int>(at)), parameter.type, "an argument")));
    }
    const Result<Value> result = function->call(arguments);
    if (!result) {
      *response->mutable_error() = ToProto(result.error(), *function);
      return Ok();
    }
    *response->mutable_result() = TRY(ToProto(*result, function->result));
    return Ok();
  };
  // Of all answers the only one that has an error in place of diagnostics.
  return Run("CallFunction", request->name(), call, [&](const Error& error) {
    response->mutable_error()->set_text(ToUtf8(error.ToLine()));
  });
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The service tfplugin6.Provider: one short method for each call of Terraform, all of one shape:
// find the type, decode, ask Lifecycle, encode. No rule of Terraform's is decided here.
//
// Threading: gRPC calls every method from many threads at once; a call takes as long as it takes
// and holds its own thread, so StopProvider always gets through.
// Errors: a gRPC status would mean a broken connection, so every error, also an exception, becomes
// one diagnostic of an answer that is OK.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "provider/lifecycle.h"
#include "provider/proto/tfplugin6.grpc.pb.h"
#include "provider/to_proto.h"
#include "schemas/resource_type.h"

namespace dbaas {

class ProviderServer final : public tfplugin6::Provider::Service {
 public:
  /// `types` is called when the first request needs them, for a start should not wait for tables.
  explicit ProviderServer(Lifecycle& lifecycle,
                          std::function<const ProviderTypes&()> types = AllTypes);

  /// Makes what the first calls need before they come: the tables, and the schema, which Terraform
  /// asks a process for once. May be left out; may run while calls come in, which wait for it then.
  void Prepare();

  /// Waits until no call is under way. False when some still were after `timeout`.
  bool WaitIdle(Milliseconds timeout);

  // clang-format off: a table reads better than 70 wrapped lines.
#define DBAAS_RPC(NAME, MESSAGE)                                                              \
  grpc::Status NAME(grpc::ServerContext* context, const tfplugin6::MESSAGE::Request* request, \
                    tfplugin6::MESSAGE::Response* response) override;
  DBAAS_RPC(GetMetadata, Metadata)
  DBAAS_RPC(GetProviderSchema, GetProviderSchema)
  DBAAS_RPC(GetResourceIdentitySchemas, GetResourceIdentitySchemas)
  DBAAS_RPC(ValidateProviderConfig, ValidateProviderConfig)
  DBAAS_RPC(ConfigureProvider, ConfigureProvider)
  DBAAS_RPC(StopProvider, StopProvider)
  DBAAS_RPC(ValidateResourceConfig, ValidateResourceConfig)
  DBAAS_RPC(UpgradeResourceState, UpgradeResourceState)
  DBAAS_RPC(UpgradeResourceIdentity, UpgradeResourceIdentity)
  DBAAS_RPC(ReadResource, ReadResource)
  DBAAS_RPC(PlanResourceChange, PlanResourceChange)
  DBAAS_RPC(ApplyResourceChange, ApplyResourceChange)
  DBAAS_RPC(ImportResourceState, ImportResourceState)
  DBAAS_RPC(MoveResourceState, MoveResourceState)
  DBAAS_RPC(ValidateDataResourceConfig, ValidateDataResourceConfig)
  DBAAS_RPC(ReadDataSource, ReadDataSource)
  DBAAS_RPC(ValidateEphemeralResourceConfig, ValidateEphemeralResourceConfig)
  DBAAS_RPC(OpenEphemeralResource, OpenEphemeralResource)
  DBAAS_RPC(RenewEphemeralResource, RenewEphemeralResource)
  DBAAS_RPC(CloseEphemeralResource, CloseEphemeralResource)
  DBAAS_RPC(ValidateListResourceConfig, ValidateListResourceConfig)
  DBAAS_RPC(GenerateResourceConfig, GenerateResourceConfig)
  DBAAS_RPC(GetFunctions, GetFunctions)
  DBAAS_RPC(CallFunction, CallFunction)
  DBAAS_RPC(ValidateActionConfig, ValidateActionConfig)
  DBAAS_RPC(PlanAction, PlanAction)
#undef DBAAS_RPC
  grpc::Status InvokeAction(grpc::ServerContext* context,
                            const tfplugin6::InvokeAction::Request* request,
                            grpc::ServerWriter<tfplugin6::InvokeAction::Event>* writer) override;
  // clang-format on
  grpc::Status ListResource(grpc::ServerContext* context,
                            const tfplugin6::ListResource::Request* request,
                            grpc::ServerWriter<tfplugin6::ListResource::Event>* writer) override;

 private:
  /// A type and the object that its schema describes.
  template <typename T>
  struct Entry {
    const T* type;
    Type object;
  };
  struct Resource : Entry<ResourceType> {
    Schema identity;  ///< No attributes when it has none.
    Type identity_object;
  };
  using DataSource = Entry<DataSourceType>;
  using Ephemeral = Entry<EphemeralType>;
  using ActionEntry = Entry<ActionType>;
  using List = Entry<ListResourceType>;
  struct Catalog {
    Type provider;
    std::map<std::string, Resource> resources;
    std::map<std::string, DataSource> data_sources;
    std::map<std::string, Ephemeral> ephemeral_resources;
    std::map<std::string, ActionEntry> actions;
    std::map<std::string, List> lists;
  };

  const Catalog& catalog();
  Result<const Resource*> FindResource(const std::string& name);
  Result<const DataSource*> FindDataSource(const std::string& name);
  Result<const Ephemeral*> FindEphemeralResource(const std::string& name);
  Result<const ActionEntry*> FindAction(const std::string& name);
  Result<const List*> FindList(const std::string& name);

  /// Runs `body` and turns whatever goes wrong into a diagnostic.
  grpc::Status Diagnose(const char* rpc, const std::string& type_name, DiagnosticList& diagnostics,
                        const std::function<Result<void>()>& body);
  /// The same for an answer without diagnostics; `tell` writes the error down.
  grpc::Status Run(const char* rpc, const std::string& type_name,
                   const std::function<Result<void>()>& body,
                   const std::function<void(const Error&)>& tell);
  class Call;  ///< Counts itself among the calls under way.

  Lifecycle& lifecycle_;
  std::function<const ProviderTypes&()> types_;
  std::once_flag catalog_once_;
  Catalog catalog_;

  std::mutex prepare_mutex_;
  std::optional<tfplugin6::GetProviderSchema::Response> prepared_;  ///< Guarded by prepare_mutex_.

  std::mutex mutex_;
  std::condition_variable idle_;
  int calls_ = 0;  ///< Guarded by mutex_.
};

}  // namespace dbaas

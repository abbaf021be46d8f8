// SPDX-License-Identifier: MPL-2.0
// The service without a process around it: a type of its own, whose functions do as the test says.
#include "provider/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <latch>
#include <map>
#include <stdexcept>
#include <thread>

#include "engine/base/random.h"
#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "schemas/upgrade.h"
#include "schemas/validators.h"

namespace dbaas {
namespace {

using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  ServerTest()
      : lifecycle_(clock_, random_), service_(lifecycle_, [this]() -> const ProviderTypes& {
          ++tables_built_;
          return types_;
        }) {
    Attribute name;
    name.name = "name";
    name.optional = true;
    ResourceType thing;
    thing.name = "test_thing";
    thing.schema.attributes = {name};
    thing.validate = [this](const Value& config) { return validate_(config); };
    // Where a wholly valid configuration would leave for the engine, which is not what is tested.
    thing.to_spec = [](const Value&, const Value&) -> Result<PartSpec> {
      return NotFound("there is no engine here");
    };
    types_.resources = {thing};
    object_ = ObjectType(thing.schema);
    thing.name = "test_named";
    thing.schema.attributes[0].identity = true;
    thing.parse_id = [](const std::string&) -> Result<PartAddress> { return PartAddress{}; };
    thing.address = [](const Value& object) -> Result<PartAddress> {
      return Invalid("", "asked for " + object.ToText());
    };
    types_.resources.push_back(thing);
    ListResourceType list{.name = "test_named"};
    list.schema.attributes = {name};
    list.schema.attributes[0].validators = {OneOf({"orders"})};
    list.query = [](const Value&) -> Result<ListQuery> { return ListQuery{}; };
    types_.list_resources = {list};
    DataSourceType all{.name = "test_all"};
    all.schema.attributes = {name};
    all.query = [](const Value&) -> Result<DataQuery> { return DataQuery{.list_clusters = true}; };
    types_.data_sources = {all};

    spdlog::set_level(spdlog::level::off);
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = tfplugin6::Provider::NewStub(server_->InProcessChannel({}));
  }

  tfplugin6::DynamicValue Config() {
    tfplugin6::DynamicValue config;
    config.set_msgpack(*EncodeMsgpack(Value::Object({{"name", Value::String("orders")}}), object_));
    return config;
  }

  tfplugin6::ValidateResourceConfig::Response Validate(const std::string& type) {
    grpc::ClientContext context;
    tfplugin6::ValidateResourceConfig::Request request;
    request.set_type_name(type);
    *request.mutable_config() = Config();
    tfplugin6::ValidateResourceConfig::Response response;
    const grpc::Status status = stub_->ValidateResourceConfig(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  SystemClock clock_;
  SystemRandom random_;
  std::function<Diagnostics(const Value&)> validate_ = [](const Value&) { return Diagnostics(); };
  int tables_built_ = 0;
  ProviderTypes types_;
  Type object_;
  Lifecycle lifecycle_;
  ProviderServer service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

TEST_F(ServerTest, TablesAreBuiltOnceAndOnlyWhenNeeded) {
  EXPECT_EQ(tables_built_, 0);
  Validate("test_thing");
  Validate("test_thing");
  EXPECT_EQ(tables_built_, 1);
}

TEST_F(ServerTest, APreparedSchemaIsTheSameAndIsGivenOnce) {
  const auto ask = [&] {
    grpc::ClientContext context;
    tfplugin6::GetProviderSchema::Response response;
    EXPECT_TRUE(stub_->GetProviderSchema(&context, {}, &response).ok());
    std::map<std::string, std::string> schemas;  // Sorted, as the answer is not.
    for (const auto& [name, schema] : response.resource_schemas()) {
      schemas[name] = schema.SerializeAsString();
    }
    return schemas;
  };
  const auto unprepared = ask();
  service_.Prepare();
  const int built = tables_built_;
  const auto prepared = ask();
  EXPECT_EQ(tables_built_, built) << "nothing was left to do";
  EXPECT_EQ(prepared.size(), 2U);
  EXPECT_EQ(prepared, unprepared);
  EXPECT_EQ(ask(), unprepared);
}

TEST_F(ServerTest, ConfigurationReachesTheType) {
  Value seen;
  validate_ = [&](const Value& config) {
    seen = config;
    return Diagnostics{{.summary = "No", .path = {{AttributeStep::Kind::kAttribute, "name", 0}}}};
  };
  const auto response = Validate("test_thing");
  EXPECT_EQ(seen, Value::Object({{"name", Value::String("orders")}}));
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_EQ(response.diagnostics(0).summary(), "No");
  EXPECT_EQ(response.diagnostics(0).attribute().steps(0).attribute_name(), "name");
}

TEST_F(ServerTest, UnknownTypeIsADiagnosticOfEveryCall) {
  const auto expect = [](const grpc::Status& status, const auto& response) {
    EXPECT_TRUE(status.ok());
    ASSERT_EQ(response.diagnostics_size(), 1);
    EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
    EXPECT_THAT(response.diagnostics(0).summary(), HasSubstr("test_nothing"));
  };
#define EXPECT_UNKNOWN(RPC)                                     \
  {                                                             \
    grpc::ClientContext context;                                \
    tfplugin6::RPC::Request request;                            \
    request.set_type_name("test_nothing");                      \
    tfplugin6::RPC::Response response;                          \
    SCOPED_TRACE(#RPC);                                         \
    expect(stub_->RPC(&context, request, &response), response); \
  }
  EXPECT_UNKNOWN(ValidateResourceConfig)
  EXPECT_UNKNOWN(UpgradeResourceState)
  EXPECT_UNKNOWN(UpgradeResourceIdentity)
  EXPECT_UNKNOWN(ReadResource)
  EXPECT_UNKNOWN(PlanResourceChange)
  EXPECT_UNKNOWN(ApplyResourceChange)
  EXPECT_UNKNOWN(ImportResourceState)
  EXPECT_UNKNOWN(ValidateDataResourceConfig)
  EXPECT_UNKNOWN(ReadDataSource)
  EXPECT_UNKNOWN(ValidateEphemeralResourceConfig)
  EXPECT_UNKNOWN(OpenEphemeralResource)
  EXPECT_UNKNOWN(RenewEphemeralResource)
  EXPECT_UNKNOWN(CloseEphemeralResource)
  EXPECT_UNKNOWN(ValidateActionConfig)
  EXPECT_UNKNOWN(PlanAction)
  EXPECT_UNKNOWN(ValidateListResourceConfig)
  EXPECT_UNKNOWN(GenerateResourceConfig)
#undef EXPECT_UNKNOWN
}

TEST_F(ServerTest, ExceptionsBecomeOneDiagnostic) {
  validate_ = [](const Value&) -> Diagnostics { throw std::runtime_error("out of cheese"); };
  auto response = Validate("test_thing");
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_THAT(response.diagnostics(0).detail(), HasSubstr("bug in the provider: out of cheese"));
  validate_ = [](const Value&) -> Diagnostics { throw 7; };
  response = Validate("test_thing");
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
}

TEST_F(ServerTest, EveryHandlerContainsItsExceptions) {
  ProviderServer broken(lifecycle_,
                        []() -> const ProviderTypes& { throw std::runtime_error("no tables"); });
  grpc::ServerBuilder builder;
  builder.RegisterService(&broken);
  const auto server = builder.BuildAndStart();
  const auto stub = tfplugin6::Provider::NewStub(server->InProcessChannel({}));
  const auto expect = [](const grpc::Status& status, const auto& response) {
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.diagnostics_size(), 1);
    EXPECT_EQ(response.diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
    EXPECT_THAT(response.diagnostics(0).detail(), HasSubstr("no tables"));
  };
#define EXPECT_CONTAINED(RPC, MESSAGE)                                               \
  {                                                                                  \
    grpc::ClientContext context;                                                     \
    tfplugin6::MESSAGE::Response response;                                           \
    SCOPED_TRACE(#RPC);                                                              \
    expect(stub->RPC(&context, tfplugin6::MESSAGE::Request(), &response), response); \
  }
  EXPECT_CONTAINED(GetMetadata, Metadata)
  EXPECT_CONTAINED(GetProviderSchema, GetProviderSchema)
  EXPECT_CONTAINED(ValidateProviderConfig, ValidateProviderConfig)
  EXPECT_CONTAINED(ConfigureProvider, ConfigureProvider)
  EXPECT_CONTAINED(ValidateResourceConfig, ValidateResourceConfig)
  EXPECT_CONTAINED(UpgradeResourceState, UpgradeResourceState)
  EXPECT_CONTAINED(ReadResource, ReadResource)
  EXPECT_CONTAINED(PlanResourceChange, PlanResourceChange)
  EXPECT_CONTAINED(ApplyResourceChange, ApplyResourceChange)
  EXPECT_CONTAINED(ImportResourceState, ImportResourceState)
  EXPECT_CONTAINED(ValidateDataResourceConfig, ValidateDataResourceConfig)
  EXPECT_CONTAINED(ReadDataSource, ReadDataSource)
  EXPECT_CONTAINED(ValidateEphemeralResourceConfig, ValidateEphemeralResourceConfig)
  EXPECT_CONTAINED(OpenEphemeralResource, OpenEphemeralResource)
  EXPECT_CONTAINED(RenewEphemeralResource, RenewEphemeralResource)
  EXPECT_CONTAINED(CloseEphemeralResource, CloseEphemeralResource)
  EXPECT_CONTAINED(GetResourceIdentitySchemas, GetResourceIdentitySchemas)
  EXPECT_CONTAINED(UpgradeResourceIdentity, UpgradeResourceIdentity)
  EXPECT_CONTAINED(MoveResourceState, MoveResourceState)
  EXPECT_CONTAINED(ValidateListResourceConfig, ValidateListResourceConfig)
  EXPECT_CONTAINED(GenerateResourceConfig, GenerateResourceConfig)
  EXPECT_CONTAINED(GetFunctions, GetFunctions)
#undef EXPECT_CONTAINED
  grpc::ClientContext context;
  tfplugin6::CallFunction::Response called;
  ASSERT_TRUE(stub->CallFunction(&context, {}, &called).ok());
  EXPECT_THAT(called.error().text(), HasSubstr("no tables"));
  grpc::ClientContext list_context;
  const auto reader = stub->ListResource(&list_context, {});
  tfplugin6::ListResource::Event event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_THAT(event.diagnostic(0).detail(), HasSubstr("no tables"));
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(broken.WaitIdle(Milliseconds(5'000)));
}

TEST_F(ServerTest, DataIsDeferredOnlyForThoseWhoAllowIt) {
  for (const bool allowed : {false, true}) {
    grpc::ClientContext context;
    tfplugin6::ReadDataSource::Request request;
    request.set_type_name("test_all");
    *request.mutable_config() = Config();
    request.mutable_client_capabilities()->set_deferral_allowed(allowed);
    tfplugin6::ReadDataSource::Response response;
    ASSERT_TRUE(stub_->ReadDataSource(&context, request, &response).ok());
    EXPECT_EQ(response.diagnostics_size(), allowed ? 0 : 1);
    EXPECT_EQ(response.has_deferred(), allowed);
    EXPECT_EQ(response.deferred().reason(), allowed ? tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN
                                                    : tfplugin6::Deferred::UNKNOWN);
  }
}

TEST_F(ServerTest, MalformedValueIsADiagnosticThatNamesIt) {
  grpc::ClientContext context;
  tfplugin6::PlanResourceChange::Request request;
  request.set_type_name("test_thing");
  request.mutable_prior_state()->set_msgpack("\xc1");
  tfplugin6::PlanResourceChange::Response response;
  ASSERT_TRUE(stub_->PlanResourceChange(&context, request, &response).ok());
  ASSERT_EQ(response.diagnostics_size(), 1);
  EXPECT_THAT(response.diagnostics(0).detail(), HasSubstr("the prior state"));
  EXPECT_FALSE(response.has_planned_state());
}

TEST_F(ServerTest, StoredStateIsUpgradedToTodaysSchema) {
  grpc::ClientContext context;
  tfplugin6::UpgradeResourceState::Request request;
  request.set_type_name("test_thing");
  request.mutable_raw_state()->set_json(R"({"name":"orders","gone":true})");
  tfplugin6::UpgradeResourceState::Response response;
  ASSERT_TRUE(stub_->UpgradeResourceState(&context, request, &response).ok());
  EXPECT_EQ(response.diagnostics_size(), 0);
  EXPECT_EQ(*DecodeMsgpack(response.upgraded_state().msgpack(), object_),
            Value::Object({{"name", Value::String("orders")}}));
}

// A type of version 2, whose name was a "title" of which version 0 said so by a "label".
TEST_F(ServerTest, StoredStatesAndIdentitiesOfEarlierVersionsAreUpgraded) {
  for (ResourceType& type : types_.resources) {
    type.schema.upgrades = {Renamed("label", "title"), Renamed("title", "name")};
  }
  const Value today = Value::Object({{"name", Value::String("orders")}});
  const auto upgrade = [&](std::int64_t version, const char* json) {
    grpc::ClientContext context;
    tfplugin6::UpgradeResourceState::Request request;
    request.set_type_name("test_named");
    request.set_version(version);
    request.mutable_raw_state()->set_json(json);
    tfplugin6::UpgradeResourceState::Response response;
    EXPECT_TRUE(stub_->UpgradeResourceState(&context, request, &response).ok());
    return response;
  };
  const auto read = [&](const auto& state) { return *DecodeMsgpack(state.msgpack(), object_); };
  EXPECT_EQ(read(upgrade(0, R"({"label":"orders","gone":1})").upgraded_state()), today);
  EXPECT_EQ(read(upgrade(1, R"({"title":"orders"})").upgraded_state()), today);
  EXPECT_EQ(read(upgrade(2, R"({"name":"orders","title":"not ours"})").upgraded_state()), today);
  const auto newer = upgrade(3, R"({"name":"orders"})");
  ASSERT_EQ(newer.diagnostics_size(), 1);
  EXPECT_THAT(newer.diagnostics(0).summary(), HasSubstr("version 3"));
  EXPECT_FALSE(newer.has_upgraded_state());

  grpc::ClientContext context;
  tfplugin6::UpgradeResourceIdentity::Request request;
  request.set_type_name("test_named");
  request.set_version(1);
  request.mutable_raw_identity()->set_json(R"({"title":"orders"})");
  tfplugin6::UpgradeResourceIdentity::Response response;
  ASSERT_TRUE(stub_->UpgradeResourceIdentity(&context, request, &response).ok());
  EXPECT_EQ(read(response.upgraded_identity().identity_data()), today);

  grpc::ClientContext moving;
  tfplugin6::MoveResourceState::Request move;
  move.set_source_provider_address("example.com/dbaas/dbaas");
  move.set_source_type_name("test_named");
  move.set_target_type_name("test_named");
  move.set_source_schema_version(1);
  move.mutable_source_state()->set_json(R"({"title":"orders"})");
  tfplugin6::MoveResourceState::Response moved;
  ASSERT_TRUE(stub_->MoveResourceState(&moving, move, &moved).ok());
  EXPECT_EQ(read(moved.target_state()), today);
  EXPECT_EQ(read(moved.target_identity().identity_data()), today);
}

TEST_F(ServerTest, IdentitiesAreOfThoseTypesThatHaveOne) {
  grpc::ClientContext context;
  tfplugin6::GetResourceIdentitySchemas::Response response;
  ASSERT_TRUE(stub_->GetResourceIdentitySchemas(&context, {}, &response).ok());
  ASSERT_EQ(response.identity_schemas_size(), 1);
  const auto& schema = response.identity_schemas().at("test_named");
  ASSERT_EQ(schema.identity_attributes_size(), 1);
  EXPECT_EQ(schema.identity_attributes(0).name(), "name");
  EXPECT_EQ(schema.identity_attributes(0).type(), "\"string\"");
  EXPECT_FALSE(schema.identity_attributes(0).required_for_import());
  EXPECT_TRUE(schema.identity_attributes(0).optional_for_import());
}

TEST_F(ServerTest, AStoredIdentityIsUpgradedToTodaysSchema) {
  const auto upgrade = [&](const std::string& type) {
    grpc::ClientContext context;
    tfplugin6::UpgradeResourceIdentity::Request request;
    request.set_type_name(type);
    request.mutable_raw_identity()->set_json(R"({"name":"orders","gone":true})");
    tfplugin6::UpgradeResourceIdentity::Response response;
    EXPECT_TRUE(stub_->UpgradeResourceIdentity(&context, request, &response).ok());
    return response;
  };
  const auto upgraded = upgrade("test_named");
  EXPECT_EQ(upgraded.diagnostics_size(), 0);
  EXPECT_EQ(*DecodeMsgpack(upgraded.upgraded_identity().identity_data().msgpack(), object_),
            Value::Object({{"name", Value::String("orders")}}));
  const auto refused = upgrade("test_thing");
  ASSERT_EQ(refused.diagnostics_size(), 1);
  EXPECT_EQ(refused.diagnostics(0).summary(), "test_thing has no identity");
}

TEST_F(ServerTest, AnIdentityGoesWithEveryStateOfATypeThatHasOne) {
  const auto read = [&](const std::string& type, bool gone) {
    grpc::ClientContext context;
    tfplugin6::ReadResource::Request request;
    request.set_type_name(type);
    if (!gone) *request.mutable_current_state() = Config();
    tfplugin6::ReadResource::Response response;
    EXPECT_TRUE(stub_->ReadResource(&context, request, &response).ok());
    return response;
  };
  // Not configured, so the state comes back as it was.
  EXPECT_EQ(read("test_named", false).new_identity().identity_data().msgpack(), Config().msgpack());
  EXPECT_FALSE(read("test_named", true).has_new_identity());
  EXPECT_FALSE(read("test_thing", false).has_new_identity());

  grpc::ClientContext context;
  tfplugin6::PlanResourceChange::Request request;
  request.set_type_name("test_named");
  *request.mutable_prior_state() = Config();
  *request.mutable_proposed_new_state() = Config();
  *request.mutable_config() = Config();
  tfplugin6::PlanResourceChange::Response plan;
  ASSERT_TRUE(stub_->PlanResourceChange(&context, request, &plan).ok());
  EXPECT_EQ(plan.planned_identity().identity_data().msgpack(), Config().msgpack());

  // A create whose name another resource will tell: no identity yet.
  const std::string unknown = *EncodeMsgpack(Value::Object({{"name", Value::Unknown()}}), object_);
  request.clear_prior_state();
  request.mutable_proposed_new_state()->set_msgpack(unknown);
  request.mutable_config()->set_msgpack(unknown);
  grpc::ClientContext create;
  ASSERT_TRUE(stub_->PlanResourceChange(&create, request, &plan).ok());
  EXPECT_FALSE(plan.has_planned_identity());
}

TEST_F(ServerTest, AListIsAStreamThatEndsWithAnError) {
  const auto list = [&](const std::string& type) {
    grpc::ClientContext context;
    tfplugin6::ListResource::Request request;
    request.set_type_name(type);
    *request.mutable_config() = Config();
    const auto reader = stub_->ListResource(&context, request);
    std::vector<tfplugin6::ListResource::Event> events;
    for (tfplugin6::ListResource::Event event; reader->Read(&event);) events.push_back(event);
    EXPECT_TRUE(reader->Finish().ok());
    return events;
  };
  for (const auto& [type, summary] :
       {std::pair("test_nothing", "Unknown list resource type test_nothing"),
        std::pair("test_named", "The provider is not configured yet")}) {
    const auto events = list(type);
    ASSERT_EQ(events.size(), 1u);
    ASSERT_EQ(events[0].diagnostic_size(), 1);
    EXPECT_EQ(events[0].diagnostic(0).summary(), summary);
    EXPECT_EQ(events[0].diagnostic(0).severity(), tfplugin6::Diagnostic::ERROR);
    EXPECT_FALSE(events[0].has_identity());
  }
}

TEST_F(ServerTest, MistakesInAListAreToldInItsConfigBlock) {
  grpc::ClientContext context;
  tfplugin6::ValidateListResourceConfig::Request request;
  request.set_type_name("test_named");
  request.mutable_config()->set_msgpack(
      *EncodeMsgpack(Value::Object({{"name", Value::String("other")}}), object_));
  tfplugin6::ValidateListResourceConfig::Response response;
  ASSERT_TRUE(stub_->ValidateListResourceConfig(&context, request, &response).ok());
  ASSERT_EQ(response.diagnostics_size(), 1);
  ASSERT_EQ(response.diagnostics(0).attribute().steps_size(), 2);
  EXPECT_EQ(response.diagnostics(0).attribute().steps(0).attribute_name(), "config");
  EXPECT_EQ(response.diagnostics(0).attribute().steps(1).attribute_name(), "name");
}

TEST_F(ServerTest, AnImportWaitsForAProviderThatIsNotKnownYetWhereCoreAllowsIt) {
  const auto import = [&](bool deferral_allowed) {
    grpc::ClientContext context;
    tfplugin6::ImportResourceState::Request request;
    request.set_type_name("test_named");
    request.set_id("orders");
    request.mutable_client_capabilities()->set_deferral_allowed(deferral_allowed);
    tfplugin6::ImportResourceState::Response response;
    EXPECT_TRUE(stub_->ImportResourceState(&context, request, &response).ok());
    return response;
  };
  const auto later = import(true);
  EXPECT_EQ(later.deferred().reason(), tfplugin6::Deferred::PROVIDER_CONFIG_UNKNOWN);
  EXPECT_EQ(later.diagnostics_size() + later.imported_resources_size(), 0);
  const auto now = import(false);
  EXPECT_FALSE(now.has_deferred());
  ASSERT_EQ(now.diagnostics_size(), 1);
  EXPECT_EQ(now.diagnostics(0).summary(), "The provider is not configured yet");
}

TEST_F(ServerTest, AConfigurationIsMadeOfAState) {
  grpc::ClientContext context;
  tfplugin6::GenerateResourceConfig::Request request;
  request.set_type_name("test_named");
  *request.mutable_state() = Config();
  tfplugin6::GenerateResourceConfig::Response response;
  ASSERT_TRUE(stub_->GenerateResourceConfig(&context, request, &response).ok());
  EXPECT_EQ(response.diagnostics_size(), 0);
  EXPECT_EQ(response.config().msgpack(), Config().msgpack());
}

TEST_F(ServerTest, AStateMovesWithTheAddressOfTheProviderAndNothingElseDoes) {
  const auto move = [&](const std::string& provider, const std::string& type) {
    grpc::ClientContext context;
    tfplugin6::MoveResourceState::Request request;
    request.set_source_provider_address(provider);
    request.set_source_type_name(type);
    request.mutable_source_state()->set_json(R"({"name":"orders"})");
    request.set_source_private("kept");
    request.set_target_type_name("test_named");
    tfplugin6::MoveResourceState::Response response;
    EXPECT_TRUE(stub_->MoveResourceState(&context, request, &response).ok());
    return response;
  };
  const auto moved = move("registry.opentofu.org/elsewhere/dbaas", "test_named");
  EXPECT_EQ(moved.diagnostics_size(), 0);
  EXPECT_EQ(moved.target_state().msgpack(), Config().msgpack());
  EXPECT_EQ(moved.target_identity().identity_data().msgpack(), Config().msgpack());
  EXPECT_EQ(moved.target_private(), "kept");
  for (const auto& [provider, type] :
       {std::pair("registry.terraform.io/kreuzwerker/docker", "docker_container"),
        std::pair("registry.terraform.io/kreuzwerker/docker", "test_named"),
        std::pair("registry.terraform.io/dbaas/dbaas", "test_thing")}) {
    const auto refused = move(provider, type);
    ASSERT_EQ(refused.diagnostics_size(), 1);
    EXPECT_EQ(refused.diagnostics(0).summary(),
              std::string("A ") + type + " cannot become a test_named");
    EXPECT_THAT(refused.diagnostics(0).detail(), HasSubstr("`removed` block"));
    EXPECT_FALSE(refused.has_target_state());
  }
}

TEST_F(ServerTest, UnknownFunctionsSayThatThereAreNone) {
  grpc::ClientContext function_context;
  tfplugin6::CallFunction::Request call;
  call.set_name("frobnicate");
  tfplugin6::CallFunction::Response called;
  ASSERT_TRUE(stub_->CallFunction(&function_context, call, &called).ok());
  EXPECT_THAT(called.error().text(), HasSubstr("frobnicate"));
  EXPECT_FALSE(called.has_result());
}

TEST_F(ServerTest, AnActionEndsWithOneCompletedEventWhateverHappens) {
  ActionType action;
  action.name = "test_nap";
  action.request = [](const Value&) -> Result<ActionRequest> { throw std::runtime_error("awake"); };
  types_.actions = {action};
  for (const std::string name : {"test_nothing", "test_nap"}) {
    SCOPED_TRACE(name);
    grpc::ClientContext context;
    tfplugin6::InvokeAction::Request request;
    request.set_type_name(name);
    request.mutable_config()->set_msgpack("\x80");
    const auto stream = stub_->InvokeAction(&context, request);
    std::vector<tfplugin6::InvokeAction::Event> events;
    for (tfplugin6::InvokeAction::Event event; stream->Read(&event);) events.push_back(event);
    EXPECT_TRUE(stream->Finish().ok());
    ASSERT_EQ(events.size(), 1u);
    ASSERT_TRUE(events[0].has_completed());
    ASSERT_EQ(events[0].completed().diagnostics_size(), 1);
    EXPECT_EQ(events[0].completed().diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
  }
}

TEST_F(ServerTest, LongCallsDoNotKeepStopOut) {
  constexpr int kCalls = 200;
  std::latch all_there(kCalls);
  std::latch release(1);
  validate_ = [&](const Value&) {
    all_there.count_down();
    release.wait();
    return Diagnostics();
  };
  std::vector<std::jthread> callers;
  callers.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) callers.emplace_back([this] { Validate("test_thing"); });
  all_there.wait();
  EXPECT_FALSE(service_.WaitIdle(Milliseconds(0)));

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  tfplugin6::StopProvider::Response response;
  EXPECT_TRUE(stub_->StopProvider(&context, {}, &response).ok());
  EXPECT_EQ(response.error(), "");

  release.count_down();
  EXPECT_TRUE(service_.WaitIdle(Milliseconds(5'000)));
}

}  // namespace
}  // namespace dbaas

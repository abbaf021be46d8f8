// SPDX-License-Identifier: MPL-2.0
//
// Calls that come in over gRPC and end at the real engine, over a host in memory: what is streamed,
// and what one call leaves for the next.
#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "provider/server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EngineCallsTest : public testing::Test {
 protected:
  EngineCallsTest() {
    spdlog::set_level(spdlog::level::off);
    ClusterSpec spec;
    spec.name = "orders";
    spec.engine = "postgresql";
    spec.engine_version = "17";
    spec.node_count = 2;
    spec.username = "admin";
    spec.db_name = "app";
    SilentProgress silent;
    const auto applied = engine_->Apply({.id = {"local", "orders"},
                                         .key = "cluster",
                                         .verb = PartChange::Verb::kCreate,
                                         .spec = spec,
                                         .who = "test"},
                                        silent, {});
    EXPECT_TRUE(applied.has_value());
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = tfplugin6::Provider::NewStub(server_->InProcessChannel({}));
  }

  template <typename T>
  static std::string Config(const T& type, const Value::Map& members) {
    return *EncodeMsgpack(Whole(type.schema, members), ObjectType(type.schema));
  }

  /// The texts of progress, in order; `last` is the event after them.
  std::vector<std::string> Invoke(const std::string& action, const Value::Map& config,
                                  tfplugin6::InvokeAction::Event& last) {
    grpc::ClientContext context;
    tfplugin6::InvokeAction::Request request;
    request.set_type_name(action);
    request.mutable_config()->set_msgpack(Config(*AllTypes().FindAction(action), config));
    const auto stream = stub_->InvokeAction(&context, request);
    std::vector<std::string> progress;
    while (stream->Read(&last) && last.has_progress()) {
      progress.push_back(last.progress().message());
    }
    tfplugin6::InvokeAction::Event none;
    EXPECT_FALSE(stream->Read(&none));
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_TRUE(last.has_completed());
    return progress;
  }

  FakeClock clock_;
  SeededRandom random_{1};
  std::shared_ptr<FakeDriver> host_ = std::make_shared<FakeDriver>(clock_);
  FakePatroni patroni_{*host_};
  std::shared_ptr<Engine> engine_ =
      std::make_shared<Engine>(std::vector<std::shared_ptr<Driver>>{host_}, clock_, random_);
  Lifecycle lifecycle_{engine_, clock_, random_};
  ProviderServer service_{lifecycle_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
};

TEST_F(EngineCallsTest, ALoginIsFoundAgainByItsPrivateDataAndIsToBeRenewed) {
  const EphemeralType& type = *AllTypes().FindEphemeralResource("dbaas_credentials");
  grpc::ClientContext open_context;
  tfplugin6::OpenEphemeralResource::Request open;
  open.set_type_name(type.name);
  open.mutable_config()->set_msgpack(Config(
      type, {{"cluster_id", Text("orders")}, {"access", Text("read_only")}, {"ttl", Text("10m")}}));
  tfplugin6::OpenEphemeralResource::Response opened;
  ASSERT_TRUE(stub_->OpenEphemeralResource(&open_context, open, &opened).ok());
  ASSERT_EQ(opened.diagnostics_size(), 0) << opened.diagnostics(0).summary();
  const auto result = DecodeMsgpack(opened.result().msgpack(), ObjectType(type.schema));
  EXPECT_THAT(patroni_.Logins("orders"), ElementsAre(result->at("username").as_string()));
  const auto now = clock_.Now().time_since_epoch().count() / 1000;
  EXPECT_NEAR(static_cast<double>(opened.renew_at().seconds() - now), 300, 1);

  grpc::ClientContext renew_context;
  tfplugin6::RenewEphemeralResource::Request renew;
  renew.set_type_name(type.name);
  renew.set_private_(opened.private_());
  tfplugin6::RenewEphemeralResource::Response renewed;
  ASSERT_TRUE(stub_->RenewEphemeralResource(&renew_context, renew, &renewed).ok());
  EXPECT_EQ(renewed.diagnostics_size(), 0);
  EXPECT_EQ(renewed.private_(), opened.private_());
  EXPECT_TRUE(renewed.has_renew_at());

  grpc::ClientContext close_context;
  tfplugin6::CloseEphemeralResource::Request close;
  close.set_type_name(type.name);
  close.set_private_(opened.private_());
  tfplugin6::CloseEphemeralResource::Response closed;
  ASSERT_TRUE(stub_->CloseEphemeralResource(&close_context, close, &closed).ok());
  EXPECT_EQ(closed.diagnostics_size(), 0);
  EXPECT_THAT(patroni_.Logins("orders"), IsEmpty());
}

TEST_F(EngineCallsTest, AnActionTellsWhatItDoesAndThenThatItIsDone) {
  tfplugin6::InvokeAction::Event last;
  const auto progress = Invoke(
      "dbaas_restart", {{"cluster_id", Text("orders")}, {"members", Texts({"orders-2"})}}, last);
  EXPECT_THAT(progress, testing::Contains("[0/2] restart orders-2"));
  EXPECT_THAT(progress, testing::Contains(HasSubstr("[1/2] restart orders-2 ended after ")));
  EXPECT_EQ(last.completed().diagnostics_size(), 0);
}

TEST_F(EngineCallsTest, OnceStoppedAnActionSaysNothingButThatItWas) {
  grpc::ClientContext context;
  tfplugin6::StopProvider::Response stopped;
  ASSERT_TRUE(stub_->StopProvider(&context, {}, &stopped).ok());
  tfplugin6::InvokeAction::Event last;
  host_->ForgetCalls();
  EXPECT_THAT(Invoke("dbaas_restart", {{"cluster_id", Text("orders")}}, last), IsEmpty());
  ASSERT_EQ(last.completed().diagnostics_size(), 1);
  EXPECT_EQ(last.completed().diagnostics(0).severity(), tfplugin6::Diagnostic::ERROR);
  EXPECT_THAT(host_->CallsOf("Restart"), IsEmpty());
}

}  // namespace
}  // namespace dbaas

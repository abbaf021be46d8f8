// SPDX-License-Identifier: MPL-2.0
// Lists over the wire: the real types and the real engine over two hosts in memory.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "provider/server.h"
#include "schemas/identity.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Event = tfplugin6::ListResource::Event;

class ListResourcesTest : public testing::Test {
 protected:
  ListResourcesTest() {
    spdlog::set_level(spdlog::level::off);
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = tfplugin6::Provider::NewStub(server_->InProcessChannel({}));
    request_.set_type_name("dbaas_cluster");
  }

  void HaveCluster(const std::string& host, const std::string& name) {
    ClusterSpec spec;
    spec.name = name;
    spec.engine = "postgresql";
    spec.engine_version = "17";
    spec.instance_class = "db.small";
    spec.resources = FindInstanceClass("db.small")->resources;
    SilentProgress progress;
    const auto view = engine_->Apply({.id = {host, name},
                                      .key = "cluster",
                                      .verb = PartChange::Verb::kCreate,
                                      .spec = spec,
                                      .who = "test"},
                                     progress, {});
    ASSERT_TRUE(view.has_value()) << view.error().ToLine();
  }

  std::vector<Event> List() {
    grpc::ClientContext context;
    const auto reader = stub_->ListResource(&context, request_);
    std::vector<Event> events;
    for (Event event; reader->Read(&event);) events.push_back(event);
    EXPECT_TRUE(reader->Finish().ok());
    return events;
  }

  static std::vector<std::string> Names(const std::vector<Event>& events) {
    std::vector<std::string> names;
    names.reserve(events.size());
    for (const Event& event : events) names.push_back(event.display_name());
    return names;
  }

  FakeClock clock_;
  SeededRandom random_{1};
  std::shared_ptr<FakeDriver> local_ = std::make_shared<FakeDriver>(clock_, "local");
  std::shared_ptr<FakeDriver> east_ = std::make_shared<FakeDriver>(clock_, "east");
  FakePatroni local_patroni_{*local_};
  FakePatroni east_patroni_{*east_};
  std::shared_ptr<Engine> engine_ = std::make_shared<Engine>(
      std::vector<std::shared_ptr<Driver>>{local_, east_}, clock_, random_);
  Lifecycle lifecycle_{engine_, clock_, random_};
  ProviderServer service_{lifecycle_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<tfplugin6::Provider::Stub> stub_;
  tfplugin6::ListResource::Request request_;
};

TEST_F(ListResourcesTest, EachEventHasAnIdentityAndAnObjectOnlyIfItWasAskedFor) {
  HaveCluster("local", "orders");
  HaveCluster("east", "shop");
  auto events = List();
  ASSERT_THAT(Names(events), ElementsAre("local/orders", "east/shop"));
  const Schema& schema = AllTypes().FindResource("dbaas_cluster")->schema;
  const Type identity = ObjectType(IdentitySchema(schema));
  EXPECT_EQ(*DecodeMsgpack(events[1].identity().identity_data().msgpack(), identity),
            Value::Object({{"host_name", Value::String("east")}, {"name", Value::String("shop")}}));
  EXPECT_FALSE(events[0].has_resource_object());
  EXPECT_EQ(events[0].diagnostic_size(), 0);

  request_.set_include_resource_object(true);
  events = List();
  ASSERT_EQ(events.size(), 2u);
  const auto state = DecodeMsgpack(events[0].resource_object().msgpack(), ObjectType(schema));
  ASSERT_TRUE(state.has_value());
  EXPECT_TRUE(state->is_wholly_known());
  EXPECT_EQ(state->at("id"), Value::String("local/orders"));
  EXPECT_EQ(state->at("instance_class"), Value::String("db.small"));
  EXPECT_TRUE(state->at("password_wo").is_null());
}

TEST_F(ListResourcesTest, TheLimitEndsTheStream) {
  for (const char* name : {"a", "b", "c"}) HaveCluster("local", name);
  HaveCluster("east", "d");
  clock_.Tick(Milliseconds(60'000));  // What was seen before is forgotten.
  const auto asked = east_->CallsOf("Observe").size();
  request_.set_limit(2);
  EXPECT_THAT(Names(List()), ElementsAre("local/a", "local/b"));
  EXPECT_EQ(east_->CallsOf("Observe").size(), asked) << "the other host need not be asked";
}

TEST_F(ListResourcesTest, AConfigurationNarrowsIt) {
  HaveCluster("local", "orders");
  HaveCluster("east", "shop");
  const auto* list = AllTypes().FindListResource("dbaas_cluster");
  request_.mutable_config()->set_msgpack(*EncodeMsgpack(
      Value::Object({{"host_name", Value::String("east")}}), ObjectType(list->schema)));
  EXPECT_THAT(Names(List()), ElementsAre("east/shop"));
  request_.mutable_config()->set_msgpack(*EncodeMsgpack(
      Value::Object({{"host_name", Value::String("west")}}), ObjectType(list->schema)));
  const auto events = List();
  ASSERT_EQ(events.size(), 1u);
  ASSERT_EQ(events[0].diagnostic_size(), 1);
  EXPECT_EQ(events[0].diagnostic(0).severity(), tfplugin6::Diagnostic::ERROR);
  EXPECT_EQ(events[0].diagnostic(0).attribute().steps(1).attribute_name(), "host_name");
}

TEST_F(ListResourcesTest, AHostThatIsDownIsAWarningAndTheNextIsListed) {
  HaveCluster("local", "orders");
  HaveCluster("east", "shop");
  clock_.Tick(Milliseconds(60'000));  // What was seen before is forgotten.
  local_->SetReachable(false);
  const auto events = List();
  ASSERT_EQ(events.size(), 2u);
  ASSERT_EQ(events[0].diagnostic_size(), 1);
  EXPECT_EQ(events[0].diagnostic(0).severity(), tfplugin6::Diagnostic::WARNING);
  EXPECT_THAT(events[0].diagnostic(0).detail(), HasSubstr("Host local does not answer"));
  EXPECT_FALSE(events[0].has_identity());
  EXPECT_EQ(events[1].display_name(), "east/shop");
}

TEST_F(ListResourcesTest, ACallerThatHasEnoughIsLeftAtOnce) {
  for (int i = 0; i < 4; ++i) HaveCluster("local", "c" + std::to_string(i));
  grpc::ClientContext context;
  const auto reader = stub_->ListResource(&context, request_);
  Event event;
  ASSERT_TRUE(reader->Read(&event));
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(service_.WaitIdle(Milliseconds(5'000)));
  EXPECT_EQ(List().size(), 4u);  // The next caller gets all.
}

TEST_F(ListResourcesTest, WhatWasListedIsWrittenDownWithItsPlace) {
  HaveCluster("east", "shop");
  request_.set_include_resource_object(true);
  const auto events = List();
  ASSERT_EQ(events.size(), 1u);
  grpc::ClientContext context;
  tfplugin6::GenerateResourceConfig::Request request;
  request.set_type_name("dbaas_cluster");
  *request.mutable_state() = events[0].resource_object();
  tfplugin6::GenerateResourceConfig::Response response;
  ASSERT_TRUE(stub_->GenerateResourceConfig(&context, request, &response).ok());
  EXPECT_EQ(response.diagnostics_size(), 0);
  const Type type = ObjectType(AllTypes().FindResource("dbaas_cluster")->schema);
  const auto config = DecodeMsgpack(response.config().msgpack(), type);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->at("host_name"), Value::String("east"));
  EXPECT_EQ(config->at("name"), Value::String("shop"));
  for (const char* name : {"port", "id", "members", "node_count", "instance_class", "timeouts"}) {
    EXPECT_TRUE(config->at(name).is_null()) << name;
  }
}

}  // namespace
}  // namespace dbaas

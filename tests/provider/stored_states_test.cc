// SPDX-License-Identifier: MPL-2.0
//
// States that releases of this provider stored, in states/, each one instance of a state file as
// Terraform wrote it. Every one of them is read for ever, by UpgradeResourceState itself, and
// planned without a change. A file is never changed; docs/compatibility.md says when another is
// added.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/base/json.h"
#include "engine/base/random.h"
#include "provider/json_value.h"
#include "provider/msgpack.h"
#include "provider/object_type.h"
#include "provider/server.h"
#include "schemas/identity.h"
#include "schemas/planned_value.h"

namespace dbaas {
namespace {

struct StoredState {
  std::string file;
  std::string type;
  std::int64_t version = 0;
  Json attributes;
  Json identity;  ///< Null where the Terraform of that time kept none.
};

/// Files are called <type>-<version>-<what is in it>.json.
std::vector<StoredState> StoredStates() {
  std::vector<StoredState> states;
  for (const auto& entry :
       std::filesystem::directory_iterator(DBAAS_SOURCE_DIR "/tests/provider/states")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string file = entry.path().stem().string();
    const Json instance = ParseJson(text.str(), file).value();
    states.push_back({.file = file,
                      .type = file.substr(0, file.find('-')),
                      .version = instance.at("schema_version").get<std::int64_t>(),
                      .attributes = instance.at("attributes"),
                      .identity = GetMember(instance, "identity")});
  }
  std::sort(states.begin(), states.end(),
            [](const StoredState& a, const StoredState& b) { return a.file < b.file; });
  return states;
}

class StoredStatesTest : public testing::TestWithParam<StoredState> {
 protected:
  StoredStatesTest() { spdlog::set_level(spdlog::level::off); }

  template <typename Rpc>
  using Handler = grpc::Status (ProviderServer::*)(grpc::ServerContext*,
                                                   const typename Rpc::Request*,
                                                   typename Rpc::Response*);
  template <typename Rpc>
  typename Rpc::Response Ask(Handler<Rpc> rpc, const typename Rpc::Request& request) {
    typename Rpc::Response response;
    EXPECT_TRUE((service_.*rpc)(nullptr, &request, &response).ok());
    for (const auto& one : response.diagnostics()) {
      ADD_FAILURE() << one.summary() << ": " << one.detail();
    }
    return response;
  }

  Value Upgrade(const StoredState& stored) {
    tfplugin6::UpgradeResourceState::Request request;
    request.set_type_name(stored.type);
    request.set_version(stored.version);
    request.mutable_raw_state()->set_json(Dump(stored.attributes));
    const auto answer =
        Ask<tfplugin6::UpgradeResourceState>(&ProviderServer::UpgradeResourceState, request);
    return DecodeMsgpack(answer.upgraded_state().msgpack(), ObjectType(Find(stored.type))).value();
  }

  Value UpgradeIdentity(const StoredState& stored) {
    tfplugin6::UpgradeResourceIdentity::Request request;
    request.set_type_name(stored.type);
    request.set_version(stored.version);
    request.mutable_raw_identity()->set_json(Dump(stored.identity));
    const auto answer =
        Ask<tfplugin6::UpgradeResourceIdentity>(&ProviderServer::UpgradeResourceIdentity, request);
    return DecodeMsgpack(answer.upgraded_identity().identity_data().msgpack(),
                         ObjectType(IdentitySchema(Find(stored.type))))
        .value();
  }

  static const Schema& Find(const std::string& type) {
    return AllTypes().FindResource(type)->schema;
  }

  SystemClock clock_;
  SystemRandom random_;
  Lifecycle lifecycle_{clock_, random_};
  ProviderServer service_{lifecycle_};
};

/// What was stored, and null wherever `now` says so of what its objects have got since.
Json WithNulls(Json stored, const Json& now) {
  if (!stored.is_object() || !now.is_object()) return stored;
  for (const auto& [name, value] : now.items()) {
    if (stored.contains(name)) {
      stored[name] = WithNulls(stored[name], value);
    } else if (value.is_null()) {
      stored[name] = nullptr;
    }
  }
  return stored;
}

TEST_P(StoredStatesTest, IsReadWithNothingLost) {
  const StoredState& stored = GetParam();
  const Schema& schema = Find(stored.type);
  const Value state = Upgrade(stored);
  ASSERT_EQ(state.kind(), Value::Kind::kMap);
  EXPECT_TRUE(state.is_wholly_known());
  // Of this version already: all that was stored comes out as it went in. What the schema has got
  // since is null until the refresh that follows.
  if (stored.version != schema.version()) return;
  const Json again = ParseJson(EncodeJson(state, ObjectType(schema)).value(), "the state").value();
  for (const auto& [name, value] : stored.attributes.items()) {
    EXPECT_EQ(GetMember(again, name), WithNulls(value, GetMember(again, name))) << name;
  }
}

TEST_P(StoredStatesTest, IsPlannedWithoutAChange) {
  const Schema& schema = Find(GetParam().type);
  const Value state = Upgrade(GetParam());
  ASSERT_EQ(state.kind(), Value::Kind::kMap);
  // What a user has who configured all that this state says, and who keeps the configuration.
  Value config = state;
  for (const Attribute& attribute : schema.attributes) {
    const bool users = attribute.required || attribute.optional;
    if (!users) config.as_map()[attribute.name] = Value::Null();
  }
  for (const std::string& name : PlanValue(schema, state, config).changed) {
    // One that is newer than the state: the refresh before a plan gives it its value.
    EXPECT_TRUE(state.at(name).is_null() && !GetParam().attributes.contains(name)) << name;
  }
}

TEST_P(StoredStatesTest, HasTheIdentityThatWasStoredWithIt) {
  const StoredState& stored = GetParam();
  if (stored.identity.is_null()) return;  // By a Terraform that kept none.
  EXPECT_EQ(UpgradeIdentity(stored), IdentityOf(Find(stored.type), Upgrade(stored)));
}

INSTANTIATE_TEST_SUITE_P(All, StoredStatesTest, testing::ValuesIn(StoredStates()),
                         [](const auto& info) {
                           std::string name = info.param.file;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(StoredStatesTest, ThereIsOneOfEveryVersionOfEveryResource) {
  std::set<std::pair<std::string, std::int64_t>> stored;
  for (const StoredState& state : StoredStates()) stored.emplace(state.type, state.version);
  for (const ResourceType& type : AllTypes().resources) {
    for (int version = 0; version <= type.schema.version(); ++version) {
      EXPECT_TRUE(stored.contains({type.name, version}))
          << "keep a state of version " << version << " of " << type.name;
    }
  }
}

}  // namespace
}  // namespace dbaas

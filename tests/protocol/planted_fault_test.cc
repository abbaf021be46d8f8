// SPDX-License-Identifier: MPL-2.0
//
// Is the net real? Each fault here is a provider that breaks one promise: the real one, whose
// answers are changed on their way to core. Core has to notice, and by the rule that is meant for
// it. Every rule has at least one fault.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/protocol/core.h"
#include "tests/protocol/core_wire.h"
#include "tests/protocol/rig.h"

namespace dbaas::core {
namespace {

using testing::Contains;
using testing::Field;
using testing::IsEmpty;

namespace tf = tfplugin6;

constexpr const char* kCluster = "dbaas_cluster";

Value Text(std::string text) { return Value::String(std::move(text)); }

/// What an honest provider says a cluster looks like.
const Type& ClusterType() {
  static const Type kType = [] {
    Rig rig;
    return Core(rig.service()).TypeOf(kCluster);
  }();
  return kType;
}

const Type& IdentityType() {
  static const Type kType = [] {
    Rig rig;
    return Core(rig.service()).identities().at(kCluster);
  }();
  return kType;
}

/// Makes another one of it, if there is one.
void Rename(tf::ResourceIdentityData& identity, const Value& name) {
  auto value = Decode(identity.identity_data().msgpack(), IdentityType());
  if (!value || value->kind() != Value::Kind::kMap) return;
  value->as_map()["name"] = name;
  identity.mutable_identity_data()->set_msgpack(Encode(*value, IdentityType()));
}

/// Does something to an object on the wire; null objects are left alone.
void Edit(tf::DynamicValue& dynamic, const std::function<void(Value::Map&)>& edit) {
  auto value = Decode(dynamic.msgpack(), ClusterType());
  if (!value || value->kind() != Value::Kind::kMap) return;
  edit(value->as_map());
  dynamic.set_msgpack(Encode(*value, ClusterType()));
}

void Set(tf::DynamicValue& dynamic, const std::string& name, const Value& value) {
  Edit(dynamic, [&](Value::Map& members) { members[name] = value; });
}

bool IsNull(const tf::DynamicValue& dynamic) {
  return dynamic.msgpack().empty() || dynamic.msgpack() == "\xc0";
}

struct Fault : Tamper {
  std::string name;
  Rule rule;
  template <typename Rpc>
  using Change = std::function<void(const typename Rpc::Request&, typename Rpc::Response&)>;
  Change<tf::GetProviderSchema> schema;
  Change<tf::GetResourceIdentitySchemas> identities;
  Change<tf::ValidateResourceConfig> validate;
  Change<tf::UpgradeResourceState> upgrade;
  Change<tf::ReadResource> read;
  Change<tf::PlanResourceChange> plan;
  Change<tf::ApplyResourceChange> apply;
  Change<tf::ImportResourceState> import;
  Change<tf::ReadDataSource> data;
  Change<tf::CallFunction> call;

#define DBAAS_ON(RPC, MEMBER)                                                      \
  void On(const tf::RPC::Request& request, tf::RPC::Response& response) override { \
    if (MEMBER) MEMBER(request, response);                                         \
  }
  DBAAS_ON(GetProviderSchema, schema)
  DBAAS_ON(GetResourceIdentitySchemas, identities)
  DBAAS_ON(ValidateResourceConfig, validate)
  DBAAS_ON(UpgradeResourceState, upgrade)
  DBAAS_ON(ReadResource, read)
  DBAAS_ON(PlanResourceChange, plan)
  DBAAS_ON(ApplyResourceChange, apply)
  DBAAS_ON(ImportResourceState, import)
  DBAAS_ON(ReadDataSource, data)
  DBAAS_ON(CallFunction, call)
#undef DBAAS_ON
  using Tamper::On;

  Fault(std::string called, Rule caught_by) : name(std::move(called)), rule(caught_by) {}
};

using Faults = std::vector<std::unique_ptr<Fault>>;

Fault& Add(Faults& faults, const std::string& name, Rule rule) {
  faults.push_back(std::make_unique<Fault>(name, rule));
  return *faults.back();
}

void AddSchemaAndValidate(Faults& faults) {
  Add(faults, "a type that is not JSON", Rule::kSchema).schema = [](auto&, auto& answer) {
    auto& schema = (*answer.mutable_resource_schemas())["dbaas_replica"];
    schema.mutable_block()->mutable_attributes(0)->set_type("[\"map\"");
  };
  Add(faults, "an attribute that is required and computed", Rule::kSchema).schema =
      [](auto&, auto& answer) {
        auto& schema = (*answer.mutable_resource_schemas())["dbaas_replica"];
        schema.mutable_block()->mutable_attributes(0)->set_computed(true);
      };
  Add(faults, "a diagnostic without severity", Rule::kDiagnostic).validate =
      [](auto&, auto& answer) { answer.add_diagnostics()->set_summary("Something"); };
  Add(faults, "a path that leads nowhere", Rule::kDiagnostic).validate = [](auto&, auto& answer) {
    for (auto& one : *answer.mutable_diagnostics()) {
      one.mutable_attribute()->add_steps()->set_attribute_name("nowhere");
    }
  };
  Add(faults, "a refusal that does not say where", Rule::kRefusalHasPath).validate =
      [](auto&, auto& answer) {
        for (auto& one : *answer.mutable_diagnostics()) one.clear_attribute();
      };
}

void AddUpgradeAndRead(Faults& faults) {
  Add(faults, "an upgrade that drops an attribute", Rule::kWellFormed).upgrade = [](auto&,
                                                                                    auto& answer) {
    Edit(*answer.mutable_upgraded_state(), [](Value::Map& members) { members.erase("port"); });
  };
  Add(faults, "an upgrade that changes a value", Rule::kUpgrade).upgrade = [](auto&, auto& answer) {
    Set(*answer.mutable_upgraded_state(), "node_count", Value::Int(7));
  };
  Add(faults, "an upgrade with a write-only value", Rule::kWriteOnly).upgrade = [](auto&,
                                                                                   auto& answer) {
    Set(*answer.mutable_upgraded_state(), "password_wo", Text("correct horse"));
  };
  Add(faults, "a read that loses the private data", Rule::kPrivateData).read =
      [](auto&, auto& answer) { answer.clear_private_(); };
  Add(faults, "a read of something unknown", Rule::kNothingUnknown).read = [](auto&, auto& answer) {
    Set(*answer.mutable_new_state(), "port", Value::Unknown());
  };
  Add(faults, "a read that changes a value", Rule::kRefresh).read = [](auto&, auto& answer) {
    Set(*answer.mutable_new_state(), "ca_cert", Text("another"));
  };
  Add(faults, "a read that reorders a list", Rule::kRefresh).read = [](auto&, auto& answer) {
    Edit(*answer.mutable_new_state(), [](Value::Map& members) {
      auto& list = members["members"].as_list();
      std::reverse(list.begin(), list.end());
    });
  };
  Add(faults, "a read that loses an object", Rule::kRefresh).read = [](auto&, auto& answer) {
    answer.mutable_new_state()->set_msgpack("\xc0");
  };
  Add(faults, "a read that is deferred", Rule::kNoDeferral).read = [](auto&, auto& answer) {
    answer.mutable_deferred()->set_reason(tf::Deferred::PROVIDER_CONFIG_UNKNOWN);
  };
}

void AddPlan(Faults& faults) {
  const auto plan = [&](const std::string& name, Rule rule, const std::string& attribute,
                        const Value& value) {
    Add(faults, name, rule).plan = [=](auto&, auto& answer) {
      Set(*answer.mutable_planned_state(), attribute, value);
    };
  };
  plan("a plan that changes what is configured", Rule::kConfiguredStays, "node_count",
       Value::Int(7));
  plan("a plan that drops what is configured", Rule::kConfiguredStays, "name", Value::Null());
  plan("a plan that does not know what is configured", Rule::kConfiguredStays, "name",
       Value::Unknown());
  plan("a plan that changes an element of a map", Rule::kConfiguredStays, "parameters",
       Value::Object({{"work_mem", Text("1MB")}}));
  plan("a plan that makes up what only users set", Rule::kOnlyComputed, "image", Text("mine"));
  plan("a plan that does not know what only users set", Rule::kOnlyComputed, "image",
       Value::Unknown());
  plan("a plan with a write-only value", Rule::kWriteOnly, "password_wo", Text("correct horse"));
  plan("a plan without a block", Rule::kExistence, "timeouts", Value::Null());
  plan("a plan that does not know a block", Rule::kBlocks, "timeouts", Value::Unknown());
  plan("a plan that is never content", Rule::kSecondPlan, "ca_cert", Value::Unknown());
  Add(faults, "a plan for nothing", Rule::kExistence).plan = [](auto&, auto& answer) {
    answer.mutable_planned_state()->set_msgpack("\xc0");
  };
  Add(faults, "a destroy that is planned as an object", Rule::kExistence).plan = [](auto& request,
                                                                                    auto& answer) {
    if (IsNull(request.config())) *answer.mutable_planned_state() = request.prior_state();
  };
  Add(faults, "a plan that drops an attribute", Rule::kWellFormed).plan = [](auto&, auto& answer) {
    Edit(*answer.mutable_planned_state(), [](Value::Map& members) { members.erase("drift"); });
  };
  Add(faults, "bytes after the plan", Rule::kWellFormed).plan = [](auto&, auto& answer) {
    answer.mutable_planned_state()->mutable_msgpack()->push_back('\x01');
  };
  Add(faults, "a replacement for an attribute that there is not", Rule::kReplacePath).plan =
      [](auto&, auto& answer) {
        answer.add_requires_replace()->add_steps()->set_attribute_name("nothing");
      };
  Add(faults, "a replacement that is not marked", Rule::kApplied).plan = [](auto&, auto& answer) {
    answer.clear_requires_replace();
  };
  Add(faults, "the old rules", Rule::kNoLegacy).plan = [](auto&, auto& answer) {
    answer.set_legacy_type_system(true);
  };
  Add(faults, "a plan that is deferred", Rule::kNoDeferral).plan = [](auto&, auto& answer) {
    answer.mutable_deferred()->set_reason(tf::Deferred::ABSENT_PREREQ);
  };
  Add(faults, "a plan that differs each time", Rule::kSamePlan).plan =
      [count = 0](auto&, auto& answer) mutable {
        Set(*answer.mutable_planned_state(), "ca_cert", Text(std::to_string(++count)));
      };
  Add(faults, "private data that differ each time", Rule::kSamePlan).plan =
      [count = 0](auto&, auto& answer) mutable {
        answer.set_planned_private(std::to_string(++count));
      };
  Add(faults, "a final plan that differs from the approved one", Rule::kFinalPlan).plan =
      [count = 0](auto&, auto& answer) mutable {
        Set(*answer.mutable_planned_state(), "ca_cert", Text(std::to_string(count++ / 2)));
      };
}

void AddApply(Faults& faults) {
  const auto apply = [&](const std::string& name, Rule rule, const std::string& attribute,
                         const Value& value) {
    Add(faults, name, rule).apply = [=](auto&, auto& answer) {
      Set(*answer.mutable_new_state(), attribute, value);
    };
  };
  apply("an apply that changes what was planned", Rule::kResult, "node_count", Value::Int(7));
  apply("an apply that changes a value outside of the plan", Rule::kResult, "image", Text("mine"));
  apply("an apply that loses an element of a map", Rule::kResult, "parameters", Value::Object({}));
  apply("an apply that adds to a list", Rule::kResult, "drift", Value::ListOf({Text("odd")}));
  apply("an apply that leaves something unknown", Rule::kNothingUnknown, "port", Value::Unknown());
  apply("an apply that keeps a write-only value", Rule::kWriteOnly, "password_wo", Text("hush"));
  Add(faults, "an apply that drops an attribute", Rule::kWellFormed).apply = [](auto&,
                                                                                auto& answer) {
    Edit(*answer.mutable_new_state(), [](Value::Map& members) { members.erase("port"); });
  };
  Add(faults, "an apply that reorders a list", Rule::kRefresh).apply = [](auto&, auto& answer) {
    Edit(*answer.mutable_new_state(), [](Value::Map& members) {
      auto& list = members["members"].as_list();
      std::reverse(list.begin(), list.end());
    });
  };
  Add(faults, "a create without a result", Rule::kResultExists).apply = [](auto& request,
                                                                           auto& answer) {
    if (!IsNull(request.planned_state())) answer.clear_new_state();
  };
  Add(faults, "a destroy that leaves the object", Rule::kResultExists).apply = [](auto& request,
                                                                                  auto& answer) {
    if (IsNull(request.planned_state())) *answer.mutable_new_state() = request.prior_state();
  };
  Add(faults, "an apply that loses the private data", Rule::kApplied).apply =
      [](auto&, auto& answer) { answer.clear_private_(); };
  Add(faults, "an apply that fails", Rule::kApplied).apply = [](auto&, auto& answer) {
    auto& one = *answer.add_diagnostics();
    one.set_severity(tf::Diagnostic::ERROR);
    one.set_summary("Out of luck");
  };
}

void AddIdentity(Faults& faults) {
  Add(faults, "an identity of a type that there is not", Rule::kSchema).identities =
      [](auto&, auto& answer) {
        (*answer.mutable_identity_schemas())["nobody"] = answer.identity_schemas().at(kCluster);
      };
  Add(faults, "an identity with an object in it", Rule::kSchema).identities = [](auto&,
                                                                                 auto& answer) {
    auto& schema = (*answer.mutable_identity_schemas())[kCluster];
    schema.mutable_identity_attributes(0)->set_type(R"(["object",{"name":"string"}])");
  };
  Add(faults, "an identity that no import may have", Rule::kSchema).identities = [](auto&,
                                                                                    auto& answer) {
    auto& attribute =
        *(*answer.mutable_identity_schemas())[kCluster].mutable_identity_attributes(0);
    attribute.set_required_for_import(false);
    attribute.set_optional_for_import(false);
  };
  Add(faults, "a read without an identity", Rule::kIdentity).read = [](auto&, auto& answer) {
    answer.clear_new_identity();
  };
  Add(faults, "a read of another identity", Rule::kIdentityStays).read = [](auto&, auto& answer) {
    Rename(*answer.mutable_new_identity(), Text("another"));
  };
  Add(faults, "an update of the identity", Rule::kIdentityStays).plan = [](auto& request,
                                                                           auto& answer) {
    if (request.has_prior_identity()) Rename(*answer.mutable_planned_identity(), Text("another"));
  };
  Add(faults, "an identity that is malformed", Rule::kWellFormed).plan = [](auto&, auto& answer) {
    answer.mutable_planned_identity()->mutable_identity_data()->set_msgpack("\x80");
  };
  Add(faults, "an apply that does not know the identity", Rule::kIdentity).apply =
      [](auto&, auto& answer) { Rename(*answer.mutable_new_identity(), Value::Unknown()); };
  Add(faults, "an apply of another identity", Rule::kIdentityStays).apply =
      [](auto&, auto& answer) { Rename(*answer.mutable_new_identity(), Text("another")); };
  Add(faults, "an import without an identity", Rule::kIdentity).import = [](auto&, auto& answer) {
    answer.mutable_imported_resources(0)->clear_identity();
  };
}

void AddTheRest(Faults& faults) {
  Add(faults, "an import of two objects", Rule::kImport).import = [](auto&, auto& answer) {
    if (answer.imported_resources_size() == 1) {
      *answer.add_imported_resources() = answer.imported_resources(0);
    }
  };
  Add(faults, "an import of another type", Rule::kImport).import = [](auto&, auto& answer) {
    answer.mutable_imported_resources(0)->set_type_name("dbaas_replica");
  };
  Add(faults, "an import of nothing", Rule::kImport).import = [](auto&, auto& answer) {
    answer.mutable_imported_resources(0)->mutable_state()->set_msgpack("\xc0");
  };
  Add(faults, "an import with something unknown", Rule::kNothingUnknown).import = [](auto&,
                                                                                     auto& answer) {
    Set(*answer.mutable_imported_resources(0)->mutable_state(), "port", Value::Unknown());
  };
  Add(faults, "a data source that is malformed", Rule::kWellFormed).data = [](auto&, auto& answer) {
    answer.mutable_state()->set_msgpack("\x80");
  };
  Add(faults, "a data source without a result", Rule::kExistence).data = [](auto&, auto& answer) {
    answer.mutable_state()->set_msgpack("\xc0");
  };
  Add(faults, "a function that counts", Rule::kPure).call = [count = 0](auto&,
                                                                        auto& answer) mutable {
    answer.mutable_result()->set_msgpack(
        Encode(Value::Int(++count), {.kind = Type::Kind::kNumber, .element = {}, .members = {}}));
  };
}

Faults AllFaults() {
  Faults faults;
  AddSchemaAndValidate(faults);
  AddUpgradeAndRead(faults);
  AddPlan(faults);
  AddApply(faults);
  AddIdentity(faults);
  AddTheRest(faults);
  return faults;
}

/// One of everything that core does. An honest provider breaks no promise here. Ends when one is
/// broken of the kind that `fault` breaks.
Violations Story(Fault* fault) {
  Rig rig;
  Core core(rig.service(), nullptr, fault);
  const auto orders = [&](const std::string& db_name, int nodes) {
    return core.Config(kCluster, {{"name", Text("orders")},
                                  {"db_name", Text(db_name)},
                                  {"node_count", Value::Int(nodes)},
                                  {"password_wo", Text("correct horse")},
                                  {"password_wo_version", Value::Int(1)},
                                  {"parameters", Value::Object({{"work_mem", Text("8MB")}})},
                                  {"timeouts", Value::Object({{"create", Text("1h")},
                                                              {"update", Value::Null()},
                                                              {"delete", Value::Null()}})},
                                  {"deletion_protection", Value::Bool(false)}});
  };
  Instance instance;
  Violations refused;
  const auto converge = [&](const Value& config) {
    const Applied applied = core.Converge(kCluster, instance, config);
    if (!applied.ok) refused.push_back({Rule::kApplied, ToText(applied.diagnostics)});
    instance = applied.instance;
  };
  const std::vector<std::function<void()>> steps = {
      [&] {
        core.Validate(kCluster, core.Config(kCluster, {{"node_count", Value::Int(99)}}));
      },
      [&] { converge(orders("app", 2)); },
      [&] { core.Import(kCluster, "local/orders"); },
      [&] {
        Value found = EmptyObject(core.data_sources().at(kCluster).type);
        found.as_map()["name"] = Text("orders");
        core.ReadData(kCluster, found);
      },
      [&] { core.Call("quantity", {Text("1GiB")}); },
      [&] { converge(orders("app", 3)); },
      [&] { converge(orders("shop", 3)); },
      [&] { converge(Value()); },
  };
  const auto all = [&] {
    Violations violations = core.violations();
    violations.insert(violations.end(), refused.begin(), refused.end());
    return violations;
  };
  for (const auto& step : steps) {
    step();
    for (const Violation& violation : all()) {
      if (fault != nullptr && violation.rule == fault->rule) return all();
    }
  }
  return all();
}

TEST(PlantedFaultTest, AnHonestProviderPasses) { EXPECT_THAT(Story(nullptr), IsEmpty()); }

TEST(PlantedFaultTest, EachIsCaughtByTheRuleThatIsMeantForIt) {
  const Faults faults = AllFaults();
  for (const auto& fault : faults) {
    EXPECT_THAT(Story(fault.get()), Contains(Field(&Violation::rule, fault->rule))) << fault->name;
  }
  RecordProperty("faults", static_cast<int>(faults.size()));
}

TEST(PlantedFaultTest, ACallWithoutAnAnswerIsCaught) {
  Core core(grpc::CreateChannel("unix:/nobody/is/here", grpc::InsecureChannelCredentials()));
  EXPECT_THAT(core.violations(), Contains(Field(&Violation::rule, Rule::kAnswers)));
}

TEST(PlantedFaultTest, EveryRuleCatchesSomething) {
  // What is streamed has faults of its own (streams_test.cc).
  std::set<Rule> caught = {Rule::kAnswers, Rule::kList, Rule::kAction};
  for (const auto& fault : AllFaults()) caught.insert(fault->rule);
  for (int rule = 0; rule <= static_cast<int>(Rule::kPure); ++rule) {
    EXPECT_TRUE(caught.contains(static_cast<Rule>(rule))) << ToString(static_cast<Rule>(rule));
  }
}

}  // namespace
}  // namespace dbaas::core

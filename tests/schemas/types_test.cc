// SPDX-License-Identifier: MPL-2.0
//
// The types themselves: what their tables say, how they map to specs and back, and that every one
// of them keeps the rules that Terraform has for schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <set>

#include "schemas/checks.h"
#include "schemas/identity.h"
#include "schemas/ids.h"
#include "schemas/planned_value.h"
#include "schemas/provider.h"
#include "schemas/resource_type.h"
#include "schemas/timeouts.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

const ResourceType& Cluster() { return *AllTypes().FindResource("dbaas_cluster"); }
const ResourceType& Policy() { return *AllTypes().FindResource("dbaas_backup_policy"); }
const ResourceType& Replica() { return *AllTypes().FindResource("dbaas_replica"); }

std::vector<std::string> Errors(const ResourceType& type, const Value::Map& config) {
  const Value whole = Whole(type.schema, config);
  Diagnostics found = CheckValues(type.schema, whole);
  for (const auto& diagnostic : type.validate(whole)) found.push_back(diagnostic);
  std::vector<std::string> lines;
  for (const auto& diagnostic : found) {
    lines.push_back(ToText(diagnostic.path) + ": " + diagnostic.detail);
  }
  return lines;
}

Value PlannedCreate(const ResourceType& type, const Value& config) {
  return PlanValue(type.schema, Value::Null(), config).planned;
}

template <typename Spec>
Spec SpecOf(const ResourceType& type, const Value::Map& config_members) {
  const Value config = Whole(type.schema, config_members);
  const auto spec = type.to_spec(PlannedCreate(type, config), config);
  EXPECT_TRUE(spec.has_value());
  return std::get<Spec>(*spec);
}

Value SizeOf(double cpu, const std::string& memory) {
  return Value::Object({{"cpu", Value::Num(Number::FromDouble(cpu))}, {"memory", Text(memory)}});
}

// ---- Every type --------------------------------------------------------------------------------

struct Named {
  std::string type;
  const Schema* schema;
};
std::vector<Named> AllSchemas() {
  std::vector<Named> all;
  for (const auto& type : AllTypes().resources) all.push_back({type.name, &type.schema});
  for (const auto& type : AllTypes().data_sources)
    all.push_back({"data." + type.name, &type.schema});
  for (const auto& type : AllTypes().ephemeral_resources) {
    all.push_back({"ephemeral." + type.name, &type.schema});
  }
  for (const auto& type : AllTypes().actions) all.push_back({"action." + type.name, &type.schema});
  for (const auto& type : AllTypes().list_resources) {
    all.push_back({"list." + type.name, &type.schema});
  }
  return all;
}

using Visit = std::function<void(const std::string& where, const Attribute&, bool at_root)>;
void VisitAttributes(const std::string& where, const std::vector<Attribute>& attributes,
                     bool at_root, const Visit& visit) {
  for (const Attribute& attribute : attributes) {
    const std::string here = where + "." + attribute.name;
    visit(here, attribute, at_root);
    const Type* type = &attribute.type;
    while (type->element) type = type->element.get();
    VisitAttributes(here, type->members, false, visit);
  }
}
void VisitBlocks(const std::string& where, const std::vector<Block>& blocks, const Visit& visit) {
  for (const Block& block : blocks) {
    EXPECT_FALSE(block.description.empty()) << where << "." << block.name;
    VisitAttributes(where + "." + block.name, block.attributes, false, visit);
    VisitBlocks(where + "." + block.name, block.blocks, visit);
  }
}

Value TimeoutsOf(const Value& create, const Value& update, const Value& remove) {
  return Value::Object({{"create", create}, {"update", update}, {"delete", remove}});
}

TEST(TimeoutsTest, EveryManagedTypeHasThemAndTheyAreNoPartOfTheSpec) {
  using Verb = PartChange::Verb;
  const Value none = Value::Null();
  for (const ResourceType* type : {&Cluster(), &Replica()}) {
    const Value with =
        Whole(type->schema, {{"timeouts", TimeoutsOf(Text("1h30m"), none, Text("90s"))}});
    EXPECT_EQ(TimeoutOf(with, Verb::kCreate), Milliseconds(5'400'000)) << type->name;
    EXPECT_EQ(TimeoutOf(with, Verb::kUpdate), std::nullopt);
    EXPECT_EQ(TimeoutOf(with, Verb::kDelete), Milliseconds(90'000));
    EXPECT_EQ(TimeoutOf(Whole(type->schema, {}), Verb::kCreate), std::nullopt);
  }
  const Value::Map name = {{"name", Text("orders")}};
  Value::Map with = name;
  with["timeouts"] = TimeoutsOf(Text("5m"), none, none);
  EXPECT_EQ(SpecOf<ClusterSpec>(Cluster(), name), SpecOf<ClusterSpec>(Cluster(), with));
}

TEST(TimeoutsTest, WhatIsNoDurationIsToldOnItsAttribute) {
  const Value none = Value::Null();
  for (const char* text : {"", "30", "m", "1d", "0s", "-5m", "5m3", "99999999999999999999h"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(ParseDuration(text).has_value());
    EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")},
                                   {"timeouts", TimeoutsOf(none, Text(text), none)}}),
                ElementsAre(HasSubstr("timeouts.update: update must be a duration")));
  }
}

TEST(AllTypesTest, TheListIsWhole) {
  std::vector<std::string> names;
  for (const auto& named : AllSchemas()) names.push_back(named.type);
  EXPECT_THAT(
      names, UnorderedElementsAre(
                 "dbaas_cluster", "dbaas_replica", "dbaas_backup_policy", "data.dbaas_backups",
                 "action.dbaas_backup", "list.dbaas_backup_policy", "data.dbaas_cluster",
                 "data.dbaas_clusters", "data.dbaas_engine_versions", "data.dbaas_instance_classes",
                 "ephemeral.dbaas_credentials", "ephemeral.dbaas_password", "action.dbaas_reload",
                 "action.dbaas_restart", "action.dbaas_restore", "action.dbaas_switchover",
                 "action.dbaas_verify", "list.dbaas_cluster", "list.dbaas_replica", "dbaas_backup",
                 "list.dbaas_backup"));
  EXPECT_EQ(AllTypes().FindResource("dbaas_nothing"), nullptr);
  EXPECT_EQ(AllTypes().FindDataSource("dbaas_replica"), nullptr);
  EXPECT_NE(AllTypes().FindEphemeralResource("dbaas_credentials"), nullptr);
}

TEST(BackupPolicyTest, WhatABackupMayRead) {
  const auto with = [](const char* limit) {
    return Value::Map{{"cluster_id", Value::String("local/orders")},
                      {"bandwidth_limit", Value::String(limit)}};
  };
  EXPECT_THAT(Errors(Policy(), with("50MiB")), IsEmpty());
  EXPECT_THAT(Errors(Policy(), with("1023KiB")), ElementsAre(HasSubstr("at least \"1MiB\"")));
  EXPECT_THAT(Errors(Policy(), with("fast")), ElementsAre(HasSubstr("must be an amount")));
  EXPECT_EQ(SpecOf<BackupPolicySpec>(Policy(), with("51200KiB")).bandwidth_limit_bytes, 50 << 20);
}

TEST(BackupPolicyTest, TheLastBackupIsNamedWhereThereIsOne) {
  const auto with = [](bool skip, bool in_bucket, const char* name) {
    Value::Map config{{"cluster_id", Value::String("local/orders")},
                      {"skip_final_backup", Value::Bool(skip)},
                      {"final_backup_identifier", Value::String(name)}};
    if (!in_bucket) return config;
    config["s3"] = Value::Object({{"endpoint", Text("https://s3.example.com")},
                                  {"bucket", Text("kept")},
                                  {"region", Text("us-east-1")},
                                  {"prefix", Value::Null()},
                                  {"path_style", Value::Bool(true)},
                                  {"ca_certificate", Value::Null()},
                                  {"access_key_wo", Text("key")},
                                  {"secret_key_wo", Text("secret")},
                                  {"keys_wo_version", Value::Int(1)}});
    return config;
  };
  EXPECT_THAT(Errors(Policy(), with(false, true, "orders-last")), IsEmpty());
  EXPECT_THAT(Errors(Policy(), with(true, true, "orders-last")),
              ElementsAre(StartsWith("final_backup_identifier: ")));
  EXPECT_THAT(Errors(Policy(), with(false, true, "Orders.last")),
              ElementsAre(StartsWith("final_backup_identifier: ")));
  EXPECT_THAT(Errors(Policy(), with(false, false, "orders-last")),
              ElementsAre(HasSubstr("so s3 has to be set too")));
  EXPECT_EQ(
      SpecOf<BackupPolicySpec>(Policy(), with(false, true, "orders-last")).final_backup_identifier,
      "orders-last");
}

TEST(AllTypesTest, EveryAttributeKeepsTerraformsRules) {
  const std::set<std::string> reserved = {"count",    "for_each",    "depends_on", "lifecycle",
                                          "provider", "provisioner", "connection"};
  const std::regex name_rule("[a-z_][a-z0-9_]*");
  int seen = 0;
  const Visit check = [&](const std::string& where, const Attribute& a, bool at_root) {
    SCOPED_TRACE(where);
    ++seen;
    EXPECT_TRUE(std::regex_match(a.name, name_rule));
    EXPECT_FALSE(at_root && reserved.contains(a.name));
    EXPECT_TRUE(a.required || a.optional || a.computed);
    EXPECT_FALSE(a.required && (a.optional || a.computed));
    EXPECT_FALSE(a.write_only && a.computed);
    EXPECT_FALSE(a.default_value && a.required);
    // Only at the root does an apply find out values.
    EXPECT_TRUE(at_root || !(a.planned_as || !a.changes_with.empty()));
    EXPECT_FALSE(a.description.empty());
    EXPECT_TRUE(a.description.ends_with('.')) << a.description;
    for (const auto& validator : a.validators) EXPECT_TRUE(validator.check != nullptr);
    if (!a.default_value) return;
    for (const auto& validator : a.validators) {
      EXPECT_EQ(validator.check(*a.default_value), std::nullopt);
    }
  };
  for (const auto& named : AllSchemas()) {
    EXPECT_FALSE(named.schema->description.empty()) << named.type;
    VisitAttributes(named.type, named.schema->attributes, true, check);
    VisitBlocks(named.type, named.schema->blocks, check);
  }
  VisitAttributes("provider", AllTypes().provider.attributes, true, check);
  VisitBlocks("provider", AllTypes().provider.blocks, check);
  EXPECT_GT(seen, 80);
}

TEST(AllTypesTest, WordsNameAttributesThatExist) {
  for (const auto& named : AllSchemas()) {
    std::set<std::string> names;
    for (const auto& attribute : named.schema->attributes) {
      EXPECT_TRUE(names.insert(attribute.name).second) << named.type << " twice " << attribute.name;
    }
    for (const auto& attribute : named.schema->attributes) {
      for (const auto* others :
           {&attribute.changes_with, &attribute.conflicts_with, &attribute.needs}) {
        for (const auto& other : *others) {
          EXPECT_TRUE(names.contains(other))
              << named.type << "." << attribute.name << ": " << other;
        }
      }
    }
  }
  for (const auto& type : AllTypes().resources) {
    const std::string& protection = type.protection_attribute;
    EXPECT_TRUE(protection.empty() || type.schema.Find(protection) != nullptr) << type.name;
    ASSERT_NE(type.schema.Find("drift"), nullptr) << type.name;
    EXPECT_EQ(type.schema.Find("drift")->planned_as, Value::ListOf({}));
  }
}

TEST(AllTypesTest, EveryResourceHasAnIdentityThatOnlyAReplacementChanges) {
  for (const auto& type : AllTypes().resources) {
    const Schema identity = IdentitySchema(type.schema);
    EXPECT_FALSE(identity.attributes.empty()) << type.name;
    for (const auto& attribute : identity.attributes) {
      SCOPED_TRACE(type.name + "." + attribute.name);
      EXPECT_TRUE(attribute.requires_replace);
      EXPECT_TRUE(attribute.required || attribute.optional) << "nobody could import by it";
      EXPECT_FALSE(attribute.sensitive || attribute.write_only);
      EXPECT_EQ(attribute.type.element, nullptr) << "only primitives";
      EXPECT_NE(attribute.type.kind, Type::Kind::kObject);
    }
  }
}

TEST(IdentityTest, IsWhatTheStateSays) {
  const Value state =
      Whole(Cluster().schema,
            {{"name", Text("orders")}, {"host_name", Text("local")}, {"host", Text("::1")}});
  EXPECT_EQ(IdentityOf(Cluster().schema, state),
            Value::Object({{"host_name", Text("local")}, {"name", Text("orders")}}));
  EXPECT_TRUE(IdentityOf(Cluster().schema, Value::Null()).is_null());
  EXPECT_TRUE(IdentityOf(AllTypes().FindDataSource("dbaas_clusters")->schema, state).is_null());
}

TEST(IdentityTest, IsAsMuchAsAnAddressNeeds) {
  const auto cluster = Cluster().address(Value::Object({{"name", Text("orders")}}));
  ASSERT_TRUE(cluster.has_value());
  EXPECT_EQ(cluster->host, "");
  EXPECT_EQ(cluster->cluster, "orders");
  const auto replica = Replica().address(
      Value::Object({{"cluster_id", Text("east/orders")}, {"name", Text("reports")}}));
  ASSERT_TRUE(replica.has_value());
  EXPECT_EQ(replica->host, "east");
  EXPECT_EQ(replica->key, "replica/reports");
}

// ---- Lists -------------------------------------------------------------------------------------

TEST(ListTest, EveryResourceCanBeListedAndNothingElse) {
  std::vector<std::string> resources;
  for (const auto& type : AllTypes().resources) {
    resources.push_back(type.name);
    ASSERT_NE(type.schema.Find("id"), nullptr) << "lists show it";
  }
  std::vector<std::string> lists;
  for (const auto& type : AllTypes().list_resources) {
    lists.push_back(type.name);
    for (const auto& attribute : type.schema.attributes) {
      EXPECT_TRUE((attribute.required || attribute.optional) && !attribute.computed)
          << "there is nothing to compute in " << type.name << "." << attribute.name;
    }
  }
  EXPECT_EQ(lists, resources);
}

TEST(ListTest, LooksWhereTheConfigurationSays) {
  const auto& clusters = *AllTypes().FindListResource("dbaas_cluster");
  const auto& replicas = *AllTypes().FindListResource("dbaas_replica");
  EXPECT_EQ(clusters.query(Value::Null())->host, "");  // No `config` block.
  EXPECT_EQ(clusters.query(Whole(clusters.schema, {{"host_name", Text("east")}}))->host, "east");
  const auto query = replicas.query(Whole(replicas.schema, {{"cluster_id", Text("east/orders")}}));
  EXPECT_EQ(query->cluster, "east/orders");
  EXPECT_EQ(query->host, "");
  EXPECT_TRUE(clusters.lists(ClusterSpec{}));
  EXPECT_FALSE(clusters.lists(ReplicaSpec{}));
  EXPECT_TRUE(replicas.lists(ReplicaSpec{}));
  EXPECT_FALSE(replicas.lists(ClusterSpec{}));
}

// ---- dbaas_cluster -----------------------------------------------------------------------------

TEST(ClusterTest, ANameIsEnough) {
  EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")}}), IsEmpty());
  EXPECT_EQ(SpecOf<ClusterSpec>(Cluster(), {{"name", Text("orders")}}),
            (ClusterSpec{.name = "orders",
                         .engine = "postgresql",
                         .engine_version = "17",
                         .node_count = 1,
                         .instance_class = "db.small",
                         .resources = FindInstanceClass("db.small")->resources,
                         .username = "admin",
                         .db_name = "app",
                         .deletion_protection = true}));
}

TEST(ClusterTest, EverySettingReachesTheSpec) {
  const ClusterSpec spec =
      SpecOf<ClusterSpec>(Cluster(), {{"name", Text("orders")},
                                      {"engine", Text("postgresql")},
                                      {"engine_version", Text("15")},
                                      {"node_count", Value::Int(3)},
                                      {"resources", SizeOf(1.5, "1GiB")},
                                      {"parameters", Value::Object({{"work_mem", Text("16MB")}})},
                                      {"synchronous_replication", Value::Bool(true)},
                                      {"publicly_accessible", Value::Bool(true)},
                                      {"port", Value::Int(6000)},
                                      {"reader_port", Value::Int(6001)},
                                      {"username", Text("boss")},
                                      {"db_name", Text("shop")},
                                      {"password_wo", Text("correct horse")},
                                      {"password_wo_version", Value::Int(4)},
                                      {"image", Text("mine:1")},
                                      {"backup_directory", Text("/srv/backups/orders")},
                                      {"deletion_protection", Value::Bool(false)}});
  EXPECT_EQ(spec, (ClusterSpec{.name = "orders",
                               .engine = "postgresql",
                               .engine_version = "15",
                               .node_count = 3,
                               .instance_class = "",
                               .resources = {.cpu = 1.5, .memory_bytes = kGiB},
                               .parameters = {{"work_mem", "16MB"}},
                               .synchronous_replication = true,
                               .publicly_accessible = true,
                               .port = 6000,
                               .reader_port = 6001,
                               .username = "boss",
                               .db_name = "shop",
                               .password = Secret<std::string>("correct horse"),
                               .password_version = 4,
                               .image = "mine:1",
                               .backup_directory = "/srv/backups/orders",
                               .deletion_protection = false}));
}

TEST(ClusterTest, AnAllocatedPortIsNotAskedFor) {
  const Value config = Whole(Cluster().schema, {{"name", Text("orders")}});
  const Value planned = With(PlannedCreate(Cluster(), config), {{"port", Value::Int(15432)}});
  const auto spec = std::get<ClusterSpec>(*Cluster().to_spec(planned, config));
  EXPECT_EQ(spec.port, std::nullopt);
  EXPECT_EQ(spec.reader_port, std::nullopt);
}

TEST(ClusterTest, ThePasswordComesFromTheConfiguration) {
  const Value config = Whole(Cluster().schema, {{"name", Text("orders")},
                                                {"password_wo", Text("correct horse")},
                                                {"password_wo_version", Value::Int(1)}});
  const Value planned = PlannedCreate(Cluster(), config);
  EXPECT_TRUE(planned.at("password_wo").is_null());
  const auto spec = std::get<ClusterSpec>(*Cluster().to_spec(planned, config));
  EXPECT_EQ(spec.password->Reveal(), "correct horse");
}

TEST(ClusterTest, AWebhooksSecretComesFromTheConfigurationAndStaysThere) {
  const Value failover = Value::Object({{"watch", Value::Bool(true)},
                                        {"webhook_url", Text("https://example.com/token-7")},
                                        {"webhook_secret_wo", Text("open sesame")},
                                        {"webhook_secret_wo_version", Value::Int(2)}});
  const Value config = Whole(Cluster().schema, {{"name", Text("orders")}, {"failover", failover}});
  const Value planned = PlannedCreate(Cluster(), config);
  EXPECT_TRUE(planned.at("failover").at("webhook_secret_wo").is_null());
  EXPECT_EQ(planned.at("failover").at("webhook_url"), Text("https://example.com/token-7"));
  auto spec = std::get<ClusterSpec>(*Cluster().to_spec(planned, config));
  EXPECT_EQ(spec.watch, true);
  EXPECT_EQ(spec.webhook_url.Reveal(), "https://example.com/token-7");
  EXPECT_EQ(spec.webhook_secret->Reveal(), "open sesame");
  EXPECT_EQ(spec.webhook_secret_version, 2);
  // What a refresh makes of the record.
  ClusterView view{.id = {"local", "orders"}};
  spec.webhook_secret.reset();
  view.parts.emplace("cluster", spec);
  const Value state =
      Cluster().to_state(planned, view, {"local", "orders", "cluster"}, /*refresh=*/true);
  EXPECT_EQ(state.at("failover"), planned.at("failover"));
}

TEST(ClusterTest, AWebhookIsCheckedAsAWhole) {
  const auto errors = [](Value::Map members) {
    members.try_emplace("watch", Value::Bool(true));
    for (const char* name : {"webhook_url", "webhook_secret_wo", "webhook_secret_wo_version"}) {
      members.try_emplace(name, Value::Null());
    }
    return Errors(Cluster(), {{"name", Text("orders")}, {"failover", Value::Object(members)}});
  };
  EXPECT_THAT(errors({{"webhook_url", Text("https://example.com")}}), ElementsAre());
  EXPECT_THAT(errors({{"webhook_url", Text("example.com/token-7")}}),
              ElementsAre(HasSubstr("webhook_url must begin with http:// or https://.")));
  EXPECT_THAT(
      errors({{"webhook_secret_wo", Text("open sesame")},
              {"webhook_secret_wo_version", Value::Int(1)}}),
      ElementsAre(HasSubstr("webhook_secret_wo is set, so webhook_url has to be set too.")));
}

TEST(ClusterTest, BadInputGetsOneErrorOnItsAttribute) {
  const auto errors = [](const std::string& attribute, Value value) {
    Value::Map config = {{"name", Text("orders")}};
    config[attribute] = std::move(value);
    return Errors(Cluster(), config);
  };
  EXPECT_THAT(errors("engine", Text("oracle")),
              ElementsAre(R"(engine: engine must be "postgresql", not "oracle".)"));
  EXPECT_THAT(errors("engine_version", Text("latest")),
              ElementsAre(HasSubstr("engine_version: engine_version must be a version")));
  EXPECT_THAT(errors("node_count", Value::Int(0)),
              ElementsAre("node_count: node_count must be between 1 and 9, not 0."));
  EXPECT_THAT(errors("node_count", Value::Int(99)), ElementsAre(HasSubstr("node_count: ")));
  EXPECT_THAT(errors("name", Text("Orders")), ElementsAre(HasSubstr("name: name must be at most")));
  EXPECT_THAT(errors("name", Text(std::string(80, 'a'))), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(errors("name", Text("dbaas-management")), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(errors("resources", SizeOf(1, "-1GiB")),
              ElementsAre(HasSubstr("resources[\"memory\"]: memory must be an amount of memory")));
  EXPECT_THAT(
      errors("resources", SizeOf(0, "1GiB")),
      ElementsAre("resources[\"cpu\"]: cpu must be greater than 0 and at most 8192, not 0."));
  EXPECT_THAT(errors("instance_class", Text("db.huge")),
              ElementsAre(HasSubstr("instance_class: instance_class must be one of")));
  EXPECT_THAT(errors("port", Value::Int(80)), ElementsAre(HasSubstr("port: ")));
  EXPECT_THAT(errors("username", Text("Admin")), ElementsAre(HasSubstr("username: ")));
  EXPECT_THAT(errors("db_name", Text("a b")), ElementsAre(HasSubstr("db_name: ")));
  EXPECT_THAT(errors("image", Text("")), ElementsAre(HasSubstr("image: ")));
  EXPECT_THAT(errors("backup_directory", Text("srv")), ElementsAre(HasSubstr("absolute")));
  EXPECT_THAT(errors("password_wo", Text("correct horse")),
              ElementsAre(HasSubstr("password_wo: ")));
  EXPECT_THAT(errors("password_wo", Text("short")), ElementsAre(HasSubstr("password_wo: ")));
}

TEST(ClusterTest, RulesAcrossAttributes) {
  EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")},
                                 {"instance_class", Text("db.small")},
                                 {"resources", SizeOf(1, "1GiB")}}),
              ElementsAre(HasSubstr("instance_class: ")));
  EXPECT_THAT(
      Errors(Cluster(), {{"name", Text("orders")}, {"synchronous_replication", Value::Bool(true)}}),
      ElementsAre(HasSubstr("synchronous_replication: ")));
  EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")},
                                 {"node_count", Value::Int(2)},
                                 {"synchronous_replication", Value::Bool(true)}}),
              IsEmpty());
  EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")},
                                 {"node_count", Value::Unknown()},
                                 {"synchronous_replication", Value::Bool(true)}}),
              IsEmpty());
  EXPECT_THAT(Errors(Cluster(), {{"name", Text("orders")},
                                 {"port", Value::Int(6000)},
                                 {"reader_port", Value::Int(6000)}}),
              ElementsAre(HasSubstr("reader_port: ")));
}

ClusterView OrdersView() {
  ClusterView view;
  view.id = {"local", "orders"};
  view.parts["cluster"] = ClusterSpec{.name = "orders",
                                      .engine = "postgresql",
                                      .engine_version = "17",
                                      .node_count = 2,
                                      .instance_class = "db.small",
                                      .resources = FindInstanceClass("db.small")->resources,
                                      .parameters = {{"work_mem", "16MB"}},
                                      .password_version = 0};
  view.parts["replica/reports"] = ReplicaSpec{.name = "reports"};
  view.status = "running";
  view.address = "127.0.0.1";
  view.port = 15432;
  view.reader_port = 15433;
  view.version_actual = "17.6";
  view.ca_certificate_pem = "PEM";
  view.members = {{.name = "orders-1", .part = "cluster", .instance = "running"},
                  {.name = "orders-2", .part = "cluster", .instance = "missing"},
                  {.name = "orders-reports",
                   .part = "replica/reports",
                   .instance = "running",
                   .port = 15440,
                   .address = "127.0.0.1"}};
  view.drift["cluster"] = {"instance orders-2 is missing"};
  return view;
}

const PartAddress kOrders{.host = "", .cluster = "orders", .key = "cluster"};

TEST(ClusterTest, AnImportFillsEveryAttributeSoThatTheNextPlanIsEmpty) {
  ClusterView view = OrdersView();
  view.drift.clear();
  const Value state = Cluster().to_state(Value::Null(), view, kOrders, true);
  EXPECT_EQ(state,
            Whole(Cluster().schema, {{"name", Text("orders")},
                                     {"host_name", Text("local")},
                                     {"engine", Text("postgresql")},
                                     {"engine_version", Text("17")},
                                     {"node_count", Value::Int(2)},
                                     {"instance_class", Text("db.small")},
                                     {"parameters", Value::Object({{"work_mem", Text("16MB")}})},
                                     {"synchronous_replication", Value::Bool(false)},
                                     {"publicly_accessible", Value::Bool(false)},
                                     {"port", Value::Int(15432)},
                                     {"reader_port", Value::Int(15433)},
                                     {"username", Text("admin")},
                                     {"db_name", Text("app")},
                                     {"deletion_protection", Value::Bool(true)},
                                     {"max_disruption", Text("failover")},
                                     {"reconcile", Text("off")},
                                     {"id", Text("local/orders")},
                                     {"host", Text("127.0.0.1")},
                                     {"endpoint", Text("127.0.0.1:15432")},
                                     {"reader_endpoint", Text("127.0.0.1:15433")},
                                     {"members", Texts({"orders-1", "orders-2"})},
                                     {"engine_version_actual", Text("17.6")},
                                     {"ca_cert", Text("PEM")},
                                     {"drift", Value::ListOf({})}}));
  const Value config =
      Whole(Cluster().schema, {{"name", Text("orders")},
                               {"node_count", Value::Int(2)},
                               {"parameters", Value::Object({{"work_mem", Text("16MB")}})}});
  const auto plan = PlanValue(Cluster().schema, state, config);
  EXPECT_THAT(plan.changed, IsEmpty());
}

TEST(ClusterTest, ARefreshShowsDriftAndThePlanMakesItGo) {
  const Value state = Cluster().to_state(Value::Null(), OrdersView(), kOrders, true);
  EXPECT_EQ(state.at("drift"), Texts({"instance orders-2 is missing"}));
  const Value config =
      Whole(Cluster().schema, {{"name", Text("orders")},
                               {"node_count", Value::Int(2)},
                               {"parameters", Value::Object({{"work_mem", Text("16MB")}})}});
  const auto plan = PlanValue(Cluster().schema, state, config);
  EXPECT_THAT(plan.changed, ElementsAre("drift"));
  EXPECT_EQ(plan.planned.at("drift"), Value::ListOf({}));
}

TEST(ClusterTest, ARefreshKeepsTheSpellingOfMemory) {
  ClusterView view = OrdersView();
  auto& spec = std::get<ClusterSpec>(view.parts["cluster"]);
  spec.instance_class = "";
  spec.resources = {.cpu = 2, .memory_bytes = kGiB};
  const Value imported = Cluster().to_state(Value::Null(), view, kOrders, true);
  EXPECT_EQ(imported.at("resources"), SizeOf(2, "1GiB"));
  EXPECT_TRUE(imported.at("instance_class").is_null());
  const Value spelled = With(imported, {{"resources", SizeOf(2, "1024MiB")}});
  EXPECT_EQ(Cluster().to_state(spelled, view, kOrders, true), spelled);
  spec.resources.memory_bytes = 2 * kGiB;
  EXPECT_EQ(Cluster().to_state(spelled, view, kOrders, true).at("resources"), SizeOf(2, "2GiB"));
}

TEST(ClusterTest, ARefreshShowsWhatSomeoneElseChanged) {
  const Value state = Cluster().to_state(Value::Null(), OrdersView(), kOrders, true);
  ClusterView view = OrdersView();
  auto& spec = std::get<ClusterSpec>(view.parts["cluster"]);
  spec.node_count = 3;
  spec.parameters.clear();
  spec.image = "other:1";
  spec.backup_directory = "/srv/backups";
  spec.password_version = 7;
  const Value refreshed = Cluster().to_state(state, view, kOrders, true);
  EXPECT_EQ(refreshed.at("node_count"), Value::Int(3));
  EXPECT_EQ(refreshed.at("parameters"), Value::Object({}));
  EXPECT_EQ(refreshed.at("image"), Text("other:1"));
  EXPECT_EQ(refreshed.at("backup_directory"), Text("/srv/backups"));
  EXPECT_EQ(refreshed.at("password_wo_version"), Value::Int(7));
}

TEST(ClusterTest, WhatAnUpdateLeavesAlone) {
  ClusterView view = OrdersView();
  view.drift.clear();
  const Value state = Cluster().to_state(Value::Null(), view, kOrders, true);
  const auto unknowns = [&](Value::Map config_members) {
    config_members.try_emplace("name", Text("orders"));
    const Value config = Whole(Cluster().schema, config_members);
    const auto plan = PlanValue(Cluster().schema, state, config);
    std::vector<std::string> names;
    for (const auto& [name, value] : plan.planned.as_map()) {
      if (value.is_unknown()) names.push_back(name);
    }
    return names;
  };
  EXPECT_THAT(
      unknowns({{"deletion_protection", Value::Bool(false)}, {"node_count", Value::Int(2)}}),
      IsEmpty());
  EXPECT_THAT(unknowns({{"node_count", Value::Int(3)}}), ElementsAre("members"));
  EXPECT_THAT(unknowns({{"node_count", Value::Int(2)}, {"port", Value::Int(7000)}}),
              ElementsAre("endpoint"));
  EXPECT_THAT(unknowns({{"node_count", Value::Int(2)}, {"engine_version", Text("18")}}),
              ElementsAre("engine_version_actual"));
}

TEST(ClusterTest, Addresses) {
  const Value state =
      Whole(Cluster().schema, {{"name", Text("orders")}, {"host_name", Text("east")}});
  EXPECT_EQ(Cluster().address(state)->host, "east");
  EXPECT_EQ(Cluster().address(state)->cluster, "orders");
  EXPECT_EQ(Cluster().address(state)->key, "cluster");
  EXPECT_EQ(Cluster().address(With(state, {{"host_name", Value::Unknown()}}))->host, "");
}

// ---- dbaas_replica -----------------------------------------------------------------------------

TEST(ReplicaTest, WithoutASizeItTakesTheClusters) {
  EXPECT_EQ(SpecOf<ReplicaSpec>(Replica(),
                                {{"cluster_id", Text("local/orders")}, {"name", Text("reports")}}),
            (ReplicaSpec{.name = "reports"}));
}

TEST(ReplicaTest, ASizeOfItsOwn) {
  const Value::Map base = {{"cluster_id", Text("local/orders")}, {"name", Text("reports")}};
  Value::Map by_class = base;
  by_class["instance_class"] = Text("db.medium");
  EXPECT_EQ(SpecOf<ReplicaSpec>(Replica(), by_class),
            (ReplicaSpec{.name = "reports",
                         .instance_class = "db.medium",
                         .resources = FindInstanceClass("db.medium")->resources}));
  Value::Map by_numbers = base;
  by_numbers["resources"] = SizeOf(2, "1GiB");
  EXPECT_EQ(SpecOf<ReplicaSpec>(Replica(), by_numbers),
            (ReplicaSpec{.name = "reports", .resources = Resources{2, kGiB}}));
}

TEST(ReplicaTest, AnImportFillsEveryAttribute) {
  const PartAddress address{.cluster = "orders", .key = "replica/reports"};
  const Value state = Replica().to_state(Value::Null(), OrdersView(), address, true);
  EXPECT_EQ(state, Whole(Replica().schema, {{"cluster_id", Text("local/orders")},
                                            {"name", Text("reports")},
                                            {"id", Text("local/orders/reports")},
                                            {"member", Text("orders-reports")},
                                            {"host", Text("127.0.0.1")},
                                            {"port", Value::Int(15440)},
                                            {"endpoint", Text("127.0.0.1:15440")},
                                            {"drift", Value::ListOf({})}}));
}

TEST(ReplicaTest, BadInputGetsOneErrorOnItsAttribute) {
  const auto errors = [](const std::string& attribute, Value value) {
    Value::Map config = {{"cluster_id", Text("local/orders")}, {"name", Text("reports")}};
    config[attribute] = std::move(value);
    return Errors(Replica(), config);
  };
  EXPECT_THAT(errors("name", Text("reports")), IsEmpty());
  EXPECT_THAT(errors("name", Text("Reports")), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(errors("name", Text(std::string(21, 'a'))), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(errors("name", Text("proxy")), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(errors("cluster_id", Text("orders")), ElementsAre(HasSubstr("cluster_id: ")));
}

TEST(ReplicaTest, ItBelongsToItsCluster) {
  const Value state =
      Whole(Replica().schema, {{"cluster_id", Text("east/orders")}, {"name", Text("reports")}});
  const auto address = Replica().address(state);
  EXPECT_EQ(address->host, "east");
  EXPECT_EQ(address->cluster, "orders");
  EXPECT_EQ(address->key, "replica/reports");
}

// ---- dbaas_backup ------------------------------------------------------------------------------

const ResourceType& KeptBackup() { return *AllTypes().FindResource("dbaas_backup"); }

const Value::Map kBeforeUpgrade = {{"cluster_id", Text("local/orders")},
                                   {"name", Text("before-upgrade")}};

TEST(KeptBackupTest, IsAFullOneThatIsKeptForEverUnlessToldOtherwise) {
  EXPECT_EQ(SpecOf<BackupSpec>(KeptBackup(), kBeforeUpgrade),
            (BackupSpec{.name = "before-upgrade"}));
  Value::Map config = kBeforeUpgrade;
  config["type"] = Text("incremental");
  config["description"] = Text("why");
  config["keep_until"] = Text("2027-01-31T01:00:00+01:00");
  EXPECT_EQ(SpecOf<BackupSpec>(KeptBackup(), config),
            (BackupSpec{.name = "before-upgrade",
                        .kind = BackupKind::kIncremental,
                        .description = "why",
                        .keep_until = ToTimePoint("2027-01-31T00:00:00.000Z")}));
}

TEST(KeptBackupTest, AnImportFillsEveryAttribute) {
  ClusterView view = OrdersView();
  const PartAddress address{.cluster = "orders", .key = "backup/before-upgrade"};
  view.parts[address.key] = BackupSpec{.name = "before-upgrade"};
  view.kept_backups[address.key] = {.id = "20261121-020000F",
                                    .began = ToTimePoint("2026-11-21T02:00:00.000Z"),
                                    .ended = ToTimePoint("2026-11-21T02:00:02.000Z"),
                                    .database_bytes = 31142912,
                                    .repository_bytes = 3774873,
                                    .last_position = "0/2000120",
                                    .place = "volume"};
  Value::Map expected = kBeforeUpgrade;
  expected.merge(Value::Map{{"type", Text("full")},
                            {"id", Text("local/orders/before-upgrade")},
                            {"backup_id", Text("20261121-020000F")},
                            {"began", Text("2026-11-21T02:00:00Z")},
                            {"ended", Text("2026-11-21T02:00:02Z")},
                            {"database_bytes", Value::Int(31142912)},
                            {"repository_bytes", Value::Int(3774873)},
                            {"last_position", Text("0/2000120")},
                            {"storage", Text("volume")},
                            {"drift", Value::ListOf({})}});
  EXPECT_EQ(KeptBackup().to_state(Value::Null(), view, address, true),
            Whole(KeptBackup().schema, expected));
}

TEST(KeptBackupTest, BadInputGetsOneErrorOnItsAttribute) {
  const auto errors = [](const std::string& attribute, const char* value) {
    Value::Map config = kBeforeUpgrade;
    config[attribute] = Text(value);
    return Errors(KeptBackup(), config);
  };
  EXPECT_THAT(errors("type", "differential"), IsEmpty());
  for (const char* attribute : {"name", "type", "keep_until", "cluster_id"}) {
    EXPECT_THAT(errors(attribute, "Tomorrow!"),
                ElementsAre(HasSubstr(std::string(attribute) + ": ")));
  }
}

TEST(BackupPolicyTest, TheRecoveryWindowIsADurationAndNoRetentionByItself) {
  const auto policy = [](const Value& full, const char* window) {
    return Value::Map{{"cluster_id", Text("local/orders")},
                      {"retention", Value::Object({{"full", full},
                                                   {"days", Value::Null()},
                                                   {"min_recovery_window", Text(window)}})}};
  };
  const ResourceType& type = *AllTypes().FindResource("dbaas_backup_policy");
  const Value null = Value::Null();
  EXPECT_EQ(SpecOf<BackupPolicySpec>(type, policy(Value::Int(3), "1h30m")).recovery_window_seconds,
            5400);
  EXPECT_THAT(Errors(type, policy(null, "72h")),
              ElementsAre(HasSubstr("Either full or days has to be set")));
  EXPECT_THAT(Errors(type, policy(Value::Int(3), "3 days")),
              ElementsAre(HasSubstr("min_recovery_window must be a duration")));
}

// ---- Ids ---------------------------------------------------------------------------------------

TEST(IdsTest, TheHostMayBeLeftOut) {
  EXPECT_EQ(ParseClusterAddress("east/orders")->host, "east");
  EXPECT_EQ(ParseClusterAddress("orders")->host, "");
  EXPECT_EQ(ParseClusterAddress("orders")->cluster, "orders");
  EXPECT_EQ(ParseReplicaAddress("east/orders/reports")->host, "east");
  EXPECT_EQ(ParseReplicaAddress("orders/reports")->host, "");
  EXPECT_EQ(ParseReplicaAddress("orders/reports")->cluster, "orders");
  EXPECT_EQ(ParseReplicaAddress("orders/reports")->key, "replica/reports");
}

TEST(IdsTest, AnythingElseSaysTheForm) {
  for (const char* bad : {"", "/", "a/", "/a", "a/b/c"}) {
    const auto address = ParseClusterAddress(bad);
    ASSERT_FALSE(address.has_value()) << bad;
    EXPECT_EQ(address.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(address.error().detail, HasSubstr("local/orders"));
  }
  for (const char* bad : {"", "a", "a//b", "a/b/c/d"}) {
    EXPECT_FALSE(ParseReplicaAddress(bad).has_value()) << bad;
  }
}

TEST(IdsTest, Endpoints) {
  EXPECT_EQ(Endpoint("127.0.0.1", 5432), "127.0.0.1:5432");
  EXPECT_EQ(Endpoint("fd00::1", 5432), "[fd00::1]:5432");
}

// ---- Data sources ------------------------------------------------------------------------------

Value Answer(const std::string& name, const Value::Map& config, const DataAnswer& answer) {
  const DataSourceType& type = *AllTypes().FindDataSource(name);
  const auto state = type.to_state(Whole(type.schema, config), answer);
  EXPECT_TRUE(state.has_value());
  EXPECT_TRUE(state->is_wholly_known());
  EXPECT_EQ(state->as_map().size(), type.schema.attributes.size());
  return *state;
}

DataQuery Query(const DataSourceType& type, const Value::Map& config) {
  return *type.query(Whole(type.schema, config));
}

TEST(DataClusterTest, AsksForOneCluster) {
  const DataSourceType& type = *AllTypes().FindDataSource("dbaas_cluster");
  EXPECT_EQ(Query(type, {{"name", Text("orders")}}).cluster, "orders");
  EXPECT_EQ(Query(type, {{"name", Text("orders")}, {"host_name", Text("east")}}).cluster,
            "east/orders");
}

TEST(DataClusterTest, ShowsRolesLagAndHealth) {
  ClusterView view = OrdersView();
  view.members[0].facts = {.role = Role::kPrimary, .running = true, .state = "running"};
  view.members[1].facts = {.role = Role::kStandby,
                           .running = true,
                           .streaming = true,
                           .synchronous = true,
                           .lag_bytes = 42,
                           .pending_restart = true,
                           .state = "streaming"};
  view.members[2].facts = {.role = Role::kReplica, .running = true, .state = "starting"};
  view.troubles = {"instance orders-reports is slow"};
  const Value state = Answer("dbaas_cluster", {{"name", Text("orders")}}, {.clusters = {view}});
  EXPECT_EQ(state.at("id"), Text("local/orders"));
  EXPECT_EQ(state.at("host_name"), Text("local"));
  EXPECT_EQ(state.at("primary"), Text("orders-1"));
  EXPECT_EQ(state.at("status"), Text("running"));
  EXPECT_EQ(state.at("node_count"), Value::Int(2));
  EXPECT_EQ(state.at("troubles"), Texts({"instance orders-reports is slow"}));
  EXPECT_EQ(state.at("drift"), Texts({"instance orders-2 is missing"}));
  ASSERT_EQ(state.at("members").as_list().size(), 3u);
  const Value& standby = state.at("members").as_list()[1];
  EXPECT_EQ(standby, Value::Object({{"name", Text("orders-2")},
                                    {"role", Text("standby")},
                                    {"healthy", Value::Bool(true)},
                                    {"instance", Text("missing")},
                                    {"state", Text("streaming")},
                                    {"streaming", Value::Bool(true)},
                                    {"synchronous", Value::Bool(true)},
                                    {"lag_bytes", Value::Int(42)},
                                    {"pending_restart", Value::Bool(true)},
                                    {"host", Value::Null()},
                                    {"port", Value::Null()}}));
  const Value& replica = state.at("members").as_list()[2];
  EXPECT_EQ(replica.at("healthy"), Value::Bool(false));  // It runs, but does not stream.
  EXPECT_EQ(replica.at("host"), Text("127.0.0.1"));
  EXPECT_EQ(replica.at("port"), Value::Int(15440));
  EXPECT_EQ(state.at("members").as_list()[0].at("healthy"), Value::Bool(true));
}

TEST(DataClusterTest, WithoutAPrimaryThereIsNone) {
  const Value state =
      Answer("dbaas_cluster", {{"name", Text("orders")}}, {.clusters = {OrdersView()}});
  EXPECT_TRUE(state.at("primary").is_null());
}

TEST(DataClustersTest, ListsThemAll) {
  const DataSourceType& type = *AllTypes().FindDataSource("dbaas_clusters");
  EXPECT_TRUE(Query(type, {}).list_clusters);
  EXPECT_EQ(Query(type, {}).host, "");
  EXPECT_EQ(Query(type, {{"host_name", Text("east")}}).host, "east");
  const Value state = Answer("dbaas_clusters", {}, {.clusters = {OrdersView()}});
  EXPECT_TRUE(state.at("host_name").is_null());
  EXPECT_EQ(state.at("ids"), Texts({"local/orders"}));
  EXPECT_EQ(state.at("clusters").as_list()[0].at("endpoint"), Text("127.0.0.1:15432"));
  EXPECT_EQ(Answer("dbaas_clusters", {}, {}).at("ids"), Value::ListOf({}));
}

TEST(DataEngineVersionsTest, FiltersByEngine) {
  const DataAnswer answer{.engine_versions = {{"postgresql", "17", true},
                                              {"postgresql", "15", false},
                                              {"other", "1", true}}};
  const Value all = Answer("dbaas_engine_versions", {}, answer);
  EXPECT_EQ(all.at("versions").as_list().size(), 3u);
  const Value one = Answer("dbaas_engine_versions", {{"engine", Text("postgresql")}}, answer);
  EXPECT_EQ(one.at("engine"), Text("postgresql"));
  EXPECT_THAT(one.at("versions").as_list(),
              ElementsAre(Value::Object({{"engine", Text("postgresql")},
                                         {"version", Text("17")},
                                         {"is_default", Value::Bool(true)}}),
                          Value::Object({{"engine", Text("postgresql")},
                                         {"version", Text("15")},
                                         {"is_default", Value::Bool(false)}})));
}

TEST(DataInstanceClassesTest, ShowsSizes) {
  const Value state = Answer("dbaas_instance_classes", {}, {});
  EXPECT_EQ(state.at("classes").as_list().size(), InstanceClasses().size());
  EXPECT_THAT(state.at("classes").as_list(),
              Contains(Value::Object({{"name", Text("db.medium")},
                                      {"cpu", Value::Int(2)},
                                      {"memory", Text("4GiB")},
                                      {"memory_bytes", Value::Int(4 * kGiB)}})));
}

// ---- The provider block ------------------------------------------------------------------------

Value HostBlock(Value name, Value docker) {
  return Value::Object({{"name", std::move(name)}, {"docker", std::move(docker)}});
}
Value Provider(Value::List hosts) {
  return Value::Object({{"host", Value::ListOf(std::move(hosts))}});
}

TEST(ProviderTest, ReadsItsHosts) {
  const Value docker = Value::Object({{"endpoint", Text("tcp://db1:2376")},
                                      {"cert_path", Text("/certs")},
                                      {"tls_verify", Value::Bool(true)}});
  const auto hosts = ReadProviderHosts(
      Provider({HostBlock(Text("local"), Value::Null()), HostBlock(Text("db1"), docker)}));
  ASSERT_TRUE(hosts.has_value());
  ASSERT_EQ(hosts->size(), 2u);
  EXPECT_EQ((*hosts)[0].name, "local");
  EXPECT_EQ((*hosts)[0].docker_endpoint, "");
  EXPECT_EQ((*hosts)[0].tls_verify, std::nullopt);
  EXPECT_EQ((*hosts)[1].docker_endpoint, "tcp://db1:2376");
  EXPECT_EQ((*hosts)[1].cert_path, "/certs");
  EXPECT_EQ((*hosts)[1].tls_verify, true);
}

TEST(ProviderTest, NoBlockIsNoHost) {
  EXPECT_THAT(*ReadProviderHosts(Provider({})), IsEmpty());
  EXPECT_THAT(*ReadProviderHosts(Value::Null()), IsEmpty());
}

TEST(ProviderTest, HostsHaveNamesOfTheirOwn) {
  const auto found = CheckProvider(
      Provider({HostBlock(Text("a"), Value::Null()), HostBlock(Value::Unknown(), Value::Null()),
                HostBlock(Text("a"), Value::Null())}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(ToText(found[0].path), "host[2].name");
  EXPECT_THAT(CheckProvider(Value::Null()), IsEmpty());
}

Value KubernetesHost(Value::Map block) {
  return Value::Object({{"name", Text("prod")}, {"kubernetes", Value::Object(std::move(block))}});
}

TEST(ProviderTest, ReadsANamespaceOfKubernetes) {
  const auto plain = ReadProviderHosts(Provider({KubernetesHost({})}));
  ASSERT_TRUE(plain.has_value()) << plain.error().ToLine();
  EXPECT_EQ((*plain)[0].kind, HostConfig::Kind::kKubernetes);
  EXPECT_EQ((*plain)[0].kubernetes, KubernetesConfig());

  const auto full = ReadProviderHosts(Provider({KubernetesHost({{"config_path", Text("/k")},
                                                                {"context", Text("prod")},
                                                                {"namespace", Text("db")},
                                                                {"storage_class", Text("fast")},
                                                                {"volume_size", Text("1GiB")},
                                                                {"service_type", Text("NodePort")},
                                                                {"cluster_domain", Text("x.y")},
                                                                {"address", Text("node")}})}));
  ASSERT_TRUE(full.has_value()) << full.error().ToLine();
  const KubernetesConfig wanted{.config_path = "/k",
                                .context = "prod",
                                .namespace_name = "db",
                                .storage_class = "fast",
                                .volume_bytes = kGiB,
                                .node_ports = true,
                                .cluster_domain = "x.y",
                                .address = "node"};
  EXPECT_EQ((*full)[0].kubernetes, wanted);
}

TEST(ProviderTest, AHostHasOneDriver) {
  const Value block = Value::Object({});
  const auto found = CheckProvider(Provider({Value::Object(
      {{"name", Text("a")}, {"docker", block}, {"process", block}, {"kubernetes", block}})}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(ToText(found[0].path), "host[0].process");
  EXPECT_EQ(ToText(found[1].path), "host[0].kubernetes");
  EXPECT_EQ(found[1].detail, "A host has either a docker block or a kubernetes block.");
}

TEST(ProviderTest, TheBlockOfKubernetesIsChecked) {
  const auto found = CheckValues(
      ProviderSchema(), Provider({KubernetesHost({{"namespace", Text("No_Name")},
                                                  {"volume_size", Text("10")},
                                                  {"service_type", Text("LoadBalancer")}})}));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(ToText(found[0].path), "host[0].kubernetes.namespace");
  EXPECT_EQ(ToText(found[1].path), "host[0].kubernetes.volume_size");
  EXPECT_EQ(ToText(found[2].path), "host[0].kubernetes.service_type");
}

TEST(ProviderTest, NamesAndEndpointsAreChecked) {
  const auto found = CheckValues(
      ProviderSchema(), Provider({HostBlock(Text("No"), Value::Object({{"endpoint", Text("")}}))}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(ToText(found[0].path), "host[0].name");
  EXPECT_EQ(ToText(found[1].path), "host[0].docker.endpoint");
}

}  // namespace
}  // namespace dbaas

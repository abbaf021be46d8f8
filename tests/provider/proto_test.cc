// SPDX-License-Identifier: MPL-2.0
#include <gtest/gtest.h>

#include <set>

#include "provider/from_proto.h"
#include "provider/object_type.h"
#include "provider/to_proto.h"
#include "tests/provider/object_types.h"

namespace dbaas {
namespace {

Attribute Named(const std::string& name, Type type) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = std::move(type);
  return attribute;
}

Schema ProviderLike() {
  Schema schema;
  schema.upgrades.resize(3);
  schema.description = "A provider.";
  schema.attributes = {Named("zone", Type::String()), Named("account", Type::Number())};
  Block docker;
  docker.name = "docker";
  docker.attributes = {Named("endpoint", Type::String())};
  Block host;
  host.name = "host";
  host.nesting = Block::Nesting::kList;
  host.attributes = {Named("name", Type::String())};
  host.blocks = {docker};
  schema.blocks = {host};
  return schema;
}

TEST(ObjectTypeTest, BlocksAreMembersInOrderOfName) {
  EXPECT_EQ(ObjectType(ProviderLike()).ToJson(),
            R"(["object",{"account":"number","host":["list",["object",{"docker":["object",)"
            R"({"endpoint":"string"}],"name":"string"}]],"zone":"string"}])");
  std::vector<std::string> names;
  for (const Attribute& member : ObjectType(ProviderLike()).members) names.push_back(member.name);
  EXPECT_EQ(names, (std::vector<std::string>{"account", "host", "zone"}));
}

TEST(ObjectTypeTest, AbsentBlocksAreEmptyListsOrNull) {
  const Value object = WithEmptyBlocks(Value::Object({{"zone", Value::Null()}}), ProviderLike());
  EXPECT_EQ(object.at("host"), Value::ListOf({}));
  const Value one = WithEmptyBlocks(Value::Object({{"host", Value::ListOf({Value::Object({})})}}),
                                    ProviderLike());
  EXPECT_TRUE(one.at("host").as_list().at(0).at("docker").is_null());
  EXPECT_TRUE(WithEmptyBlocks(Value::Null(), ProviderLike()).is_null());
  EXPECT_TRUE(WithEmptyBlocks(Value::Unknown(), ProviderLike()).is_unknown());
}

/// Blocks of the two nestings that ProviderLike() does not have.
Schema Unordered() {
  Block peg;
  peg.name = "peg";
  peg.attributes = {Named("size", Type::Number())};
  Block drawer;
  drawer.name = "drawer";
  drawer.nesting = Block::Nesting::kSet;
  Block door;
  door.name = "door";
  door.nesting = Block::Nesting::kMap;
  door.blocks = {peg, drawer};
  Schema schema;
  schema.blocks = {drawer, door};
  return schema;
}

TEST(ObjectTypeTest, BlocksMayBeSetsAndMaps) {
  EXPECT_EQ(ObjectType(Unordered()).ToJson(),
            R"(["object",{"door":["map",["object",{"drawer":["set",["object",{}]],)"
            R"("peg":["object",{"size":"number"}]}]],"drawer":["set",["object",{}]]}])");
  const Value one = WithEmptyBlocks(
      Value::Object({{"door", Value::Object({{"left", Value::Object({})}})}}), Unordered());
  EXPECT_EQ(one.at("drawer"), Value::ListOf({}));
  EXPECT_EQ(one.at("door").at("left").at("drawer"), Value::ListOf({}));
  EXPECT_TRUE(one.at("door").at("left").at("peg").is_null());
  EXPECT_EQ(WithEmptyBlocks(Value::Object({}), Unordered()).at("door"), Value::Object({}));
}

TEST(FromProtoTest, MsgpackThenJsonThenNull) {
  tfplugin6::DynamicValue dynamic;
  EXPECT_TRUE(FromProto(dynamic, Type::String(), "the value")->is_null());
  dynamic.set_json("\"from json\"");
  EXPECT_EQ(*FromProto(dynamic, Type::String(), "the value"), Value::String("from json"));
  dynamic.set_msgpack(FromHex("a178"));
  EXPECT_EQ(*FromProto(dynamic, Type::String(), "the value"), Value::String("x"));
  dynamic.set_msgpack("\xc1");
  const auto broken = FromProto(dynamic, Type::String(), "the prior state");
  ASSERT_FALSE(broken.has_value());
  EXPECT_TRUE(broken.error().ToLine().starts_with("reading the prior state: "));
}

TEST(FromProtoTest, StoredStateIsReadAsOneOfToday) {
  const Schema schema = ProviderLike();
  tfplugin6::RawState raw;
  raw.set_json(R"({"zone":"a","host":null,"removed":1})");
  const auto state = FromProto(raw, schema.version(), schema, ObjectType(schema));
  ASSERT_TRUE(state.has_value()) << state.error().ToLine();
  EXPECT_EQ(*state, Value::Object({{"account", Value::Null()},
                                   {"host", Value::ListOf({})},
                                   {"zone", Value::String("a")}}));
  (*raw.mutable_flatmap())["zone"] = "a";
  EXPECT_FALSE(FromProto(raw, schema.version(), schema, ObjectType(schema)).has_value());
}

TEST(ToProtoTest, DiagnosticsKeepSeverityAndPath) {
  DiagnosticList list;
  AddDiagnostics({{.severity = Diagnostic::Severity::kWarning,
                   .summary = "Careful",
                   .detail = "It is late.",
                   .path = {{AttributeStep::Kind::kAttribute, "parameters", 0},
                            {AttributeStep::Kind::kMapKey, "work_mem", 0},
                            {AttributeStep::Kind::kIndex, "", 2}}},
                  {.summary = "caf\xe9"}},
                 list);
  ASSERT_EQ(list.size(), 2);
  EXPECT_EQ(list[0].severity(), tfplugin6::Diagnostic::WARNING);
  EXPECT_EQ(list[0].summary(), "Careful");
  EXPECT_EQ(list[0].detail(), "It is late.");
  ASSERT_EQ(list[0].attribute().steps_size(), 3);
  EXPECT_EQ(list[0].attribute().steps(0).attribute_name(), "parameters");
  EXPECT_EQ(list[0].attribute().steps(1).element_key_string(), "work_mem");
  EXPECT_EQ(list[0].attribute().steps(2).element_key_int(), 2);
  EXPECT_EQ(list[1].severity(), tfplugin6::Diagnostic::ERROR);
  EXPECT_FALSE(list[1].has_attribute());
  EXPECT_EQ(list[1].summary(), "caf\xef\xbf\xbd") << "protobuf carries UTF-8 only";
}

TEST(ToProtoTest, NestedObjectsAndBlocksKeepTheirShape) {
  Schema schema = ProviderLike();
  schema.attributes.push_back(Named("members", Type::ListOf(ObjectOf({{"role", Type::String()}}))));
  schema.attributes.back().computed = true;
  schema.attributes.push_back(Named("password_wo", Type::String()));
  schema.attributes.back().optional = true;
  schema.attributes.back().write_only = true;
  schema.attributes.back().sensitive = true;
  schema.attributes.back().deprecated = "Use none.";
  const tfplugin6::Schema proto = ToProto(schema);
  EXPECT_EQ(proto.version(), 3);
  const auto& block = proto.block();
  ASSERT_EQ(block.attributes_size(), 4);
  EXPECT_EQ(block.attributes(0).name(), "zone") << "the order of the table is kept";
  EXPECT_EQ(block.attributes(0).type(), "\"string\"");
  EXPECT_FALSE(block.attributes(0).has_nested_type());
  EXPECT_TRUE(block.attributes(2).type().empty()) << "type and nested_type exclude each other";
  EXPECT_TRUE(block.attributes(2).computed());
  EXPECT_EQ(block.attributes(2).nested_type().nesting(), tfplugin6::Schema::Object::LIST);
  EXPECT_EQ(block.attributes(2).nested_type().attributes(0).name(), "role");
  EXPECT_TRUE(block.attributes(3).write_only() && block.attributes(3).sensitive());
  EXPECT_TRUE(block.attributes(3).deprecated() && !block.attributes(2).deprecated());
  EXPECT_EQ(block.attributes(3).deprecation_message(), "Use none.");
  ASSERT_EQ(block.block_types_size(), 1);
  EXPECT_EQ(block.block_types(0).type_name(), "host");
  EXPECT_EQ(block.block_types(0).nesting(), tfplugin6::Schema::NestedBlock::LIST);
  EXPECT_EQ(block.block_types(0).block().block_types(0).nesting(),
            tfplugin6::Schema::NestedBlock::SINGLE);
}

TEST(ToProtoTest, BlocksKeepTheirNesting) {
  const auto block = ToProto(Unordered()).block();
  EXPECT_EQ(block.block_types(0).nesting(), tfplugin6::Schema::NestedBlock::SET);
  EXPECT_EQ(block.block_types(1).nesting(), tfplugin6::Schema::NestedBlock::MAP);
}

/// The rules that Terraform holds a schema to, over everything that this provider really offers.
void ExpectLawful(const tfplugin6::Schema::Block& block, const std::string& where) {
  std::set<std::string> names;
  for (const auto& attribute : block.attributes()) {
    const std::string place = where + "." + attribute.name();
    EXPECT_TRUE(names.insert(attribute.name()).second) << place;
    EXPECT_TRUE(attribute.required() || attribute.optional() || attribute.computed()) << place;
    EXPECT_FALSE(attribute.required() && (attribute.optional() || attribute.computed())) << place;
    EXPECT_NE(attribute.type().empty(), !attribute.has_nested_type()) << place;
    EXPECT_FALSE(attribute.write_only() && attribute.computed()) << place;
    EXPECT_FALSE(attribute.description().empty()) << place;
  }
  for (const auto& nested : block.block_types()) {
    EXPECT_TRUE(names.insert(nested.type_name()).second) << where << "." << nested.type_name();
    ExpectLawful(nested.block(), where + "." + nested.type_name());
  }
}

TEST(ToProtoTest, EverySchemaOfTheProviderIsLawful) {
  const auto response = SchemaResponse(AllTypes());
  ASSERT_TRUE(response.has_provider());
  EXPECT_TRUE(response.server_capabilities().plan_destroy());
  EXPECT_TRUE(response.server_capabilities().get_provider_schema_optional());
  EXPECT_EQ(response.diagnostics_size(), 0);
  ExpectLawful(response.provider().block(), "provider");
  const std::set<std::string> reserved = {"count",       "for_each", "depends_on", "lifecycle",
                                          "provisioner", "provider", "connection"};
  for (const auto& [name, schema] : response.resource_schemas()) {
    ExpectLawful(schema.block(), name);
    for (const auto& attribute : schema.block().attributes()) {
      EXPECT_EQ(reserved.count(attribute.name()), 0u) << name << "." << attribute.name();
    }
  }
  for (const auto& [name, schema] : response.data_source_schemas()) {
    ExpectLawful(schema.block(), name);
    for (const auto& attribute : schema.block().attributes()) {
      EXPECT_FALSE(attribute.write_only()) << name << "." << attribute.name();
    }
  }
  for (const auto& [name, schema] : response.ephemeral_resource_schemas()) {
    ExpectLawful(schema.block(), name);
  }
  for (const auto& [name, schema] : response.list_resource_schemas()) {
    ExpectLawful(schema.block(), name);
    EXPECT_EQ(response.resource_schemas().count(name), 1u) << name;
  }
  EXPECT_EQ(response.resource_schemas().count("dbaas_cluster"), 1u);
}

TEST(ToProtoTest, MetadataNamesWhatTheSchemaHas) {
  const auto schema = SchemaResponse(AllTypes());
  const auto metadata = MetadataResponse(AllTypes());
  EXPECT_EQ(static_cast<std::size_t>(metadata.resources_size()), schema.resource_schemas().size());
  for (const auto& resource : metadata.resources()) {
    EXPECT_EQ(schema.resource_schemas().count(resource.type_name()), 1u) << resource.type_name();
  }
  EXPECT_EQ(static_cast<std::size_t>(metadata.data_sources_size()),
            schema.data_source_schemas().size());
  EXPECT_EQ(static_cast<std::size_t>(metadata.ephemeral_resources_size()),
            schema.ephemeral_resource_schemas().size());
  EXPECT_EQ(static_cast<std::size_t>(metadata.list_resources_size()),
            schema.list_resource_schemas().size());
}

}  // namespace
}  // namespace dbaas

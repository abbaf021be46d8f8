// SPDX-License-Identifier: MPL-2.0
#include "provider/to_proto.h"

#include <algorithm>
#include <utility>

#include "engine/base/json.h"
#include "provider/msgpack.h"

namespace dbaas {
namespace {

using ProtoAttribute = tfplugin6::Schema::Attribute;
using ProtoBlock = tfplugin6::Schema::Block;
using ProtoNestedBlock = tfplugin6::Schema::NestedBlock;
using ProtoObject = tfplugin6::Schema::Object;

/// The object that a nested attribute holds one or many of; null when `type` is no such type.
const Type* NestedObject(const Type& type) {
  if (type.kind == Type::Kind::kObject) return &type;
  if (type.element != nullptr && type.element->kind == Type::Kind::kObject) {
    return type.element.get();
  }
  return nullptr;
}

ProtoObject::NestingMode ObjectNesting(Type::Kind kind) {
  switch (kind) {
    case Type::Kind::kObject: return ProtoObject::SINGLE;
    case Type::Kind::kList: return ProtoObject::LIST;
    case Type::Kind::kSet: return ProtoObject::SET;
    case Type::Kind::kMap: return ProtoObject::MAP;
    default: return ProtoObject::INVALID;
  }
}

ProtoNestedBlock::NestingMode BlockNesting(Block::Nesting nesting) {
  switch (nesting) {
    case Block::Nesting::kSingle: return ProtoNestedBlock::SINGLE;
    case Block::Nesting::kList: return ProtoNestedBlock::LIST;
    case Block::Nesting::kSet: return ProtoNestedBlock::SET;
    case Block::Nesting::kMap: return ProtoNestedBlock::MAP;
  }
  return ProtoNestedBlock::INVALID;
}

void Write(const Attribute& attribute, ProtoAttribute& proto) {
  proto.set_name(attribute.name);
  proto.set_description(attribute.description);
  proto.set_description_kind(tfplugin6::MARKDOWN);
  proto.set_required(attribute.required);
  proto.set_optional(attribute.optional);
  proto.set_computed(attribute.computed);
  proto.set_sensitive(attribute.sensitive);
  proto.set_write_only(attribute.write_only);
  proto.set_deprecated(!attribute.deprecated.empty());
  proto.set_deprecation_message(attribute.deprecated);  // Shown from Terraform 1.15 on.
  const Type* object = NestedObject(attribute.type);
  if (object == nullptr) {
    proto.set_type(attribute.type.ToJson());
    return;
  }
  proto.mutable_nested_type()->set_nesting(ObjectNesting(attribute.type.kind));
  for (const Attribute& member : object->members) {
    Write(member, *proto.mutable_nested_type()->add_attributes());
  }
}

void Write(const std::string& description, const std::vector<Attribute>& attributes,
           const std::vector<Block>& blocks, ProtoBlock& proto) {
  proto.set_description(description);
  proto.set_description_kind(tfplugin6::MARKDOWN);
  for (const Attribute& attribute : attributes) Write(attribute, *proto.add_attributes());
  for (const Block& block : blocks) {
    ProtoNestedBlock& nested = *proto.add_block_types();
    nested.set_type_name(block.name);
    nested.set_nesting(BlockNesting(block.nesting));
    Write(block.description, block.attributes, block.blocks, *nested.mutable_block());
  }
}

void Write(const Parameter& parameter, tfplugin6::Function::Parameter& proto) {
  proto.set_name(parameter.name);
  proto.set_type(parameter.type.ToJson());
  proto.set_description(parameter.description);
  proto.set_description_kind(tfplugin6::MARKDOWN);
}

tfplugin6::Diagnostic ToProto(const Diagnostic& diagnostic) {
  tfplugin6::Diagnostic proto;
  proto.set_severity(diagnostic.severity == Diagnostic::Severity::kWarning
                         ? tfplugin6::Diagnostic::WARNING
                         : tfplugin6::Diagnostic::ERROR);
  proto.set_summary(ToUtf8(diagnostic.summary));
  proto.set_detail(ToUtf8(diagnostic.detail));
  if (!diagnostic.path.empty()) *proto.mutable_attribute() = ToProto(diagnostic.path);
  return proto;
}

}  // namespace

std::string ToUtf8(const std::string& text) {
  // The JSON writer replaces them; what it wrote can always be read back.
  return Json::parse(Dump(text)).get<std::string>();
}

Result<tfplugin6::DynamicValue> ToProto(const Value& value, const Type& type) {
  tfplugin6::DynamicValue proto;
  proto.set_msgpack(TRY_IN(EncodeMsgpack(value, type), "writing the answer"));
  return proto;
}

void AddDiagnostics(const Diagnostics& diagnostics, DiagnosticList& list) {
  for (const Diagnostic& diagnostic : diagnostics) *list.Add() = ToProto(diagnostic);
}

void AddDiagnostic(const Error& error, DiagnosticList& list) {
  // The line holds what was being done, from the outside in; the summary alone would not say where.
  const bool has_context = !error.context.empty();
  AddDiagnostics({{.severity = Diagnostic::Severity::kError,
                   .summary = error.summary,
                   .detail = has_context ? error.ToLine() : error.detail}},
                 list);
}

tfplugin6::AttributePath ToProto(const AttributePath& path) {
  tfplugin6::AttributePath proto;
  for (const AttributeStep& step : path) {
    auto& selector = *proto.add_steps();
    switch (step.kind) {
      case AttributeStep::Kind::kAttribute: selector.set_attribute_name(step.name); break;
      case AttributeStep::Kind::kMapKey: selector.set_element_key_string(step.name); break;
      case AttributeStep::Kind::kIndex: selector.set_element_key_int(step.index); break;
    }
  }
  return proto;
}

tfplugin6::Schema ToProto(const Schema& schema) {
  tfplugin6::Schema proto;
  proto.set_version(schema.version());
  Write(schema.description, schema.attributes, schema.blocks, *proto.mutable_block());
  return proto;
}

tfplugin6::ResourceIdentitySchema IdentityToProto(const Schema& identity) {
  tfplugin6::ResourceIdentitySchema proto;
  proto.set_version(identity.version());
  for (const Attribute& attribute : identity.attributes) {
    auto& one = *proto.add_identity_attributes();
    one.set_name(attribute.name);
    one.set_type(attribute.type.ToJson());
    one.set_description(attribute.description);
    one.set_required_for_import(attribute.required);
    one.set_optional_for_import(!attribute.required);
  }
  return proto;
}

tfplugin6::Function ToProto(const FunctionType& type) {
  tfplugin6::Function proto;
  proto.set_summary(type.summary);
  proto.set_description(type.description);
  proto.set_description_kind(tfplugin6::MARKDOWN);
  for (const Parameter& parameter : type.parameters) Write(parameter, *proto.add_parameters());
  if (type.variadic) Write(*type.variadic, *proto.mutable_variadic_parameter());
  proto.mutable_return_()->set_type(type.result.ToJson());
  return proto;
}

tfplugin6::FunctionError ToProto(const Error& error, const FunctionType& type) {
  tfplugin6::FunctionError proto;
  proto.set_text(ToUtf8(error.ToLine()));
  const auto& parameters = type.parameters;
  const auto found =
      std::find_if(parameters.begin(), parameters.end(),
                   [&](const Parameter& parameter) { return parameter.name == error.field; });
  if (found != parameters.end() || (type.variadic && type.variadic->name == error.field)) {
    proto.set_function_argument(found - parameters.begin());
  }
  return proto;
}

tfplugin6::ServerCapabilities Capabilities() {
  tfplugin6::ServerCapabilities capabilities;
  capabilities.set_plan_destroy(true);
  capabilities.set_get_provider_schema_optional(true);
  // For a new address of this provider itself; all else gets a diagnostic that says what to do.
  capabilities.set_move_resource_state(true);
  capabilities.set_generate_resource_config(true);
  return capabilities;
}

tfplugin6::GetProviderSchema::Response SchemaResponse(const ProviderTypes& types) {
  tfplugin6::GetProviderSchema::Response response;
  *response.mutable_provider() = ToProto(types.provider);
  *response.mutable_server_capabilities() = Capabilities();
  for (const ResourceType& type : types.resources) {
    (*response.mutable_resource_schemas())[type.name] = ToProto(type.schema);
  }
  for (const DataSourceType& type : types.data_sources) {
    (*response.mutable_data_source_schemas())[type.name] = ToProto(type.schema);
  }
  for (const EphemeralType& type : types.ephemeral_resources) {
    (*response.mutable_ephemeral_resource_schemas())[type.name] = ToProto(type.schema);
  }
  for (const ListResourceType& type : types.list_resources) {
    (*response.mutable_list_resource_schemas())[type.name] = ToProto(type.schema);
  }
  for (const ActionType& type : types.actions) {
    *(*response.mutable_action_schemas())[type.name].mutable_schema() = ToProto(type.schema);
  }
  for (const FunctionType& type : types.functions) {
    (*response.mutable_functions())[type.name] = ToProto(type);
  }
  return response;
}

tfplugin6::Metadata::Response MetadataResponse(const ProviderTypes& types) {
  tfplugin6::Metadata::Response response;
  *response.mutable_server_capabilities() = Capabilities();
  for (const ResourceType& type : types.resources) {
    response.add_resources()->set_type_name(type.name);
  }
  for (const DataSourceType& type : types.data_sources) {
    response.add_data_sources()->set_type_name(type.name);
  }
  for (const EphemeralType& type : types.ephemeral_resources) {
    response.add_ephemeral_resources()->set_type_name(type.name);
  }
  for (const ListResourceType& type : types.list_resources) {
    response.add_list_resources()->set_type_name(type.name);
  }
  for (const ActionType& type : types.actions) response.add_actions()->set_type_name(type.name);
  for (const FunctionType& type : types.functions) response.add_functions()->set_name(type.name);
  return response;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// dbaas import: the configuration of what is on a host already, with import blocks, so that neither
// terraform nor dbaas finds anything to change in it. An attribute is written only if leaving it
// out would plan a change; passwords are in no record's view, so they cannot be written.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <utility>

#include "engine/base/json.h"
#include "engine/cli/verbs.h"
#include "schemas/least_config.h"
#include "schemas/resource_type.h"

namespace dbaas {
namespace {

struct Arguments {
  std::string cluster;
  bool generate = false;
  bool json = false;
};

/// One resource as it is to be written.
struct Found {
  std::string type;
  std::string label;
  std::string id;
  std::vector<std::pair<const Attribute*, Value>> attributes;  ///< In the schema's order.
  std::string cluster_label;                                   ///< What cluster_id refers to.

  std::string Address() const { return type + "." + label; }
};

// ---- What has to be said -----------------------------------------------------------------------

/// A name that Terraform takes.
std::string LabelOf(std::string text) {
  std::replace(text.begin(), text.end(), '/', '_');
  return text.front() >= '0' && text.front() <= '9' ? "_" + text : text;
}

Result<Found> Describe(const ClusterView& view, const std::string& key) {
  const std::string type_name = "dbaas_" + key.substr(0, key.find('/'));
  const ResourceType* type = AllTypes().FindResource(type_name);
  if (type == nullptr) return Internal("there is no resource for " + key);
  const Value state = type->to_state(
      Value::Null(), view, PartAddress{view.id.host, view.id.cluster, key}, /*refresh=*/true);
  const Value config = LeastConfig(type->schema, state);
  const auto slash = key.find('/');
  Found found{
      .type = type_name,
      .label = LabelOf(view.id.cluster + (slash == std::string::npos ? "" : key.substr(slash))),
      .id = state.at("id").as_string(),
      .cluster_label = LabelOf(view.id.cluster)};
  for (const Attribute& attribute : type->schema.attributes) {
    const Value& value = config.at(attribute.name);
    if (value.is_known()) found.attributes.emplace_back(&attribute, value);
  }
  return found;
}

Result<std::vector<ClusterView>> Look(Engine& engine, const std::string& cluster) {
  if (cluster.empty()) return engine.List("", ReadDepth::kListing);
  return std::vector<ClusterView>{TRY(FindCluster(engine, cluster))};
}

Result<std::vector<Found>> FindAll(Session& session, const std::string& cluster) {
  std::vector<Found> all;
  const auto engine = TRY(session.EngineOfEnvironment());
  for (const ClusterView& view : TRY(Look(*engine, cluster))) {
    if (view.status == "deleting") {
      session.err << "dbaas: " << view.id.ToText() << " is being destroyed and is left out\n";
      continue;
    }
    for (const auto& [key, part] : view.parts) all.push_back(TRY(Describe(view, key)));
  }
  return all;
}

// ---- HCL ---------------------------------------------------------------------------------------

/// "$${" and "%%{" are how both syntaxes write what is no expression.
std::string WithoutTemplates(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens = (text[i] == '$' || text[i] == '%') && i + 1 < text.size();
    if (opens && text[i + 1] == '{') escaped += text[i];
    escaped += text[i];
  }
  return escaped;
}

std::string Quoted(const std::string& text) { return Dump(WithoutTemplates(text)); }

std::string ToHcl(const Value& value, const std::string& indent);

/// Names in a column and values in another, as `terraform fmt` has them.
std::string Aligned(const std::vector<std::pair<std::string, std::string>>& lines,
                    const std::string& indent) {
  std::size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : lines) {
    text += fmt::format("{}{:{}} = {}\n", indent, name, width, value);
  }
  return text;
}

std::string ToHcl(const Value::Map& members, const std::string& indent) {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& [name, value] : members) {
    if (value.is_known()) lines.emplace_back(Quoted(name), ToHcl(value, indent + "  "));
  }
  return "{\n" + Aligned(lines, indent + "  ") + indent + "}";
}

std::string ToHcl(const Value& value, const std::string& indent) {
  switch (value.kind()) {
    case Value::Kind::kNull:
    case Value::Kind::kUnknown: return "null";
    case Value::Kind::kBool: return value.as_bool() ? "true" : "false";
    case Value::Kind::kNumber: return value.as_number().ToText();
    case Value::Kind::kString: return Quoted(value.as_string());
    case Value::Kind::kMap: return ToHcl(value.as_map(), indent);
    case Value::Kind::kList: break;
  }
  std::string items;
  for (const Value& item : value.as_list()) {
    items += (items.empty() ? "" : ", ") + ToHcl(item, indent);
  }
  return "[" + items + "]";
}

std::string ResourceHcl(const Found& found) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::string maps;
  for (const auto& [attribute, value] : found.attributes) {
    if (attribute->name == "cluster_id") {
      lines.emplace_back(attribute->name, "dbaas_cluster." + found.cluster_label + ".id");
    } else if (value.kind() == Value::Kind::kMap) {
      maps += fmt::format("\n  {} = {}\n", attribute->name, ToHcl(value, "  "));
    } else {
      lines.emplace_back(attribute->name, ToHcl(value, "  "));
    }
  }
  return fmt::format("resource \"{}\" \"{}\" {{\n{}{}}}\n", found.type, found.label,
                     Aligned(lines, "  "), maps);
}

std::string ImportHcl(const Found& found) {
  return fmt::format("import {{\n  to = {}\n  id = {}\n}}\n", found.Address(), Quoted(found.id));
}

constexpr const char* kHead = R"(terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

provider "dbaas" {}
)";

std::string ToHcl(const std::vector<Found>& all, bool generate) {
  std::string text = generate ? kHead : "";
  for (const Found& found : all) {
    text += (text.empty() ? "" : "\n") + ImportHcl(found);
    if (generate) text += "\n" + ResourceHcl(found);
  }
  return text;
}

// ---- main.tf.json ------------------------------------------------------------------------------

Json ToConfigJson(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
    case Value::Kind::kUnknown: return nullptr;
    case Value::Kind::kBool: return value.as_bool();
    case Value::Kind::kNumber: return Json::parse(value.as_number().ToText());
    case Value::Kind::kString: return WithoutTemplates(value.as_string());
    case Value::Kind::kList: {
      Json items = Json::array();
      for (const Value& item : value.as_list()) items.push_back(ToConfigJson(item));
      return items;
    }
    case Value::Kind::kMap: break;
  }
  Json members = Json::object();
  for (const auto& [name, member] : value.as_map()) {
    if (member.is_known()) members[WithoutTemplates(name)] = ToConfigJson(member);
  }
  return members;
}

Json ToJson(const std::vector<Found>& all, bool generate) {
  Json imports = Json::array();
  Json resources = Json::object();
  for (const Found& found : all) {
    imports.push_back({{"to", found.Address()}, {"id", found.id}});
    Json& body = resources[found.type][found.label] = Json::object();
    for (const auto& [attribute, value] : found.attributes) {
      body[attribute->name] = attribute->name == "cluster_id"
                                  ? Json("${dbaas_cluster." + found.cluster_label + ".id}")
                                  : ToConfigJson(value);
    }
  }
  if (!generate) return {{"import", imports}};
  return {{"terraform", {{"required_providers", {{"dbaas", {{"source", "dbaas/dbaas"}}}}}}},
          {"provider", {{"dbaas", Json::object()}}},
          {"import", imports},
          {"resource", resources}};
}

int Import(Session& session, const Arguments& arguments) {
  const auto all = FindAll(session, arguments.cluster);
  if (!all) return Fail(session, all.error());
  session.out << (arguments.json ? ToJson(*all, arguments.generate).dump(2) + "\n"
                                 : ToHcl(*all, arguments.generate));
  return kDone;
}

}  // namespace

Verb ImportVerb() {
  return {.name = "import",
          .text = "Import blocks for terraform, and the configuration, of what is on a host",
          .declare = [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("cluster", arguments->cluster,
                           "Name or id; all clusters of the host when left out");
            app.add_flag("--generate", arguments->generate,
                         "Write the resources too, as they are there");
            app.add_flag("--json", arguments->json, "As main.tf.json in place of HCL");
            return Run([arguments](Session& session) { return Import(session, *arguments); });
          }};
}

}  // namespace dbaas

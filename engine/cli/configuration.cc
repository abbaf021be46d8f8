// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "engine/base/json.h"
#include "schemas/checks.h"
#include "schemas/planned_value.h"
#include "schemas/provider.h"

namespace dbaas {
namespace {

constexpr const char* kComment = "//";  // Ignored in any body, as Terraform does.
constexpr const char* kOnlyLiterals =
    "dbaas reads the literal part of Terraform's JSON syntax: values, and whole references such as "
    "\"${dbaas_cluster.orders.id}\". For everything else use terraform.";

/// A place in a file: "main.tf.json: resource.dbaas_cluster.orders".
struct Place {
  std::string file;
  std::string path;

  Place At(const std::string& step) const {
    return {file, path.empty() ? step : path + "." + step};
  }
  Place At(std::size_t index) const { return {file, fmt::format("{}[{}]", path, index)}; }
  std::string ToText() const { return path.empty() ? file : file + ": " + path; }
  Error Wrong(const std::string& what, std::string detail = {}) const {
    return Invalid("", ToText() + ": " + what, std::move(detail));
  }
};

// ---- JSON --------------------------------------------------------------------------------------

/// The first key that an object has twice. A parser that kept the last one would lose a block.
std::string FirstDuplicate(const std::string& text) {
  std::vector<std::set<std::string>> open;
  std::string duplicate;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && duplicate.empty() &&
        !open.back().insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
    }
    return true;
  };
  const Json parsed = Json::parse(text, watch, /*allow_exceptions=*/false);
  return duplicate;
}

Result<Json> ParseFile(const ConfigurationFile& file) {
  Json json = TRY(ParseJson(file.text, file.name));
  const Place root{file.name, ""};
  if (!json.is_object()) return root.Wrong("a JSON object is expected here");
  if (const auto twice = FirstDuplicate(file.text); !twice.empty() && twice != kComment) {
    return root.Wrong(fmt::format("\"{}\" is there twice in the same object", twice));
  }
  return json;
}

Result<void> ExpectObject(const Json& json, const Place& place) {
  if (json.is_object()) return Ok();
  return place.Wrong("an object is expected here");
}

// ---- Strings and references --------------------------------------------------------------------

struct Reference {
  std::string address;  ///< "dbaas_cluster.orders"
  std::string attribute;
};

bool IsName(std::string_view text) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         text.front() != '-' && std::all_of(text.begin(), text.end(), fits);
}

/// "${ dbaas_cluster.orders.id }": a type, a name and an attribute. By hand, for std::regex goes as
/// deep as a text is long.
std::optional<Reference> AsReference(const std::string& text) {
  if (!text.starts_with("${") || !text.ends_with('}')) return std::nullopt;
  std::string_view inner = std::string_view(text).substr(2, text.size() - 3);
  const auto begin = inner.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  inner = inner.substr(begin, inner.find_last_not_of(" \t\r\n") - begin + 1);
  const auto first = inner.find('.');
  const auto last = inner.rfind('.');
  if (first == last) return std::nullopt;
  const bool whole = IsName(inner.substr(0, first)) &&
                     IsName(inner.substr(first + 1, last - first - 1)) &&
                     IsName(inner.substr(last + 1));
  if (!whole) return std::nullopt;
  return Reference{std::string(inner.substr(0, last)), std::string(inner.substr(last + 1))};
}

/// The text that a template without expressions stands for: "$${" is "${", "%%{" is "%{".
/// Nothing when there is something to evaluate.
std::optional<std::string> AsLiteral(const std::string& text) {
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '$' || c == '%') {
      if (text.compare(i, 3, std::string{c, c, '{'}) == 0) {
        literal += std::string{c, '{'};
        i += 2;
        continue;
      }
      if (text.compare(i, 2, std::string{c, '{'}) == 0) return std::nullopt;
    }
    literal += c;
  }
  return literal;
}

void CollectReferences(const Json& json, std::set<std::string>& addresses) {
  if (json.is_string()) {
    if (const auto reference = AsReference(json.get<std::string>())) {
      addresses.insert(reference->address);
    }
  } else if (json.is_structured()) {
    for (const Json& item : json) CollectReferences(item, addresses);
  }
}

// ---- Values ------------------------------------------------------------------------------------

/// Reads bodies, with the resources that a reference may lead to.
class BodyReader {
 public:
  explicit BodyReader(const std::vector<DeclaredResource>& known) : known_(known) {}

  Result<Value> ReadBody(const Json& body, const std::vector<Attribute>& attributes,
                         const std::vector<Block>& blocks, const Place& place) const {
    TRY(ExpectObject(body, place));
    Value::Map members;
    for (const Attribute& attribute : attributes) members[attribute.name] = Value::Null();
    for (const Block& block : blocks) members[block.name] = block.None();
    for (const auto& [key, json] : body.items()) {
      if (key == kComment) continue;
      const Place here = place.At(key);
      if (const Attribute* attribute = FindByName(attributes, key)) {
        if (!attribute->required && !attribute->optional) {
          return here.Wrong("this attribute is computed and cannot be set");
        }
        members[key] = TRY(ReadExpression(json, attribute->type, here));
      } else if (const Block* block = FindByName(blocks, key)) {
        members[key] = TRY(ReadBlocks(json, *block, here));
      } else {
        return Unknown(key, here);
      }
    }
    for (const Attribute& attribute : attributes) {
      if (attribute.required && members[attribute.name].is_null()) {
        return place.Wrong(attribute.name + " is required");
      }
    }
    return Value::Object(std::move(members));
  }

 private:
  template <typename T>
  static const T* FindByName(const std::vector<T>& list, const std::string& name) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const T& item) { return item.name == name; });
    return found == list.end() ? nullptr : &*found;
  }

  static Error Unknown(const std::string& key, const Place& place) {
    static const std::set<std::string> kMeta = {
        "count", "for_each", "provider", "lifecycle", "provisioner", "connection", "dynamic"};
    if (kMeta.contains(key)) return place.Wrong(key + " needs terraform", kOnlyLiterals);
    return place.Wrong("there is no attribute of this name here");
  }

  /// A block may be written as an object, or as a list of them.
  Result<Value> ReadBlocks(const Json& json, const Block& block, const Place& place) const {
    if (block.nesting == Block::Nesting::kMap) {
      return place.Wrong("a block with a label needs terraform", kOnlyLiterals);
    }
    Value::List found;
    if (json.is_array()) {
      for (std::size_t i = 0; i < json.size(); ++i) {
        found.push_back(TRY(ReadBody(json[i], block.attributes, block.blocks, place.At(i))));
      }
    } else {
      found.push_back(TRY(ReadBody(json, block.attributes, block.blocks, place)));
    }
    if (block.nesting == Block::Nesting::kList) return Value::ListOf(std::move(found));
    if (block.nesting == Block::Nesting::kSet) return Value::SetOf(std::move(found));
    if (found.size() > 1) return place.Wrong("only one such block is allowed");
    return found.empty() ? Value::Null() : std::move(found.front());
  }

  Result<Value> ReadExpression(const Json& json, const Type& type, const Place& place) const {
    if (json.is_null()) return Value::Null();
    if (json.is_string()) {
      const auto& text = json.get_ref<const std::string&>();
      if (const auto reference = AsReference(text)) {
        return Convert(TRY(Resolve(*reference, place)), type, place);
      }
      const auto literal = AsLiteral(text);
      if (!literal) return place.Wrong("this is an expression: " + text, kOnlyLiterals);
      return Convert(Value::String(*literal), type, place);
    }
    if (json.is_boolean()) return Convert(Value::Bool(json.get<bool>()), type, place);
    if (json.is_number_float()) {
      return Convert(Value::Num(Number::FromDouble(json.get<double>())), type, place);
    }
    if (json.is_number()) {
      return Convert(Value::Num(Number::FromText(json.dump()).value_or(Number())), type, place);
    }
    if (type.kind == Type::Kind::kDynamic) {
      return place.Wrong("a list or an object of any type needs terraform", kOnlyLiterals);
    }
    return json.is_array() ? ReadList(json, type, place) : ReadMap(json, type, place);
  }

  Result<Value> ReadList(const Json& json, const Type& type, const Place& place) const {
    if (type.kind != Type::Kind::kList && type.kind != Type::Kind::kSet) {
      return place.Wrong("a list is not expected here");
    }
    Value::List items;
    for (std::size_t i = 0; i < json.size(); ++i) {
      items.push_back(TRY(ReadExpression(json[i], *type.element, place.At(i))));
    }
    return Value::ListOf(std::move(items));
  }

  Result<Value> ReadMap(const Json& json, const Type& type, const Place& place) const {
    if (type.kind == Type::Kind::kObject) return ReadBody(json, type.members, {}, place);
    if (type.kind != Type::Kind::kMap) return place.Wrong("an object is not expected here");
    Value::Map members;
    for (const auto& [key, item] : json.items()) {
      const auto literal = AsLiteral(key);
      if (!literal) return place.Wrong("this key is an expression: " + key, kOnlyLiterals);
      members[*literal] = TRY(ReadExpression(item, *type.element, place.At(key)));
    }
    return Value::Object(std::move(members));
  }

  /// Terraform converts between strings, numbers and booleans where the meaning is plain.
  static Result<Value> Convert(Value value, const Type& type, const Place& place) {
    const Value::Kind kind = value.kind();
    if (kind == Value::Kind::kNull) return value;
    switch (type.kind) {
      case Type::Kind::kString:
        if (kind == Value::Kind::kString) return value;
        if (kind == Value::Kind::kNumber || kind == Value::Kind::kBool) {
          return Value::String(value.ToText());
        }
        return place.Wrong("a string is expected here");
      case Type::Kind::kNumber:
        if (kind == Value::Kind::kNumber) return value;
        if (kind == Value::Kind::kString) {
          if (auto number = Number::FromText(value.as_string())) {
            return Value::Num(*std::move(number));
          }
        }
        return place.Wrong("a number is expected here");
      case Type::Kind::kBool:
        if (kind == Value::Kind::kBool) return value;
        if (value == Value::String("true")) return Value::Bool(true);
        if (value == Value::String("false")) return Value::Bool(false);
        return place.Wrong("true or false is expected here");
      case Type::Kind::kList:
      case Type::Kind::kSet:
        if (kind == Value::Kind::kList) return value;
        return place.Wrong("a list is expected here");
      case Type::Kind::kMap:
      case Type::Kind::kObject:
        if (kind == Value::Kind::kMap) return value;
        return place.Wrong("an object is expected here");
      case Type::Kind::kTuple:
      case Type::Kind::kDynamic: return Dynamic(std::move(value));
    }
    return value;
  }

  /// What can be known of a resource before it exists: what the file says, defaults, and its id.
  Result<Value> Resolve(const Reference& reference, const Place& place) const {
    const auto found = std::find_if(known_.begin(), known_.end(), [&](const auto& resource) {
      return resource.address == reference.address;
    });
    if (found == known_.end()) return place.Wrong("there is no resource " + reference.address);
    const DeclaredResource& target = *found;
    const Attribute* attribute = target.type->schema.Find(reference.attribute);
    if (attribute == nullptr || attribute->write_only) {
      return place.Wrong(reference.address + " has no attribute " + reference.attribute);
    }
    const Value planned = PlanValue(target.type->schema, Value::Null(), target.config).planned;
    if (!planned.at(reference.attribute).is_unknown()) return planned.at(reference.attribute);
    if (reference.attribute == "host_name") return Value::String(target.part.host);
    if (reference.attribute != "id") {
      return place.Wrong(fmt::format("{} of {} is only known after an apply", reference.attribute,
                                     reference.address),
                         "A reference may name id, and what the file itself says.");
    }
    // An id follows from names alone, so a view with nothing but names in it has the right one.
    ClusterView bare{.id = {target.part.host, target.part.cluster}};
    bare.parts.emplace(target.part.key, target.spec);
    return target.type->to_state(planned, bare, target.part, false).at("id");
  }

  const std::vector<DeclaredResource>& known_;
};

// ---- Blocks ------------------------------------------------------------------------------------

/// A resource block as found, before its references are looked at.
struct RawResource {
  std::string address;
  const ResourceType* type = nullptr;
  Json body;
  Place place;
  std::set<std::string> refers_to;
};

Result<std::set<std::string>> DependsOn(const Json& body, const Place& place) {
  std::set<std::string> addresses;
  const auto found = body.find("depends_on");
  if (found == body.end()) return addresses;
  if (!found->is_array()) return place.At("depends_on").Wrong("a list is expected here");
  for (const Json& item : *found) {
    if (!item.is_string()) return place.At("depends_on").Wrong("addresses are expected here");
    addresses.insert(item.get<std::string>());
  }
  return addresses;
}

Result<void> CollectResources(const Json& types, const Place& place,
                              std::vector<RawResource>& resources) {
  TRY(ExpectObject(types, place));
  for (const auto& [type_name, bodies] : types.items()) {
    const Place of_type = place.At(type_name);
    const ResourceType* type = AllTypes().FindResource(type_name);
    if (type == nullptr) return of_type.Wrong("dbaas has no resource of this type");
    TRY(ExpectObject(bodies, of_type));
    for (const auto& [name, body] : bodies.items()) {
      RawResource resource{type_name + "." + name, type, body, of_type.At(name), {}};
      TRY(ExpectObject(body, resource.place));
      resource.refers_to = TRY(DependsOn(body, resource.place));
      CollectReferences(body, resource.refers_to);
      resource.body.erase("depends_on");
      for (const auto& other : resources) {
        if (other.address != resource.address) continue;
        return resource.place.Wrong("this resource is also in " + other.place.file);
      }
      resources.push_back(std::move(resource));
    }
  }
  return Ok();
}

/// As written, but each after what it refers to.
Result<std::vector<RawResource>> InOrder(std::vector<RawResource> resources) {
  std::set<std::string> all;
  for (const auto& resource : resources) all.insert(resource.address);
  for (const auto& resource : resources) {
    for (const auto& address : resource.refers_to) {
      if (!all.contains(address)) return resource.place.Wrong("there is no resource " + address);
    }
  }
  std::vector<RawResource> ordered;
  std::set<std::string> done;
  while (!resources.empty()) {
    const auto next = std::find_if(resources.begin(), resources.end(), [&](const auto& resource) {
      return std::includes(done.begin(), done.end(), resource.refers_to.begin(),
                           resource.refers_to.end());
    });
    if (next == resources.end()) {
      return resources.front().place.Wrong("its references lead back to itself");
    }
    done.insert(next->address);
    ordered.push_back(std::move(*next));
    resources.erase(next);
  }
  return ordered;
}

Error FirstOf(const Diagnostics& diagnostics, const Place& place) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Diagnostic::Severity::kError) continue;
    const Place here = diagnostic.path.empty() ? place : place.At(ToText(diagnostic.path));
    return here.Wrong(diagnostic.detail.empty() ? diagnostic.summary : diagnostic.detail);
  }
  return Internal("no error where one was expected");
}

Error AtField(const Error& error, const Schema& schema, const Place& place) {
  const AttributePath path = PathOfField(schema, error.field);
  return (path.empty() ? place : place.At(ToText(path))).Wrong(error.ToLine(), error.detail);
}

/// The checks of ValidateResourceConfig, and in the same order.
Result<DeclaredResource> Declare(const RawResource& raw, const std::string& default_host,
                                 const std::vector<DeclaredResource>& known) {
  const Schema& schema = raw.type->schema;
  DeclaredResource resource{raw.address, raw.place.ToText(), raw.type};
  resource.config =
      TRY(BodyReader(known).ReadBody(raw.body, schema.attributes, schema.blocks, raw.place));
  Diagnostics found = CheckValues(schema, resource.config);
  const Diagnostics across = raw.type->validate(resource.config);
  found.insert(found.end(), across.begin(), across.end());
  if (HasErrors(found)) return FirstOf(found, raw.place);

  const Value planned = PlanValue(schema, Value::Null(), resource.config).planned;
  auto part = raw.type->address(planned);
  if (!part) return AtField(part.error(), schema, raw.place);
  resource.part = *std::move(part);
  if (resource.part.host.empty()) resource.part.host = default_host;
  auto spec = raw.type->to_spec(planned, resource.config);
  if (!spec) return AtField(spec.error(), schema, raw.place);
  resource.spec = *std::move(spec);
  for (const Error& error : Engine::Validate(resource.spec)) {
    return AtField(error, schema, raw.place);
  }
  for (const auto& other : known) {
    const auto& [host, cluster, key] = other.part;
    if (std::tie(host, cluster, key) ==
        std::tie(resource.part.host, resource.part.cluster, resource.part.key)) {
      return raw.place.Wrong("this is the same as " + other.address);
    }
  }
  return resource;
}

Result<std::vector<HostConfig>> ReadProvider(const Json& body, const Place& place) {
  const Schema& schema = ProviderSchema();
  const Value config = TRY(BodyReader({}).ReadBody(body, schema.attributes, schema.blocks, place));
  Diagnostics found = CheckValues(schema, config);
  const Diagnostics across = CheckProvider(config);
  found.insert(found.end(), across.begin(), across.end());
  if (HasErrors(found)) return FirstOf(found, place);
  return ReadProviderHosts(config);
}

Result<std::vector<HostConfig>> ReadHosts(const Json& providers, const Place& place) {
  TRY(ExpectObject(providers, place));
  std::vector<HostConfig> hosts;
  for (const auto& [name, body] : providers.items()) {
    const Place here = place.At(name);
    if (name != "dbaas") return here.Wrong("dbaas knows no provider but itself");
    const bool only_one = body.is_array() && body.size() == 1;
    hosts = TRY(ReadProvider(only_one ? body[0] : body, here));
  }
  return hosts;
}

Result<std::string> ReadFile(const std::filesystem::path& path) {
  const std::ifstream file(path);
  if (!file) return Invalid("", "cannot read " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Result<Configuration> ParseConfiguration(const std::vector<ConfigurationFile>& files) {
  Configuration configuration;
  std::vector<RawResource> resources;
  for (const auto& file : files) {
    const Json json = TRY(ParseFile(file));
    for (const auto& [key, block] : json.items()) {
      const Place place = Place{file.name, ""}.At(key);
      // What these say is for terraform alone; none of them changes what a cluster should be.
      if (key == kComment || key == "terraform" || key == "output" || key == "import") continue;
      if (key == "provider") {
        if (!configuration.hosts.empty()) return place.Wrong("there is a provider block already");
        configuration.hosts = TRY(ReadHosts(block, place));
      } else if (key == "resource") {
        TRY(CollectResources(block, place, resources));
      } else {
        return place.Wrong(key + " blocks need terraform", kOnlyLiterals);
      }
    }
  }
  if (configuration.hosts.empty()) configuration.hosts.emplace_back();
  for (const RawResource& raw : TRY(InOrder(std::move(resources)))) {
    configuration.resources.push_back(
        TRY(Declare(raw, configuration.hosts.front().name, configuration.resources)));
  }
  return configuration;
}

Result<HostConfig> ParseHost(const ConfigurationFile& block) {
  const Json host = TRY(ParseFile(block));
  const auto hosts = TRY(ReadProvider({{"host", Json::array({host})}}, {block.name, ""}));
  return hosts.front();
}

Result<Configuration> ReadConfiguration(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::is_directory(path, failed)) {
    return ParseConfiguration({{fs::path(path).filename(), TRY(ReadFile(path))}});
  }
  std::vector<ConfigurationFile> files;
  for (const auto& entry : fs::directory_iterator(path, failed)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".tf")) {
      return Invalid("", name + " is in Terraform's own language",
                     "dbaas reads *.tf.json; use terraform for this folder.");
    }
    if (name == "override.tf.json" || name.ends_with("_override.tf.json")) {
      return Invalid("", name + " needs terraform", kOnlyLiterals);
    }
    if (name.ends_with(".tf.json")) files.push_back({name, TRY(ReadFile(entry.path()))});
  }
  if (files.empty()) {
    return Invalid("", "there is no *.tf.json in " + path, "Name one with -f FILE or -f FOLDER.");
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return ParseConfiguration(files);
}

}  // namespace dbaas

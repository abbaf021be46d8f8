// SPDX-License-Identifier: MPL-2.0
#include "provider/json_value.h"

#include <cmath>
#include <utility>
#include <vector>

#include "engine/base/json.h"

namespace dbaas {
namespace {

// Values are destroyed recursively, so there is a depth that no state file of ours has, and that
// the stack stands.
constexpr std::size_t kMaxDepth = 200;

/// Builds a Value while nlohmann's parser goes through the text. Its own tree would have turned
/// long numbers into doubles; here they still are what was written.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add(Value::Null()); }
  bool boolean(bool value) override { return Add(Value::Bool(value)); }
  bool number_integer(number_integer_t value) override { return Add(Value::Int(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    return AddNumber(std::to_string(value));
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return AddNumber(text);
  }
  bool string(string_t& value) override { return Add(Value::String(std::move(value))); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return Open(Value::Object({})); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t /*size*/) override { return Open(Value::ListOf({})); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

  Value Take() && { return std::move(root_); }

 private:
  struct Container {
    Value value;
    std::string key;  ///< Of the member that comes next.
  };

  bool AddNumber(const std::string& text) {
    auto number = Number::FromText(text);
    return number && Add(Value::Num(*std::move(number)));
  }

  bool Open(Value container) {
    if (open_.size() >= kMaxDepth) return false;
    open_.push_back({std::move(container), {}});
    return true;
  }

  bool Close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return Add(std::move(value));
  }

  bool Add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Container& container = open_.back();
    if (container.value.kind() == Value::Kind::kList) {
      container.value.as_list().push_back(std::move(value));
    } else {
      container.value.as_map().insert_or_assign(std::move(container.key), std::move(value));
    }
    return true;
  }

  Value root_;
  std::vector<Container> open_;  ///< From the root down.
};

Error Unexpected(const char* expected) {
  return Internal("a stored value does not fit the schema",
                  std::string(expected) + " was expected");
}

Result<Type> ReadType(const Value& constraint) {
  if (constraint == Value::String("string")) return Type::String();
  if (constraint == Value::String("number")) return Type::Number();
  if (constraint == Value::String("bool")) return Type::Bool();
  if (constraint == Value::String("dynamic")) return Type::Dynamic();
  const bool pair = constraint.kind() == Value::Kind::kList && constraint.as_list().size() == 2;
  if (!pair) return Unexpected("a type");
  const Value& kind = constraint.as_list()[0];
  const Value& inside = constraint.as_list()[1];
  if (kind == Value::String("list")) return Type::ListOf(TRY(ReadType(inside)));
  if (kind == Value::String("set")) return Type::SetOf(TRY(ReadType(inside)));
  if (kind == Value::String("map")) return Type::MapOf(TRY(ReadType(inside)));
  if (kind == Value::String("tuple") && inside.kind() == Value::Kind::kList) {
    std::vector<Type> items;
    for (const Value& item : inside.as_list()) items.push_back(TRY(ReadType(item)));
    return Type::Tuple(items);
  }
  if (kind == Value::String("object") && inside.kind() == Value::Kind::kMap) {
    std::vector<Attribute> members;
    for (const auto& [name, member] : inside.as_map()) {
      members.push_back({.name = name, .type = TRY(ReadType(member))});
    }
    return Type::Object(std::move(members));
  }
  return Unexpected("a type");
}

Result<Value> Conform(Value value, const Type& type);

Result<Value> ConformList(Value value, const Type& element) {
  if (value.kind() != Value::Kind::kList) return Unexpected("a list");
  int index = 0;
  for (Value& item : value.as_list()) {
    item = TRY_IN(Conform(std::move(item), element), "item " + std::to_string(index));
    ++index;
  }
  return value;
}

Result<Value> ConformMap(Value value, const Type& element) {
  if (value.kind() != Value::Kind::kMap) return Unexpected("a map");
  for (auto& [key, item] : value.as_map()) {
    item = TRY_IN(Conform(std::move(item), element), key);
  }
  return value;
}

Result<Value> ConformObject(Value value, const Type& type) {
  if (value.kind() != Value::Kind::kMap) return Unexpected("an object");
  Value::Map members;
  for (const Attribute& member : type.members) {
    const auto found = value.as_map().find(member.name);
    Value item = found == value.as_map().end() ? Value::Null() : std::move(found->second);
    members.emplace(member.name, TRY_IN(Conform(std::move(item), member.type), member.name));
  }
  return Value::Object(std::move(members));
}

Result<Value> ConformString(Value value) {
  switch (value.kind()) {
    case Value::Kind::kString: return value;
    case Value::Kind::kNumber: return Value::String(value.as_number().ToText());
    case Value::Kind::kBool: return Value::String(value.as_bool() ? "true" : "false");
    default: return Unexpected("a string");
  }
}

Result<Value> ConformNumber(Value value) {
  if (value.kind() == Value::Kind::kNumber) return value;
  if (value.kind() != Value::Kind::kString) return Unexpected("a number");
  auto number = Number::FromText(value.as_string());
  if (!number) return Unexpected("a number");
  return Value::Num(*std::move(number));
}

Result<Value> ConformBool(Value value) {
  if (value.kind() == Value::Kind::kBool) return value;
  if (value == Value::String("true")) return Value::Bool(true);
  if (value == Value::String("false")) return Value::Bool(false);
  return Unexpected("true or false");
}

Result<Value> ConformTuple(Value value, const Type& type) {
  if (value.kind() != Value::Kind::kList) return Unexpected("a list");
  auto& items = value.as_list();
  if (items.size() != type.members.size()) return Unexpected("a list of another length");
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] =
        TRY_IN(Conform(std::move(items[i]), type.members[i].type), "item " + std::to_string(i));
  }
  return value;
}

Result<Value> ConformDynamic(Value value) {
  // One that was stored when the schema still knew the type comes without.
  const Value& constraint = value.at("type");
  if (constraint.is_null() || value.as_map().size() != 2 || !value.as_map().contains("value")) {
    return Dynamic(std::move(value));
  }
  const Type type = TRY_IN(ReadTypeOfValue(constraint), "its type");
  return Value::OfType(type.ToJson(), TRY(Conform(value.at("value"), type)));
}

/// The reading of `value` that `type` asks for.
Result<Value> Conform(Value value, const Type& type) {
  if (value.is_null()) return value;
  switch (type.kind) {
    case Type::Kind::kString: return ConformString(std::move(value));
    case Type::Kind::kNumber: return ConformNumber(std::move(value));
    case Type::Kind::kBool: return ConformBool(std::move(value));
    case Type::Kind::kList: return ConformList(std::move(value), *type.element);
    case Type::Kind::kSet:
      return Value::SetOf(TRY(ConformList(std::move(value), *type.element)).as_list());
    case Type::Kind::kMap: return ConformMap(std::move(value), *type.element);
    case Type::Kind::kObject: return ConformObject(std::move(value), type);
    case Type::Kind::kTuple: return ConformTuple(std::move(value), type);
    case Type::Kind::kDynamic: return ConformDynamic(std::move(value));
  }
  return Unexpected("another kind");
}

Result<void> Write(const Value& value, const Type& type, std::string& json);

Result<void> WriteNumber(const Value& value, std::string& json) {
  if (value.kind() != Value::Kind::kNumber) return Unexpected("a number");
  if (std::isinf(value.as_number().AsDouble()) && value.as_number().IsDouble()) {
    return Unexpected("a finite number");
  }
  json += value.as_number().ToText();
  return Ok();
}

Result<void> WriteList(const Value& value, const Type& element, std::string& json) {
  if (value.kind() != Value::Kind::kList) return Unexpected("a list");
  json += '[';
  const char* separator = "";
  for (const Value& item : value.as_list()) {
    json += std::exchange(separator, ",");
    TRY(Write(item, element, json));
  }
  json += ']';
  return Ok();
}

Result<void> WriteMember(const std::string& name, const Value& value, const Type& type,
                         std::string& json) {
  json += (json.back() == '{' ? "" : ",") + Dump(name) + ":";
  TRY_IN(Write(value, type, json), name);
  return Ok();
}

Result<void> WriteMap(const Value& value, const Type& element, std::string& json) {
  if (value.kind() != Value::Kind::kMap) return Unexpected("a map");
  json += '{';
  for (const auto& [key, item] : value.as_map()) TRY(WriteMember(key, item, element, json));
  json += '}';
  return Ok();
}

Result<void> WriteObject(const Value& value, const Type& type, std::string& json) {
  if (value.kind() != Value::Kind::kMap) return Unexpected("an object");
  json += '{';
  for (const Attribute& member : type.members) {
    TRY(WriteMember(member.name, value.at(member.name), member.type, json));
  }
  json += '}';
  return Ok();
}

Result<void> WriteTuple(const Value& value, const Type& type, std::string& json) {
  if (value.kind() != Value::Kind::kList) return Unexpected("a list");
  if (value.as_list().size() != type.members.size()) return Unexpected("a list of another length");
  json += '[';
  for (std::size_t i = 0; i < type.members.size(); ++i) {
    if (i > 0) json += ',';
    TRY(Write(value.as_list()[i], type.members[i].type, json));
  }
  json += ']';
  return Ok();
}

Result<void> WriteDynamic(const Value& value, std::string& json) {
  const Type type = TRY(ReadTypeOfValue(TRY(ParseJsonValue(value.type()))));
  json += "{\"value\":";
  TRY(Write(value, type, json));
  json += ",\"type\":" + value.type() + "}";
  return Ok();
}

Result<void> Write(const Value& value, const Type& type, std::string& json) {
  const bool typed = type.kind == Type::Kind::kDynamic && !value.type().empty();
  if (typed && !value.is_unknown()) return WriteDynamic(value, json);
  if (value.is_unknown()) return Unexpected("a known value");
  if (value.is_null()) {
    json += "null";
    return Ok();
  }
  switch (type.kind) {
    case Type::Kind::kString:
      if (value.kind() != Value::Kind::kString) return Unexpected("a string");
      json += Dump(value.as_string());
      return Ok();
    case Type::Kind::kBool:
      if (value.kind() != Value::Kind::kBool) return Unexpected("true or false");
      json += value.as_bool() ? "true" : "false";
      return Ok();
    case Type::Kind::kNumber: return WriteNumber(value, json);
    case Type::Kind::kList:
    case Type::Kind::kSet: return WriteList(value, *type.element, json);
    case Type::Kind::kMap: return WriteMap(value, *type.element, json);
    case Type::Kind::kObject: return WriteObject(value, type, json);
    case Type::Kind::kTuple: return WriteTuple(value, type, json);
    case Type::Kind::kDynamic: return Unexpected("a value that says its type");
  }
  return Unexpected("another kind");
}

}  // namespace

Result<Value> ParseJsonValue(std::string_view json) {
  Builder builder;
  if (!Json::sax_parse(json, &builder)) {
    return Internal("a stored value is not valid JSON",
                    "The state may have been damaged or edited by hand.");
  }
  return std::move(builder).Take();
}

Result<Type> ReadTypeOfValue(const Value& constraint) {
  Type type = TRY(ReadType(constraint));
  if (type.kind == Type::Kind::kDynamic) return Unexpected("a type of a value");
  return type;
}

Result<Value> ReadAs(Value value, const Type& type) { return Conform(std::move(value), type); }

Result<Value> DecodeJson(std::string_view json, const Type& type) {
  return ReadAs(TRY(ParseJsonValue(json)), type);
}

Result<std::string> EncodeJson(const Value& value, const Type& type) {
  std::string json;
  TRY(Write(value, type, json));
  return json;
}

}  // namespace dbaas

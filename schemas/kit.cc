// SPDX-License-Identifier: MPL-2.0
#include "schemas/kit.h"

#include <fmt/format.h>

#include <cstdio>

namespace dbaas {
namespace {

Word DefaultValue(Value value) {
  return [value = std::move(value)](Attribute& attribute) {
    attribute.optional = true;
    attribute.computed = true;  // To Terraform: we choose the value where the user does not.
    attribute.default_value = value;
  };
}

}  // namespace

Word Default(const char* text) { return DefaultValue(Value::String(text)); }
Word Default(int number) { return DefaultValue(Value::Int(number)); }
Word Default(bool yes) { return DefaultValue(Value::Bool(yes)); }

Word ChangesWith(std::vector<std::string> attributes) {
  return [attributes = std::move(attributes)](Attribute& attribute) {
    attribute.changes_with = attributes;
  };
}

Word PlannedAs(Value value) {
  return [value = std::move(value)](Attribute& attribute) { attribute.planned_as = value; };
}

Word ConflictsWith(std::vector<std::string> attributes) {
  return [attributes = std::move(attributes)](Attribute& attribute) {
    attribute.conflicts_with = attributes;
  };
}

Word Needs(std::vector<std::string> attributes) {
  return
      [attributes = std::move(attributes)](Attribute& attribute) { attribute.needs = attributes; };
}

Word RequiredUnless(std::vector<std::string> attributes) {
  return [attributes = std::move(attributes)](Attribute& attribute) {
    attribute.required_unless = attributes;
  };
}

Word RequiresReplaceIf(std::function<bool(const Value& before, const Value& after)> cannot) {
  return [cannot = std::move(cannot)](Attribute& attribute) { attribute.replace_if = cannot; };
}

Word Deprecated(const char* instead) {
  return [text = std::string(instead)](Attribute& attribute) { attribute.deprecated = text; };
}

Word Canonical(std::function<Value(const Value&)> canonical) {
  return
      [canonical = std::move(canonical)](Attribute& attribute) { attribute.canonical = canonical; };
}

Word SpecFields(std::vector<std::string> fields) {
  return [fields = std::move(fields)](Attribute& attribute) { attribute.spec_fields = fields; };
}

bool Codec<std::string>::Decode(const Value& value, std::string& out) {
  if (value.kind() != Value::Kind::kString) return false;
  out = value.as_string();
  return true;
}

bool Codec<Secret<std::string>>::Decode(const Value& value, Secret<std::string>& out) {
  if (value.kind() != Value::Kind::kString) return false;
  out = Secret<std::string>(value.as_string());
  return true;
}

bool Codec<bool>::Decode(const Value& value, bool& out) {
  if (value.kind() != Value::Kind::kBool) return false;
  out = value.as_bool();
  return true;
}

bool Codec<double>::Decode(const Value& value, double& out) {
  if (value.kind() != Value::Kind::kNumber) return false;
  out = value.as_number().AsDouble();
  return true;
}

bool Codec<std::int64_t>::Decode(const Value& value, std::int64_t& out) {
  if (value.kind() != Value::Kind::kNumber) return false;
  const std::optional<std::int64_t> number = value.as_number().AsInt();
  if (number) out = *number;
  return number.has_value();
}

bool Codec<int>::Decode(const Value& value, int& out) {
  std::int64_t wide = 0;
  if (!Codec<std::int64_t>::Decode(value, wide)) return false;
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    return false;
  }
  out = static_cast<int>(wide);
  return true;
}

void RequireLawful(const char* name, const std::string& why_not) {
  if (why_not.empty()) return;
  fmt::print(stderr, "{}: {}\n", name, why_not);
  std::abort();
}

Value HalfRemoved(const Schema& schema, Value state) {
  if (state.is_known() && schema.Find(kDriftAttribute) != nullptr) {
    state.as_map()[kDriftAttribute] =
        Value::ListOf({Value::String("its removal was begun and did not end")});
  }
  return state;
}

}  // namespace dbaas

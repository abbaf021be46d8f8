// SPDX-License-Identifier: MPL-2.0
#include "schemas/planned_value.h"

#include <algorithm>
#include <set>

namespace dbaas {
namespace {

/// The elements of a map that say something: null is the user's way to leave a key out.
Value::Map WithoutNulls(const Value& map) {
  Value::Map elements;
  for (const auto& element : map.as_map()) {
    if (!element.second.is_null()) elements.insert(element);
  }
  return elements;
}

bool IsEmptyCollection(const Value& value) {
  if (value.kind() == Value::Kind::kList) return value.as_list().empty();
  if (value.kind() == Value::Kind::kMap) return WithoutNulls(value).empty();
  return false;
}

bool IsOneOf(const std::vector<std::string>& names, const std::set<std::string>& set) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return set.contains(name); });
}

/// `value`, with everything in it that means the same as in `prior` spelled as there. Both are
/// configured values; null stays null, because a plan may not turn absence into a value.
Value KeepSpelling(const Attribute& attribute, const Value& prior, const Value& value) {
  if (!prior.is_known() || !value.is_known() || prior == value) return value;
  if (attribute.canonical && attribute.canonical(prior) == attribute.canonical(value)) return prior;
  if (attribute.type.kind != Type::Kind::kObject) return value;
  Value kept = value;
  for (const Attribute& member : attribute.type.members) {
    kept.as_map()[member.name] = KeepSpelling(member, prior.at(member.name), value.at(member.name));
  }
  return kept;
}

Value WithoutWriteOnly(const Attribute& attribute, Value value);

bool HasWriteOnly(const Type& type) {
  if (type.element) return HasWriteOnly(*type.element);
  return std::any_of(type.members.begin(), type.members.end(), [](const Attribute& member) {
    return member.write_only || HasWriteOnly(member.type);
  });
}

/// Null in place of whatever is write-only, wherever in `value` it is.
Value WithoutWriteOnly(const Type& type, Value value) {
  if (!value.is_known() || !HasWriteOnly(type)) return value;
  if (type.kind == Type::Kind::kObject) {
    for (const Attribute& member : type.members) {
      Value& inside = value.as_map()[member.name];
      inside = WithoutWriteOnly(member, std::move(inside));
    }
  } else if (type.kind == Type::Kind::kMap) {
    for (auto& [key, element] : value.as_map()) {
      element = WithoutWriteOnly(*type.element, std::move(element));
    }
  } else {
    for (Value& item : value.as_list()) item = WithoutWriteOnly(*type.element, std::move(item));
  }
  return value;
}

Value WithoutWriteOnly(const Attribute& attribute, Value value) {
  if (attribute.write_only) return Value::Null();
  return WithoutWriteOnly(attribute.type, std::move(value));
}

/// The provider chooses the value: computed, and the configuration does not say.
bool IsOurs(const Attribute& attribute, const Value& config) {
  return attribute.computed && config.at(attribute.name).is_null();
}

/// Another attribute is configured that stands in this one's place.
bool GivesWay(const Attribute& attribute, const Value& config) {
  return std::any_of(attribute.conflicts_with.begin(), attribute.conflicts_with.end(),
                     [&](const std::string& other) { return !config.at(other).is_null(); });
}

/// The value of an attribute as far as it can be said without looking at the others' changes. For
/// computed attributes that is the prior value.
Value FirstGuess(const Attribute& attribute, const Value& prior, const Value& proposed,
                 const Value& config) {
  const Value& before = prior.at(attribute.name);
  if (!IsOurs(attribute, config)) {
    return KeepSpelling(attribute, before,
                        WithoutWriteOnly(attribute, proposed.at(attribute.name)));
  }
  for (const std::string& other : attribute.conflicts_with) {
    // An unknown one may turn out to be null, and then our own value would hold after all.
    if (config.at(other).is_unknown()) return Value::Unknown();
  }
  if (GivesWay(attribute, config)) return Value::Null();
  if (attribute.planned_as) return *attribute.planned_as;
  if (attribute.default_value) {
    return KeepSpelling(attribute, before, *attribute.default_value);
  }
  return prior.is_null() ? Value::Unknown() : before;
}

/// Whether an update cannot know this attribute's new value until it is applied.
bool BecomesUnknown(const Attribute& attribute, const Value& config, const Value& planned,
                    const std::set<std::string>& changed) {
  if (!IsOurs(attribute, config) || attribute.default_value || attribute.planned_as) return false;
  if (changed.contains(attribute.name) || GivesWay(attribute, config)) return false;
  // One without a prior value is new to this state (an upgraded provider): let the apply fill it.
  return planned.at(attribute.name).is_null() || IsOneOf(attribute.changes_with, changed);
}

bool NeedsReplacement(const Attribute& attribute, const Value& before, const Value& after) {
  if (!attribute.replace_if) return attribute.requires_replace;
  return !before.is_known() || !after.is_known() || attribute.replace_if(before, after);
}

/// The values that mean the same as before keep their spelling, in a block as elsewhere.
Value KeepBlockSpelling(const Block& block, const Value& prior, const Value& proposed) {
  if (block.nesting != Block::Nesting::kSingle || !prior.is_known() || !proposed.is_known()) {
    return proposed;
  }
  Value kept = proposed;
  for (const Attribute& attribute : block.attributes) {
    kept.as_map()[attribute.name] =
        KeepSpelling(attribute, prior.at(attribute.name), proposed.at(attribute.name));
  }
  return kept;
}

}  // namespace

PlannedValue PlanValue(const Schema& schema, const Value& prior, const Value& proposed,
                       const Value& config) {
  Value planned = proposed;
  std::set<std::string> changed;
  for (const Attribute& attribute : schema.attributes) {
    Value& value = planned.as_map()[attribute.name];
    value = FirstGuess(attribute, prior, proposed, config);
    if (!(value == prior.at(attribute.name))) changed.insert(attribute.name);
  }
  for (const Block& block : schema.blocks) {
    const Value& before = prior.at(block.name);
    Value& value = planned.as_map()[block.name];
    value = KeepBlockSpelling(block, before, value);
    if (!(value == before)) changed.insert(block.name);
  }
  if (!prior.is_null() && changed.empty()) return {.planned = prior};

  // What one change makes unknown can make others unknown in turn: port, then endpoint.
  for (bool again = !prior.is_null(); again;) {
    again = false;
    for (const Attribute& attribute : schema.attributes) {
      if (!BecomesUnknown(attribute, config, planned, changed)) continue;
      planned.as_map()[attribute.name] = Value::Unknown();
      changed.insert(attribute.name);
      again = true;
    }
  }

  PlannedValue plan{.planned = std::move(planned)};
  for (const Attribute& attribute : schema.attributes) {
    if (!changed.contains(attribute.name)) continue;
    plan.changed.push_back(attribute.name);
    if (!prior.is_null() &&
        NeedsReplacement(attribute, prior.at(attribute.name), plan.planned.at(attribute.name))) {
      plan.requires_replace.push_back(Attr({}, attribute.name));
    }
  }
  for (const Block& block : schema.blocks) {
    if (changed.contains(block.name)) plan.changed.push_back(block.name);
  }
  return plan;
}

bool MeanTheSame(const Attribute& attribute, const Value& a, const Value& b) {
  if (a == b) return true;
  if (a.is_unknown() || b.is_unknown()) return false;
  if (a.is_null()) return IsEmptyCollection(b);
  if (b.is_null()) return IsEmptyCollection(a);
  if (attribute.canonical) return attribute.canonical(a) == attribute.canonical(b);
  if (attribute.type.kind == Type::Kind::kMap) return WithoutNulls(a) == WithoutNulls(b);
  if (attribute.type.kind != Type::Kind::kObject) return false;
  const auto& members = attribute.type.members;
  return std::all_of(members.begin(), members.end(), [&](const Attribute& member) {
    return MeanTheSame(member, a.at(member.name), b.at(member.name));
  });
}

Value StateValue(const Schema& schema, const Value& base, const Value& found, bool refresh) {
  Value state = base.is_known() ? base : Value::Object({});
  for (const Attribute& attribute : schema.attributes) {
    const Value& promised = base.at(attribute.name);
    const Value& actual = found.at(attribute.name);
    Value& value = state.as_map()[attribute.name];
    if (refresh) {
      const bool users = attribute.required || attribute.optional;
      value = users && MeanTheSame(attribute, promised, actual) ? promised : actual;
    } else if (promised.is_unknown()) {
      value = actual;
    }
    value = WithoutWriteOnly(attribute, std::move(value));
  }
  for (const Block& block : schema.blocks) {  // Absent in an object that is made from nothing.
    const bool list = block.nesting == Block::Nesting::kList;
    state.as_map().try_emplace(block.name, list ? Value::ListOf({}) : Value::Null());
  }
  return state;
}

}  // namespace dbaas

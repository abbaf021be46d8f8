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

/// The provider chooses the value: computed, and the configuration does not say.
bool IsOurs(const Attribute& attribute, const Value& config) {
  return attribute.computed && config.at(attribute.name).is_null();
}

/// Another attribute is configured that stands in this one's place.
bool GivesWay(const Attribute& attribute, const Value& config) {
  return std::any_of(attribute.conflicts_with.begin(), attribute.conflicts_with.end(),
                     [&](const std::string& other) { return !config.at(other).is_null(); });
}

/// What the provider makes of an attribute that is its own, if that does not depend on what was
/// before.
std::optional<Value> Chosen(const Attribute& attribute, const Value& config) {
  for (const std::string& other : attribute.conflicts_with) {
    // An unknown one may turn out to be null, and then our own value would hold after all.
    if (config.at(other).is_unknown()) return Value::Unknown();
  }
  if (GivesWay(attribute, config)) return Value::Null();
  return attribute.planned_as ? attribute.planned_as : attribute.default_value;
}

// ---- Into objects ------------------------------------------------------------------------------
// Objects stand in attributes and in blocks, alone or as elements of lists, sets and maps. What is
// said about their own attributes holds for each of them.

/// The value that an attribute of `object` gets.
using Change = Value (*)(const Attribute& attribute, const Value& object);

Value DefaultForNull(const Attribute& attribute, const Value& object) {
  if (!IsOurs(attribute, object)) return object.at(attribute.name);
  return Chosen(attribute, object).value_or(Value::Null());
}

Value NullForWriteOnly(const Attribute& attribute, const Value& object) {
  return attribute.write_only ? Value::Null() : object.at(attribute.name);
}

bool HoldsObjects(const Type& type) {
  return type.kind == Type::Kind::kObject || (type.element && HoldsObjects(*type.element));
}

template <typename F>
Value EachElement(Value collection, bool is_set, const F& change) {
  if (collection.kind() == Value::Kind::kMap) {
    for (auto& [key, element] : collection.as_map()) element = change(std::move(element));
    return collection;
  }
  for (Value& item : collection.as_list()) item = change(std::move(item));
  return is_set ? Value::SetOf(std::move(collection.as_list())) : collection;
}

Value InObject(const std::vector<Attribute>& attributes, const std::vector<Block>& blocks,
               const Value& object, Change change);

Value Inside(const Type& type, Value value, Change change) {
  if (!value.is_known() || !HoldsObjects(type)) return value;
  if (type.kind == Type::Kind::kObject) return InObject(type.members, {}, value, change);
  return EachElement(std::move(value), type.kind == Type::Kind::kSet, [&](Value element) {
    return Inside(*type.element, std::move(element), change);
  });
}

Value Inside(const Block& block, Value value, Change change) {
  const auto in_one = [&](const Value& one) {
    return InObject(block.attributes, block.blocks, one, change);
  };
  if (block.nesting == Block::Nesting::kSingle || !value.is_known()) return in_one(value);
  return EachElement(std::move(value), block.nesting == Block::Nesting::kSet, in_one);
}

Value InObject(const std::vector<Attribute>& attributes, const std::vector<Block>& blocks,
               const Value& object, Change change) {
  if (!object.is_known()) return object;
  Value changed = object;
  for (const Attribute& attribute : attributes) {
    changed.as_map()[attribute.name] = Inside(attribute.type, change(attribute, object), change);
  }
  for (const Block& block : blocks) {
    changed.as_map()[block.name] = Inside(block, object.at(block.name), change);
  }
  return changed;
}

/// What a plan says of a configured value, for an attribute or a block of the root.
template <typename Place>
Value Completed(const Place& place, const Value& configured) {
  return Inside(place, WithDefaults(place, configured), NullForWriteOnly);
}

// ---- At the root -------------------------------------------------------------------------------

/// The value of an attribute as far as it can be said without looking at the others' changes. For
/// computed attributes that is the prior value.
Value FirstGuess(const Attribute& attribute, const Value& prior, const Value& config) {
  const Value& before = prior.at(attribute.name);
  if (!IsOurs(attribute, config)) {
    if (attribute.write_only) return Value::Null();
    return KeepSpelling(attribute, before, Completed(attribute.type, config.at(attribute.name)));
  }
  if (const auto chosen = Chosen(attribute, config)) {
    return KeepSpelling(attribute, before, *chosen);
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
Value KeepBlockSpelling(const Block& block, const Value& prior, Value value) {
  if (block.nesting != Block::Nesting::kSingle || !prior.is_known() || !value.is_known()) {
    return value;
  }
  for (const Attribute& attribute : block.attributes) {
    Value& inside = value.as_map()[attribute.name];
    inside = KeepSpelling(attribute, prior.at(attribute.name), inside);
  }
  return value;
}

}  // namespace

Value WithDefaults(const Type& type, Value config) {
  return Inside(type, std::move(config), DefaultForNull);
}
Value WithDefaults(const Block& block, Value config) {
  return Inside(block, std::move(config), DefaultForNull);
}

PlannedValue PlanValue(const Schema& schema, const Value& prior, const Value& config) {
  Value planned = config;
  std::set<std::string> changed;
  for (const Attribute& attribute : schema.attributes) {
    Value& value = planned.as_map()[attribute.name];
    value = FirstGuess(attribute, prior, config);
    if (!(value == prior.at(attribute.name))) changed.insert(attribute.name);
  }
  for (const Block& block : schema.blocks) {
    const Value& before = prior.at(block.name);
    Value& value = planned.as_map()[block.name];
    value = KeepBlockSpelling(block, before, Completed(block, config.at(block.name)));
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
  if (a.is_null()) return b.is_null() || IsEmptyCollection(b);
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
    value = attribute.write_only ? Value::Null()
                                 : Inside(attribute.type, std::move(value), NullForWriteOnly);
  }
  for (const Block& block : schema.blocks) {  // Absent in an object that is made from nothing.
    state.as_map().try_emplace(block.name, block.None());
  }
  return state;
}

}  // namespace dbaas

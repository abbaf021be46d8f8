// SPDX-License-Identifier: MPL-2.0
#include "schemas/checks.h"

#include "schemas/planned_value.h"

namespace dbaas {
namespace {

/// How a path goes on from an object to one of its attributes: Attr for those of a resource or
/// block, Member inside an attribute.
using Step = AttributePath (*)(AttributePath, const std::string&);

void CheckAttributes(const std::vector<Attribute>& attributes, const Value& object,
                     const AttributePath& path, Step step, Diagnostics& found);

std::string Invalid(const Attribute& attribute) { return "Invalid value for " + attribute.name; }

/// Two elements that differ only in what one of them leaves to a default are one element in a plan,
/// and Terraform refuses a plan with fewer elements than the configuration has.
template <typename Place>
void CheckTwins(const Place& place, const Value& set, const AttributePath& path,
                Diagnostics& found) {
  if (WithDefaults(place, set).as_list().size() == set.as_list().size()) return;
  found.push_back(ErrorAt(path, "The same element twice",
                          "Two elements are the same, once what they leave out has its default. "
                          "Keep one of the two."));
}

/// Elements of a set have no path of their own: what `check` finds in each of them is told of the
/// whole set.
template <typename F>
void CheckEach(const Value& set, const AttributePath& path, Diagnostics& found, const F& check) {
  for (const Value& item : set.as_list()) {
    Diagnostics inside;
    check(item, inside);
    for (Diagnostic& one : inside) {
      one.path = path;
      found.push_back(std::move(one));
    }
  }
}

/// Goes into objects, wherever in `value` they are.
void CheckInside(const Type& type, const Value& value, const AttributePath& path,
                 Diagnostics& found) {
  if (!value.is_known()) return;
  switch (type.kind) {
    case Type::Kind::kObject: CheckAttributes(type.members, value, path, Member, found); break;
    case Type::Kind::kList:
      for (std::size_t i = 0; i < value.as_list().size(); ++i) {
        CheckInside(*type.element, value.as_list()[i], Index(path, static_cast<std::int64_t>(i)),
                    found);
      }
      break;
    case Type::Kind::kSet:
      CheckEach(value, path, found, [&](const Value& item, Diagnostics& inside) {
        CheckInside(*type.element, item, path, inside);
      });
      CheckTwins(type, value, path, found);
      break;
    case Type::Kind::kMap:
      for (const auto& [key, element] : value.as_map()) {
        CheckInside(*type.element, element, Key(path, key), found);
      }
      break;
    default: break;  // No objects in these.
  }
}

std::optional<std::string> FirstComplaint(const Attribute& attribute, const Value& value) {
  if (!value.is_wholly_known()) return std::nullopt;
  for (const Validator& validator : attribute.validators) {
    if (auto complaint = validator.check(value)) return complaint;
  }
  return std::nullopt;
}

/// What stands beside this attribute and must not, or is missing and must not be.
std::optional<Diagnostic> CheckNeighbours(const Attribute& attribute, const Value& object,
                                          const AttributePath& path) {
  for (const std::string& other : attribute.conflicts_with) {
    if (object.at(other).is_known()) {
      return ErrorAt(
          path, "Conflicting attributes",
          attribute.name + " and " + other + " cannot be set together. Keep one of the two.");
    }
  }
  for (const std::string& other : attribute.needs) {
    if (object.at(other).is_null()) {
      return ErrorAt(path, "Incomplete configuration",
                     attribute.name + " is set, so " + other + " has to be set too.");
    }
  }
  return std::nullopt;
}

/// An attribute that is not set, and none of those is that could stand for it.
std::optional<Diagnostic> CheckMissing(const Attribute& attribute, const Value& object,
                                       const AttributePath& path) {
  if (attribute.required_unless.empty()) return std::nullopt;
  std::string others;
  for (const std::string& other : attribute.required_unless) {
    if (!object.at(other).is_null()) return std::nullopt;
    others += (others.empty() ? "" : " or ") + other;
  }
  return ErrorAt(path, "Incomplete configuration",
                 "Either " + attribute.name + " or " + others + " has to be set.");
}

void CheckAttributes(const std::vector<Attribute>& attributes, const Value& object,
                     const AttributePath& path, Step step, Diagnostics& found) {
  for (const Attribute& attribute : attributes) {
    const Value& value = object.at(attribute.name);
    if (value.is_null()) {
      auto missing = CheckMissing(attribute, object, step(path, attribute.name));
      if (missing) found.push_back(std::move(*missing));
    }
    if (!value.is_known()) continue;
    const AttributePath here = step(path, attribute.name);
    if (const auto complaint = FirstComplaint(attribute, value)) {
      found.push_back(ErrorAt(here, Invalid(attribute), attribute.name + " " + *complaint + "."));
      continue;
    }
    if (auto diagnostic = CheckNeighbours(attribute, object, here)) {
      found.push_back(std::move(*diagnostic));
      continue;
    }
    CheckInside(attribute.type, value, here, found);
  }
}

void CheckBlocks(const std::vector<Block>& blocks, const Value& object, const AttributePath& path,
                 Diagnostics& found) {
  for (const Block& block : blocks) {
    const Value& value = object.at(block.name);
    if (!value.is_known()) continue;
    const AttributePath here = Attr(path, block.name);
    const auto check_one = [&](const Value& one, const AttributePath& at, Diagnostics& wrong) {
      if (!one.is_known()) return;
      CheckAttributes(block.attributes, one, at, Attr, wrong);
      CheckBlocks(block.blocks, one, at, wrong);
    };
    switch (block.nesting) {
      case Block::Nesting::kSingle: check_one(value, here, found); break;
      case Block::Nesting::kList:
        for (std::size_t i = 0; i < value.as_list().size(); ++i) {
          check_one(value.as_list()[i], Index(here, static_cast<std::int64_t>(i)), found);
        }
        break;
      case Block::Nesting::kSet:
        CheckEach(value, here, found,
                  [&](const Value& item, Diagnostics& inside) { check_one(item, here, inside); });
        CheckTwins(block, value, here, found);
        break;
      case Block::Nesting::kMap:
        for (const auto& [key, element] : value.as_map()) {
          check_one(element, Key(here, key), found);
        }
        break;
    }
  }
}

/// Goes into objects that are attributes, as far as types have any.
void RefuseWriteOnly(const std::vector<Attribute>& attributes, const Value& object,
                     const AttributePath& path, Step step, Diagnostics& found) {
  for (const Attribute& attribute : attributes) {
    const Value& value = object.at(attribute.name);
    if (value.is_null()) continue;
    const AttributePath here = step(path, attribute.name);
    if (attribute.write_only) {
      found.push_back(ErrorAt(
          here, "Write-only attribute not allowed",
          attribute.name + " is write-only, which needs Terraform 1.11 or OpenTofu 1.11, or "
                           "a newer version of either. An older one would store the value."));
    } else if (attribute.type.kind == Type::Kind::kObject && value.is_known()) {
      RefuseWriteOnly(attribute.type.members, value, here, Member, found);
    }
  }
}

}  // namespace

Diagnostics CheckValues(const Schema& schema, const Value& config) {
  Diagnostics found;
  CheckAttributes(schema.attributes, config, {}, Attr, found);
  CheckBlocks(schema.blocks, config, {}, found);
  return found;
}

Diagnostics RefuseWriteOnly(const Schema& schema, const Value& config) {
  Diagnostics found;
  RefuseWriteOnly(schema.attributes, config, {}, Attr, found);
  return found;
}

}  // namespace dbaas

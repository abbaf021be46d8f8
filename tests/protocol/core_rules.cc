// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/core_rules.h"

#include <algorithm>
#include <utility>

#include "tests/protocol/core_wire.h"

namespace dbaas::core {
namespace {

/// An element of a list, or null beyond its end.
const Value& ItemOf(const Value& list, std::size_t index) {
  static const Value kNull;
  const bool there = list.kind() == Value::Kind::kList && index < list.as_list().size();
  return there ? list.as_list()[index] : kNull;
}

bool IsList(const Value& value) { return value.kind() == Value::Kind::kList; }
bool IsMap(const Value& value) { return value.kind() == Value::Kind::kMap; }

std::string At(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}
std::string At(const std::string& path, const std::string& key) {
  return path + "[\"" + key + "\"]";
}
std::string Dot(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// ---- The proposed new state --------------------------------------------------------------------

/// Whether `prior`, with its computed parts, may have been made from the configuration `config`.
/// That is how elements of sets find their past, having no keys.
bool MayComeFrom(const Type& object, const Value& prior, const Value& config) {
  if (prior == config) return true;
  if (!IsMap(prior) || !IsMap(config)) return false;
  for (const Member& member : object.members) {
    const Value& before = prior.at(member.name);
    const Value& said = config.at(member.name);
    if (before == said || (member.computed && said.is_null())) continue;
    const bool inside = member.form != Member::Form::kPlain &&
                        member.type.kind == Type::Kind::kObject && before.is_known() &&
                        said.is_known();
    if (!inside || !MayComeFrom(member.type, before, said)) return false;
  }
  return true;
}

/// Of an optional and computed nested attribute that is not configured: whether its prior value
/// has parts that only a configuration can have put there, so that it was configured once.
bool WasConfigured(const Member& member, const Value& prior) {
  if (member.form != Member::Form::kNested || !member.optional || !prior.is_known()) return false;
  const auto has = [&](const Value& object) {
    bool found = false;
    ForEachAttribute(member.Object(), object, "",
                     [&](const Member& inner, const Value& value, const std::string&) {
                       found = found || (!inner.computed && !value.is_null());
                     });
    return found;
  };
  if (member.type.kind == Type::Kind::kObject) return has(prior);
  if (IsList(prior)) return std::any_of(prior.as_list().begin(), prior.as_list().end(), has);
  return std::any_of(prior.as_map().begin(), prior.as_map().end(),
                     [&](const auto& element) { return has(element.second); });
}

/// Goes into a block or nested attribute that is configured.
Value ProposedInside(const Member& member, const Value& prior, const Value& config) {
  if (!config.is_known()) return config;
  const Type& object = member.Object();
  const auto propose = [&](const Value& before, const Value& said) {
    return said.is_known() ? ProposedNew(object, before, said) : said;
  };
  if (member.type.kind == Type::Kind::kObject) return propose(prior, config);
  if (IsMap(config)) {
    Value::Map members;
    for (const auto& [key, said] : config.as_map()) members[key] = propose(prior.at(key), said);
    return Value::Object(std::move(members));
  }
  Value::List items;
  std::vector<bool> taken(IsList(prior) ? prior.as_list().size() : 0);
  for (std::size_t i = 0; i < config.as_list().size(); ++i) {
    const Value& said = config.as_list()[i];
    std::size_t before = i;
    if (member.nesting == Nesting::kSet) {
      for (before = 0; before < taken.size(); ++before) {
        if (!taken[before] && MayComeFrom(object, prior.as_list()[before], said)) break;
      }
      if (before < taken.size()) taken[before] = true;
    }
    items.push_back(propose(ItemOf(prior, before), said));
  }
  return Value::ListOf(std::move(items));
}

// ---- What a plan may say -----------------------------------------------------------------------

class PlanCheck {
 public:
  void Object(const Type& object, const Value& prior, const Value& config, const Value& planned,
              const std::string& path) {
    if (config.is_unknown()) return;  // A dynamic block whose count is not known yet.
    if (planned.is_null() && !config.is_null()) {
      return Complain(Rule::kExistence, path, "planned for absence but config wants existence");
    }
    if (config.is_null() && !planned.is_null()) {
      return Complain(Rule::kExistence, path, "planned for existence but config wants absence");
    }
    if (planned.is_null()) return;
    if (planned.is_unknown()) {
      return Complain(Rule::kBlocks, path, "must not be unknown itself");
    }
    for (const Member& member : object.members) {
      const Value& before = prior.at(member.name);
      const Value& said = config.at(member.name);
      const Value& value = planned.at(member.name);
      const std::string here = Dot(path, member.name);
      if (member.form == Member::Form::kBlock) {
        Blocks(member, before, said, value, here);
      } else {
        Attribute(member, before, said, value, here);
      }
    }
  }

  Violations Take() && { return std::move(violations_); }

 private:
  void Complain(Rule rule, const std::string& path, const std::string& what) {
    violations_.push_back({rule, (path.empty() ? "the object" : path) + ": " + what});
  }

  void Attribute(const Member& member, const Value& prior, const Value& config,
                 const Value& planned, const std::string& path) {
    if (member.write_only) {
      if (!planned.is_null()) {
        Complain(Rule::kWriteOnly, path, "planned value for write-only attribute is not null");
      }
      return;
    }
    if (planned == config) return;
    if (config.is_null()) {
      if (!member.computed) {
        Complain(Rule::kOnlyComputed, path,
                 "planned value " + planned.ToText() + " for a non-computed attribute");
      }
      return;
    }
    if (config.is_unknown()) {
      return Complain(Rule::kConfiguredStays, path,
                      "planned value " + planned.ToText() + " for an unknown configured value");
    }
    if (!prior.is_null() && planned == prior) return;  // Another spelling of what is configured.
    if (member.form == Member::Form::kNested && planned.is_known()) {
      return Nested(member, prior, config, planned, path);
    }
    Complain(Rule::kConfiguredStays, path,
             "planned value " + planned.ToText() + " does not match config value " +
                 config.ToText() + " nor prior value " + prior.ToText());
  }

  /// An attribute with attributes of its own, planned otherwise than configured: inside it the
  /// computed ones may differ.
  void Nested(const Member& member, const Value& prior, const Value& config, const Value& planned,
              const std::string& path) {
    const Type& object = member.Object();
    if (member.type.kind == Type::Kind::kObject) {
      return Object(object, prior, config, planned, path);
    }
    if (IsMap(config)) return Keyed(object, prior, config, planned, path, "count in plan");
    Listed(member, prior, config, planned, path, "count in plan");
  }

  void Blocks(const Member& member, const Value& prior, const Value& config, const Value& planned,
              const std::string& path) {
    if (config.is_unknown()) return;
    const Type& object = member.Object();
    if (member.type.kind == Type::Kind::kObject) {
      return Object(object, prior, config, planned, path);
    }
    if (planned.is_unknown()) {
      return Complain(Rule::kBlocks, path,
                      "attribute representing nested block must not be unknown itself");
    }
    if (planned.is_null()) {
      return Complain(Rule::kBlocks, path, "must be empty to indicate no blocks, not null");
    }
    if (IsMap(config)) return Keyed(object, prior, config, planned, path, "block count in plan");
    Listed(member, prior, config, planned, path, "block count in plan");
  }

  void Keyed(const Type& object, const Value& prior, const Value& config, const Value& planned,
             const std::string& path, const std::string& count) {
    for (const auto& [key, value] : planned.as_map()) {
      if (!config.as_map().contains(key)) {
        Complain(Rule::kBlocks, At(path, key), count + ": not in the configuration");
      }
    }
    for (const auto& [key, said] : config.as_map()) {
      if (!planned.as_map().contains(key)) {
        Complain(Rule::kBlocks, At(path, key), count + ": only in the configuration");
      } else {
        Object(object, prior.at(key), said, planned.at(key), At(path, key));
      }
    }
  }

  void Listed(const Member& member, const Value& prior, const Value& config, const Value& planned,
              const std::string& path, const std::string& count) {
    const auto& items = planned.as_list();
    const auto& said = config.as_list();
    if (items.size() != said.size()) {
      return Complain(member.form == Member::Form::kBlock ? Rule::kBlocks : Rule::kConfiguredStays,
                      path,
                      count + " (" + std::to_string(items.size()) + ") disagrees with config (" +
                          std::to_string(said.size()) + ")");
    }
    if (member.nesting != Nesting::kSet) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        Object(member.Object(), ItemOf(prior, i), said[i], items[i], At(path, i));
      }
      return;
    }
    // Elements have no key: each has to be a plan of one that is configured.
    for (const Value& item : items) {
      const bool found = std::any_of(said.begin(), said.end(), [&](const Value& one) {
        PlanCheck inner;
        inner.Object(member.Object(), Value::Null(), one, item, path);
        return inner.violations_.empty();
      });
      if (!found) {
        Complain(Rule::kConfiguredStays, path,
                 "planned set element " + item.ToText() +
                     " does not correlate with any element in config");
      }
    }
  }

  Violations violations_;
};

// ---- What an apply may make of it --------------------------------------------------------------

class Agreement {
 public:
  explicit Agreement(Rule rule) : rule_(rule) {}

  void Compare(const Type& type, const Value& planned, const Value& actual,
               const std::string& path) {
    if (type.kind == Type::Kind::kDynamic && !planned.type().empty()) {
      return CompareTyped(planned, actual, path);
    }
    if (planned.is_unknown() || planned == actual) return;
    const bool opens = planned.is_known() && planned.kind() == actual.kind() &&
                       (IsList(planned) || IsMap(planned));
    if (!opens) {
      return Complain(path, "was " + planned.ToText() + ", but now " + actual.ToText());
    }
    switch (type.kind) {
      case Type::Kind::kObject:
        for (const Member& member : type.members) {
          Compare(member.type, planned.at(member.name), actual.at(member.name),
                  Dot(path, member.name));
        }
        return;
      case Type::Kind::kMap: return CompareMaps(type, planned, actual, path);
      case Type::Kind::kSet: return CompareSets(type, planned, actual, path);
      default: break;
    }
    const auto& before = planned.as_list();
    const auto& now = actual.as_list();
    if (before.size() != now.size()) {
      return Complain(path, "length changed from " + std::to_string(before.size()) + " to " +
                                std::to_string(now.size()));
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool tuple = type.kind == Type::Kind::kTuple;
      Compare(type.element[tuple ? i : 0], before[i], now[i], At(path, i));
    }
  }

  Violations Take() && { return std::move(violations_); }

 private:
  void Complain(const std::string& path, const std::string& what) {
    violations_.push_back({rule_, (path.empty() ? "the object" : path) + ": " + what});
  }

  /// The type is as planned, but for what was not known of it.
  void CompareTyped(const Value& planned, const Value& actual, const std::string& path) {
    const Type type = TypeOf(planned);
    if (!HasDynamic(type) && planned.type() != actual.type()) {
      return Complain(path, "was of type " + planned.type() + ", but now " + actual.type());
    }
    Compare(type, planned, actual, path);
  }

  void CompareMaps(const Type& type, const Value& planned, const Value& actual,
                   const std::string& path) {
    for (const auto& [key, value] : actual.as_map()) {
      if (!planned.as_map().contains(key)) Complain(At(path, key), "new element has appeared");
    }
    for (const auto& [key, value] : planned.as_map()) {
      if (!actual.as_map().contains(key)) {
        Complain(At(path, key), "element has vanished");
      } else {
        Compare(type.element.front(), value, actual.at(key), At(path, key));
      }
    }
  }

  /// Each planned element has to be somewhere, and as many as are there have to have been planned:
  /// elements with unknown parts may have become the same one.
  void CompareSets(const Type& type, const Value& planned, const Value& actual,
                   const std::string& path) {
    const auto agree = [&](const Value& before, const Value& now) {
      Agreement inner(rule_);
      inner.Compare(type.element.front(), before, now, path);
      return inner.violations_.empty();
    };
    const auto has_partner = [](const auto& one, const auto& others, const auto& matches) {
      return std::any_of(others.begin(), others.end(),
                         [&](const Value& other) { return matches(one, other); });
    };
    for (const Value& before : planned.as_list()) {
      if (!has_partner(before, actual.as_list(), agree)) {
        Complain(path, "planned set element " + before.ToText() + " does not correlate");
      }
    }
    for (const Value& now : actual.as_list()) {
      if (!has_partner(now, planned.as_list(),
                       [&](const Value& a, const Value& b) { return agree(b, a); })) {
        Complain(path, "set element " + now.ToText() + " has appeared");
      }
    }
  }

  Rule rule_;
  Violations violations_;
};

}  // namespace

const char* ToString(Rule rule) {
  switch (rule) {
    case Rule::kAnswers: return "answers";
    case Rule::kSchema: return "schema";
    case Rule::kWellFormed: return "well formed";
    case Rule::kDiagnostic: return "diagnostic";
    case Rule::kRefusalHasPath: return "refusal has a path";
    case Rule::kConfiguredStays: return "configured stays";
    case Rule::kOnlyComputed: return "only computed";
    case Rule::kExistence: return "existence";
    case Rule::kBlocks: return "blocks";
    case Rule::kWriteOnly: return "write-only";
    case Rule::kReplacePath: return "replace path";
    case Rule::kNoLegacy: return "no legacy";
    case Rule::kNoDeferral: return "no deferral";
    case Rule::kSamePlan: return "same plan";
    case Rule::kFinalPlan: return "final plan";
    case Rule::kApplied: return "applied";
    case Rule::kResult: return "result";
    case Rule::kNothingUnknown: return "nothing unknown";
    case Rule::kResultExists: return "result exists";
    case Rule::kPrivateData: return "private data";
    case Rule::kUpgrade: return "upgrade";
    case Rule::kRefresh: return "refresh";
    case Rule::kSecondPlan: return "second plan";
    case Rule::kIdentity: return "identity";
    case Rule::kIdentityStays: return "identity stays";
    case Rule::kImport: return "import";
    case Rule::kList: return "list";
    case Rule::kAction: return "action";
    case Rule::kPure: return "pure";
  }
  return "?";
}

Value ProposedNew(const Type& object, const Value& prior, const Value& config) {
  Value::Map members;
  for (const Member& member : object.members) {
    const Value& before = prior.at(member.name);
    const Value& said = config.at(member.name);
    Value& value = members[member.name];
    if (member.computed && said.is_null()) {
      value = WasConfigured(member, before) ? said : before;
    } else if (member.form == Member::Form::kPlain) {
      value = said;
    } else {
      value = ProposedInside(member, before, said);
    }
  }
  return Value::Object(std::move(members));
}

Violations CheckPlanned(const Type& object, const Value& prior, const Value& config,
                        const Value& planned) {
  PlanCheck check;
  check.Object(object, prior, config, planned, "");
  return std::move(check).Take();
}

Violations CheckAgrees(const Type& object, const Value& planned, const Value& actual, Rule rule) {
  Agreement agreement(rule);
  agreement.Compare(object, planned, actual, "");
  return std::move(agreement).Take();
}

Violations CheckWriteOnly(const Type& object, const Value& value) {
  Violations found;
  ForEachAttribute(
      object, value, "", [&](const Member& member, const Value& inside, const std::string& path) {
        if (member.write_only && !inside.is_null()) {
          found.push_back({Rule::kWriteOnly, path + ": a write-only value in " + inside.ToText()});
        }
      });
  return found;
}

}  // namespace dbaas::core

// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/random_config.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "tests/protocol/core_wire.h"

namespace dbaas::core {
namespace {

// Text that is trouble somewhere, whatever the attribute.
const std::vector<std::string>& Odd() {
  static const std::vector<std::string> kOdd = {
      "",     " ",       "a",     "A",   "-",
      "0",    "null",    "true",  "a b", "a\nb",
      "\"",   "${x}",    "../..", "ä☃𝄞", std::string(300, 'x'),
      "1GiB", "1024MiB", "1h30m", "30m", "correct horse",
      "x-1"};
  return kOdd;
}

const Value::List& Numbers() {
  static const Value::List kNumbers = [] {
    Value::List numbers;
    for (const char* text : {"0",
                             "1",
                             "2",
                             "3",
                             "5",
                             "9",
                             "10",
                             "-1",
                             "0.1",
                             "1.5",
                             "1024",
                             "5432",
                             "6432",
                             "65535",
                             "65536",
                             "2147483648",
                             "9007199254740993",
                             "9223372036854775807",
                             "9223372036854775808",
                             "100000000000000000000",
                             "0.333333333333333333333"}) {
      numbers.push_back(Value::Num(*Number::FromText(text)));
    }
    return numbers;
  }();
  return kNumbers;
}

/// The same and nearly the same, as values of different types.
const Value::List& OfAnyType() {
  static const Value::List kValues = [] {
    const Value one = Value::String("1");
    const Value two = Value::String("2");
    const Value list = Value::ListOf({one, two});
    const Value map = Value::Object({{"a", one}, {"b", Value::Null()}});
    return Value::List{
        Value::OfType(R"("string")", one),
        Value::OfType(R"("number")", Value::Int(1)),
        Value::OfType(R"("bool")", Value::Bool(true)),
        Value::OfType(R"("string")", Value::Null()),
        Value::OfType(R"(["list","string"])", list),
        Value::OfType(R"(["set","string"])", list),
        Value::OfType(R"(["set","string"])", Value::ListOf({two, one})),
        Value::OfType(R"(["tuple",["string","string"]])", list),
        Value::OfType(R"(["tuple",[]])", Value::ListOf({})),
        Value::OfType(R"(["list","number"])", Value::Null()),
        Value::OfType(R"(["map","string"])", map),
        Value::OfType(R"(["object",{"a":"string","b":"dynamic"}])", map),
        Value::OfType(R"(["object",{"a":"string","b":["list","bool"]}])", map),
        Value::OfType(R"(["object",{}])", Value::Object({})),
    };
  }();
  return kValues;
}

std::string Dot(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

bool IsConfigurable(const Member& member) {
  return member.form == Member::Form::kBlock || member.required || member.optional;
}

bool IsLeaf(const Type& type) {
  return type.kind == Type::Kind::kString || type.kind == Type::Kind::kNumber ||
         type.kind == Type::Kind::kBool || type.kind == Type::Kind::kDynamic;
}

const Value& OneOf(SeededRandom& random, const Value::List& values) {
  return values[random.Below(values.size())];
}

}  // namespace

RandomConfig::RandomConfig(Core& core, std::string resource)
    : core_(core), resource_(std::move(resource)), type_(core.TypeOf(resource_)) {
  TakeWords(core.resources().at(resource_).description);
  const std::function<void(const Type&)> read = [&](const Type& object) {
    for (const Member& member : object.members) {
      TakeWords(member.description);
      if (member.form != Member::Form::kPlain) read(member.Object());
    }
  };
  read(type_);
  // What is required first, beside unknown values, so that the rest can be asked beside known ones.
  Value base = EmptyObject(type_);
  for (const Member& member : type_.members) {
    if (member.required) base.as_map()[member.name] = Value::Unknown();
  }
  Value unknown = EmptyObject(type_);
  for (const Member& member : type_.members) {
    const bool may = IsConfigurable(member) && member.form != Member::Form::kBlock;
    if (may) unknown.as_map()[member.name] = Value::Unknown();
  }
  const auto with = [](Value config, const std::string& name) {
    return [config = std::move(config), name](const Value& value) {
      Value changed = config;
      changed.as_map()[name] = value;
      return changed;
    };
  };
  // The second round has the words that the first one's refusals taught.
  for (int round = 0; round < 2; ++round) {
    for (const Member& member : type_.members) {
      if (!IsConfigurable(member)) continue;
      Learn(member, member.name, with(base, member.name), with(unknown, member.name));
      if (!member.required) continue;
      const auto& known = accepted_[member.name];
      if (!known.empty()) base.as_map()[member.name] = known.front();
    }
  }
}

void RandomConfig::TakeWords(const std::string& text) {
  static const std::regex kQuoted("`([^`]+)`");
  static const std::regex kPair(R"re(^(\w+) = "(.*)"$)re");
  for (std::sregex_iterator it(text.begin(), text.end(), kQuoted), end; it != end; ++it) {
    const std::string word = (*it)[1];
    std::smatch pair;
    if (std::regex_match(word, pair, kPair)) {
      pairs_.emplace(pair[1], pair[2]);
      words_.insert(pair[2]);
    } else {
      words_.insert(word);
    }
  }
}

/// Whether nothing is said against the attribute `name`, wherever it stands in `config`.
bool RandomConfig::Accepts(const std::string& name, const Value& config) {
  static const std::regex kWord(R"([A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9])");
  DiagnosticList diagnostics;
  if (core_.Validate(resource_, config, &diagnostics)) return true;
  bool accepted = true;
  for (const auto& one : diagnostics) {
    if (one.severity() != tfplugin6::Diagnostic::ERROR) continue;
    for (const auto& step : one.attribute().steps()) {
      if (step.attribute_name() == name || step.element_key_string() == name) accepted = false;
    }
    const std::string text = one.detail();
    if (words_.size() > 200) continue;
    for (std::sregex_iterator it(text.begin(), text.end(), kWord), end; it != end; ++it) {
      words_.insert(it->str());
    }
  }
  return accepted;
}

Value::List RandomConfig::Candidates(const Type& type) const {
  switch (type.kind) {
    case Type::Kind::kBool: return {Value::Bool(false), Value::Bool(true)};
    case Type::Kind::kNumber: return Numbers();
    case Type::Kind::kString: {
      Value::List values;
      for (const std::string& word : words_) values.push_back(Value::String(word));
      for (const std::string& word : Odd()) values.push_back(Value::String(word));
      return values;
    }
    case Type::Kind::kList:
    case Type::Kind::kSet: {
      Value::List values = {Value::ListOf({})};
      for (const Value& one : Candidates(type.element.front())) {
        values.push_back(Value::ListOf({one}));
      }
      return values;
    }
    case Type::Kind::kMap: {
      Value::List values = {Value::Object({})};
      for (const auto& [key, value] : pairs_) {
        values.push_back(Value::Object({{key, Value::String(value)}}));
        for (const Value& other : Candidates(type.element.front())) {
          values.push_back(Value::Object({{key, other}}));
        }
      }
      values.push_back(Value::Object({{"no such key", Value::Null()}}));
      return values;
    }
    case Type::Kind::kDynamic: return OfAnyType();
    case Type::Kind::kTuple:
    case Type::Kind::kObject: break;
  }
  return {};
}

Value::List RandomConfig::Accepted(const Member& member, const Wrap& wrap) {
  Value::List accepted;
  for (const Value& candidate : Candidates(member.type)) {
    if (Accepts(member.name, wrap(candidate))) accepted.push_back(candidate);
  }
  return accepted;
}

void RandomConfig::Learn(const Member& member, const std::string& path, const Wrap& wrap,
                         const Wrap& beside_unknown) {
  if (member.form == Member::Form::kPlain) {
    Value::List accepted = Accepted(member, wrap);
    // It may need another attribute beside it.
    if (accepted.empty()) accepted = Accepted(member, beside_unknown);
    accepted_[path] = std::move(accepted);
    return;
  }
  LearnInside(member.Object(), path, [&](const Value& object) {
    switch (member.nesting) {
      case Nesting::kSingle:
      case Nesting::kGroup: return wrap(object);
      case Nesting::kMap: return wrap(Value::Object({{"key", object}}));
      case Nesting::kList:
      case Nesting::kSet: break;
    }
    return wrap(Value::ListOf({object}));
  });
}

void RandomConfig::LearnInside(const Type& object, const std::string& path, const Wrap& wrap) {
  Value base = EmptyObject(object);
  for (const Member& member : object.members) {
    if (member.required) base.as_map()[member.name] = Value::Unknown();
  }
  Value unknown = EmptyObject(object);
  for (const Member& member : object.members) {
    const bool may = IsConfigurable(member) && member.form != Member::Form::kBlock;
    if (may) unknown.as_map()[member.name] = Value::Unknown();
  }
  for (const Member& member : object.members) {
    if (!IsConfigurable(member)) continue;
    const auto inside = [&](const Value& others) {
      return [&, others](const Value& value) {
        Value with = others;
        with.as_map()[member.name] = value;
        return wrap(with);
      };
    };
    Learn(member, Dot(path, member.name), inside(base), inside(unknown));
  }
}

// ---- Drawing -----------------------------------------------------------------------------------

Value RandomConfig::Draw(SeededRandom& random, const Member& member, const std::string& path,
                         Mood mood) const {
  const auto found = accepted_.find(path);
  const bool learned = found != accepted_.end() && !found->second.empty();
  if (!learned || random.Chance(mood.odd)) return OneOf(random, Candidates(member.type));
  Value value = OneOf(random, found->second);
  if (IsLeaf(member.type)) return value;
  // Collections were learned one element at a time; put some together.
  for (std::uint64_t more = random.Below(3); more > 0; --more) {
    const Value& other = OneOf(random, found->second);
    if (value.kind() == Value::Kind::kMap) {
      for (const auto& element : other.as_map()) value.as_map().insert(element);
    } else {
      const auto& items = other.as_list();
      value.as_list().insert(value.as_list().end(), items.begin(), items.end());
    }
  }
  if (value.kind() == Value::Kind::kMap) {
    for (auto& [key, element] : value.as_map()) {
      if (random.Chance(mood.unknown)) element = Value::Unknown();
    }
  }
  return value;
}

Value RandomConfig::DrawObject(SeededRandom& random, const Type& object, const std::string& path,
                               Mood mood) const {
  Value value = EmptyObject(object);
  for (const Member& member : object.members) {
    value.as_map()[member.name] = DrawMember(random, member, Dot(path, member.name), mood);
  }
  return value;
}

Value RandomConfig::DrawMember(SeededRandom& random, const Member& member, const std::string& path,
                               Mood mood) const {
  const bool block = member.form == Member::Form::kBlock;
  const Value absent =
      block ? EmptyObject({.kind = Type::Kind::kObject, .element = {}, .members = {member}})
                  .at(member.name)
            : Value::Null();
  if (!IsConfigurable(member)) return absent;
  const bool must = member.required || (block && member.min_items > 0);
  if (!must && random.Chance(60)) return absent;
  if (!block && random.Chance(mood.unknown)) return Value::Unknown();
  if (member.form == Member::Form::kPlain) {
    return Canonical(Draw(random, member, path, mood), member.type);
  }
  const Type& object = member.Object();
  if (member.type.kind == Type::Kind::kObject) return DrawObject(random, object, path, mood);
  std::int64_t count = static_cast<std::int64_t>(random.Below(4));
  if (member.max_items > 0) count = std::min(count, member.max_items);
  count = std::max(count, member.min_items);
  Value::Map keyed;
  Value::List items;
  for (std::int64_t i = 0; i < count; ++i) {
    Value item = DrawObject(random, object, path, mood);
    keyed["key" + std::to_string(i)] = item;
    items.push_back(std::move(item));
  }
  if (member.nesting == Nesting::kMap) return Value::Object(keyed);
  return Canonical(Value::ListOf(items), member.type);
}

/// Without what the provider complains about, as far as that can be left out.
Value RandomConfig::Mended(SeededRandom& random, Value config) const {
  for (int again = 0; again < 4; ++again) {
    DiagnosticList complaints;
    if (core_.Validate(resource_, config, &complaints)) break;
    for (const auto& one : complaints) {
      if (one.attribute().steps_size() == 0) continue;
      const Member* member = type_.Find(one.attribute().steps(0).attribute_name());
      if (member == nullptr) continue;
      Value& value = config.as_map()[member->name];
      value = member->required ? DrawMember(random, *member, member->name, {})
                               : EmptyObject(type_).at(member->name);
    }
  }
  return config;
}

Value RandomConfig::Make(SeededRandom& random, int unknown_percent) const {
  if (random.Chance(20)) return DrawObject(random, type_, "", {unknown_percent, 8});
  return Mended(random, DrawObject(random, type_, "", {unknown_percent, 0}));
}

Value RandomConfig::Change(SeededRandom& random, const Value& config, int unknown_percent) const {
  Value changed = config;
  std::vector<const Member*> configurable;
  for (const Member& member : type_.members) {
    if (IsConfigurable(member)) configurable.push_back(&member);
  }
  for (std::uint64_t more = 1 + random.Below(3); more > 0; --more) {
    const Member& member = *configurable[random.Below(configurable.size())];
    changed.as_map()[member.name] = DrawMember(random, member, member.name, {unknown_percent, 0});
  }
  return Mended(random, changed);
}

Value RandomConfig::KnownIn(SeededRandom& random, const Type& type, const Member* member,
                            const std::string& path, const Value& value) const {
  if (value.is_unknown()) {
    if (member == nullptr) {  // An element of a collection.
      const Value::List candidates = Candidates(type);
      return candidates.empty() ? Value::Null() : OneOf(random, candidates);
    }
    return DrawMember(random, *member, path, {});
  }
  Value known = value;
  if (type.kind == Type::Kind::kDynamic) return known;  // None is drawn that is known in part.
  if (value.kind() == Value::Kind::kList) {
    for (Value& item : known.as_list()) {
      item = KnownIn(random, type.element.front(), nullptr, path, item);
    }
  } else if (value.kind() == Value::Kind::kMap) {
    for (auto& [name, inside] : known.as_map()) {
      const Member* inner = type.Find(name);
      inside = inner == nullptr ? KnownIn(random, type.element.front(), nullptr, path, inside)
                                : KnownIn(random, inner->type, inner, Dot(path, name), inside);
    }
  }
  return Canonical(std::move(known), type);
}

Value RandomConfig::Known(SeededRandom& random, const Value& config) const {
  Value known;
  for (int again = 0; again < 5; ++again) {
    known = KnownIn(random, type_, nullptr, "", config);
    if (core_.Validate(resource_, known)) break;
  }
  return known;
}

Value RandomConfig::Filled(SeededRandom& random, const Value& planned) const {
  Value filled = planned;
  for (const Member& member : type_.members) {
    Value& value = filled.as_map()[member.name];
    if (!value.is_wholly_known()) {
      const auto draw = [&] {
        return Canonical(OneOf(random, Candidates(member.type)), member.type);
      };
      value = member.form == Member::Form::kPlain ? draw() : EmptyObject(type_).at(member.name);
    }
  }
  return filled;
}

bool RandomConfig::Plan(Core& core, SeededRandom& random) const {
  constexpr int kUnknownPercent = 8;
  const Value config = Make(random, kUnknownPercent);
  const dbaas::core::Change created = core.Plan(resource_, {}, config);
  if (created.action == Action::kRefused) return false;
  const Instance stored{Filled(random, created.planned), "{\"format\":1}", false};
  core.Plan(resource_, stored, Change(random, config, kUnknownPercent), {.refresh = false});
  core.Plan(resource_, stored, Value(), {.refresh = false});
  return true;
}

}  // namespace dbaas::core

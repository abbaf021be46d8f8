// SPDX-License-Identifier: MPL-2.0
//
// Core's rules by themselves, on a schema with every kind of nesting: what they let pass, and what
// they do not. planted_fault_test.cc shows the same on the real provider.
#include "tests/protocol/core_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/protocol/core_wire.h"

namespace dbaas::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using ProtoBlock = tfplugin6::Schema::Block;
using ProtoNested = tfplugin6::Schema::NestedBlock;

Value Text(std::string text) { return Value::String(std::move(text)); }
Value Map(Value::Map members) { return Value::Object(std::move(members)); }
Value List(Value::List items) { return Value::ListOf(std::move(items)); }

tfplugin6::Schema::Attribute& Add(ProtoBlock& block, const std::string& name,
                                  const std::string& type) {
  auto& attribute = *block.add_attributes();
  attribute.set_name(name);
  attribute.set_type(type);
  attribute.set_optional(true);
  return attribute;
}

ProtoBlock& AddBlock(ProtoBlock& block, const std::string& name, ProtoNested::NestingMode nesting) {
  auto& nested = *block.add_block_types();
  nested.set_type_name(name);
  nested.set_nesting(nesting);
  Add(*nested.mutable_block(), "key", R"("string")");
  auto& made = Add(*nested.mutable_block(), "made", R"("string")");
  made.set_optional(false);
  made.set_computed(true);
  return *nested.mutable_block();
}

tfplugin6::Schema Proto() {
  tfplugin6::Schema proto;
  ProtoBlock& block = *proto.mutable_block();
  Add(block, "name", R"("string")");
  Add(block, "port", R"("number")").set_computed(true);
  Add(block, "tags", R"(["map","string"])");
  Add(block, "zones", R"(["set","string"])");
  Add(block, "secret_wo", R"("string")").set_write_only(true);
  auto& users = Add(block, "users", "");
  users.set_computed(true);
  users.mutable_nested_type()->set_nesting(tfplugin6::Schema::Object::SET);
  for (const char* name : {"login", "uid"}) {
    auto& member = *users.mutable_nested_type()->add_attributes();
    member.set_name(name);
    member.set_type(R"("string")");
    member.set_optional(true);
    member.set_computed(std::string(name) == "uid");
  }
  AddBlock(block, "single", ProtoNested::SINGLE);
  AddBlock(block, "list", ProtoNested::LIST);
  AddBlock(block, "set", ProtoNested::SET);
  AddBlock(block, "map", ProtoNested::MAP);
  AddBlock(block, "group", ProtoNested::GROUP);
  return proto;
}

class RulesTest : public testing::Test {
 protected:
  RulesTest() { EXPECT_THAT(complaints_, IsEmpty()); }

  Value Object(const Value::Map& members = {}) const {
    Value object = EmptyObject(type_);
    for (const auto& [name, value] : members) object.as_map()[name] = value;
    return object;
  }
  static Value Item(const std::string& key, const Value& made = {}) {
    return Map({{"key", Text(key)}, {"made", made}});
  }
  static Value User(const std::string& login, const Value& uid = {}) {
    return Map({{"login", Text(login)}, {"uid", uid}});
  }
  std::vector<Rule> Plan(const Value& prior, const Value& config, const Value& planned) const {
    return Rules(CheckPlanned(type_, prior, config, planned));
  }
  std::vector<Rule> Agree(const Value& planned, const Value& actual) const {
    return Rules(CheckAgrees(type_, planned, actual, Rule::kResult));
  }
  static std::vector<Rule> Rules(const Violations& violations) {
    std::vector<Rule> rules;
    for (const auto& violation : violations) rules.push_back(violation.rule);
    return rules;
  }

  std::vector<std::string> complaints_;
  Type type_ = ReadSchema(Proto(), complaints_).type;
  Value null_;
};

TEST_F(RulesTest, ConfigurationWinsAndComputedValuesStay) {
  const Value prior = Object({{"name", Text("a")}, {"port", Value::Int(1)}});
  const Value proposed = ProposedNew(type_, prior, Object({{"name", Text("b")}}));
  EXPECT_EQ(proposed, Object({{"name", Text("b")}, {"port", Value::Int(1)}}));
  EXPECT_EQ(ProposedNew(type_, null_, Object({{"port", Value::Int(2)}})),
            Object({{"port", Value::Int(2)}}));
}

TEST_F(RulesTest, BlocksFindTheirPast) {
  const Value a = Item("a", Text("A"));
  const Value b = Item("b", Text("B"));
  const Value prior = Object({{"single", a},
                              {"group", a},
                              {"list", List({a, b})},
                              {"set", List({a, b})},
                              {"map", Map({{"x", a}, {"y", b}})}});
  const Value config = Object({{"single", Item("b")},
                               {"group", Item("b")},
                               {"list", List({Item("b"), Item("b"), Item("c")})},
                               {"set", List({Item("b"), Item("c")})},
                               {"map", Map({{"y", Item("q")}, {"z", Item("z")}})}});
  const Value proposed = ProposedNew(type_, prior, config);
  EXPECT_EQ(proposed.at("single"), Item("b", Text("A")));
  EXPECT_EQ(proposed.at("group"), Item("b", Text("A")));
  EXPECT_EQ(proposed.at("list"), List({Item("b", Text("A")), b, Item("c")})) << "by their place";
  EXPECT_EQ(proposed.at("set"), List({b, Item("c")})) << "by what is configured of them";
  EXPECT_EQ(proposed.at("map"), Map({{"y", Item("q", Text("B"))}, {"z", Item("z")}})) << "by key";
}

TEST_F(RulesTest, WhatWasConfiguredOnceIsNotTakenForComputed) {
  const Value prior = Object({{"users", List({User("root", Text("0"))})}});
  EXPECT_TRUE(ProposedNew(type_, prior, Object()).at("users").is_null());
  const Value made = Object({{"users", List({Map({{"login", null_}, {"uid", Text("0")}})})}});
  EXPECT_EQ(ProposedNew(type_, made, Object()), made);
}

TEST_F(RulesTest, APlanMayChooseWhatIsComputedAndNotConfigured) {
  const Value config = Object({{"name", Text("a")}, {"set", List({Item("k")})}});
  EXPECT_THAT(Plan(null_, config,
                   Object({{"name", Text("a")},
                           {"port", Value::Unknown()},
                           {"set", List({Item("k", Value::Unknown())})}})),
              IsEmpty());
  const Value prior = Object({{"name", Text("A")}});
  EXPECT_THAT(Plan(prior, config, Object({{"name", Text("A")}, {"set", List({Item("k")})}})),
              IsEmpty())
      << "the prior value stands for another spelling";
}

TEST_F(RulesTest, APlanMayNotChooseAnythingElse) {
  const Value config = Object({{"name", Text("a")}});
  const auto but = [&](const std::string& name, const Value& value) {
    Value planned = config;
    planned.as_map()[name] = value;
    return Plan(null_, config, planned);
  };
  EXPECT_THAT(but("name", Text("b")), ElementsAre(Rule::kConfiguredStays));
  EXPECT_THAT(but("name", null_), ElementsAre(Rule::kConfiguredStays));
  EXPECT_THAT(but("name", Value::Unknown()), ElementsAre(Rule::kConfiguredStays));
  EXPECT_THAT(but("tags", Map({})), ElementsAre(Rule::kOnlyComputed));
  EXPECT_THAT(but("tags", Value::Unknown()), ElementsAre(Rule::kOnlyComputed));
  EXPECT_THAT(but("secret_wo", Text("hush")), ElementsAre(Rule::kWriteOnly));
  EXPECT_THAT(but("single", Item("a")), ElementsAre(Rule::kExistence));
  EXPECT_THAT(but("group", null_), ElementsAre(Rule::kExistence));
  EXPECT_THAT(but("list", List({Item("a")})), ElementsAre(Rule::kBlocks));
  EXPECT_THAT(but("set", Value::Unknown()), ElementsAre(Rule::kBlocks));
  EXPECT_THAT(but("map", Map({{"x", Item("a")}})), ElementsAre(Rule::kBlocks));
  EXPECT_THAT(Plan(null_, config, null_), ElementsAre(Rule::kExistence));
  EXPECT_THAT(Plan(config, null_, config), ElementsAre(Rule::kExistence));
  EXPECT_THAT(Plan(null_, Object({{"name", Value::Unknown()}}), Object({{"name", Text("a")}})),
              ElementsAre(Rule::kConfiguredStays));
  EXPECT_THAT(
      Plan(null_, Object({{"set", List({Item("a")})}}), Object({{"set", List({Item("b")})}})),
      ElementsAre(Rule::kConfiguredStays));
  EXPECT_THAT(Plan(null_, Object({{"users", List({User("root")})}}),
                   Object({{"users", List({User("admin", Text("0"))})}})),
              ElementsAre(Rule::kConfiguredStays));
}

TEST_F(RulesTest, AnApplyFillsInWhatWasUnknownAndNothingElse) {
  const Value planned = Object({{"port", Value::Unknown()},
                                {"tags", Map({{"a", Value::Unknown()}})},
                                {"list", List({Item("a", Value::Unknown())})},
                                {"set", List({Item("a", Value::Unknown()), Item("b")})}});
  const auto with = [&](const std::string& name, const Value& value) {
    Value actual = Object({{"port", Value::Int(1)},
                           {"tags", Map({{"a", Text("1")}})},
                           {"list", List({Item("a", Text("A"))})},
                           {"set", List({Item("b"), Item("a", Text("A"))})}});
    actual.as_map()[name] = value;
    return Agree(planned, actual);
  };
  EXPECT_THAT(with("port", Value::Int(2)), IsEmpty());
  EXPECT_THAT(with("name", Text("a")), ElementsAre(Rule::kResult));
  EXPECT_THAT(with("tags", Map({{"b", Text("1")}})), ElementsAre(Rule::kResult, Rule::kResult));
  EXPECT_THAT(with("list", List({})), ElementsAre(Rule::kResult));
  EXPECT_THAT(with("list", List({Item("b", Text("A"))})), ElementsAre(Rule::kResult));
  EXPECT_THAT(with("set", List({Item("b"), Item("a"), Item("c")})), ElementsAre(Rule::kResult));
  EXPECT_THAT(with("set", List({Item("b")})), ElementsAre(Rule::kResult));
}

TEST_F(RulesTest, ValuesSurviveTheWireInEveryShapeThatIsAllowed) {
  const Value value = Object({{"name", Text(std::string(300, 'x'))},
                              {"port", Value::Num(*Number::FromText("12345678901234567890.5"))},
                              {"tags", Map({{"a", Text("1")}, {"b", null_}, {"c", Text("ä")}})},
                              {"zones", List({Text("a"), Text("b"), Text("c")})},
                              {"list", List({Item("a"), Item("a")})},
                              {"map", Map({{"y", Item("b")}, {"x", Item("a")}})}});
  SeededRandom variety(3);
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = Encode(value, type_, i == 0 ? nullptr : &variety);
    // Core itself reads no binary data as text.
    const auto read = Decode(bytes, type_);
    if (!read) continue;
    EXPECT_EQ(*read, Canonical(value, type_));
  }
  for (const std::int64_t number : {0LL, 127LL, 128LL, -1LL, -32LL, -33LL, -129LL, 65'536LL,
                                    4'294'967'296LL, -9'223'372'036'854'775'807LL}) {
    const Value object = Object({{"port", Value::Int(number)}});
    EXPECT_EQ(*Decode(Encode(object, type_), type_), object);
  }
}

TEST_F(RulesTest, DynamicValuesSurviveTheWireWithTheirTypes) {
  const Type any{.kind = Type::Kind::kDynamic, .element = {}, .members = {}};
  SeededRandom variety(3);
  for (const Value& value :
       {null_, Value::Unknown(), Value::OfType(R"("string")", null_),
        Value::OfType(R"(["tuple",["string","number"]])", List({Text("a"), Value::Int(1)})),
        Value::OfType(R"(["set","string"])", List({Text("b"), Text("a"), Text("a")})),
        Value::OfType(R"(["object",{"a":"dynamic"}])", Map({{"a", Value::Unknown()}}))}) {
    EXPECT_EQ(*Decode(Encode(value, any), any), Canonical(value, any));
    const auto read = Decode(Encode(value, any, &variety), any);
    if (!read) continue;  // Text as binary data.
    EXPECT_EQ(*read, Canonical(value, any));
  }
  for (const char* bytes : {"\xa1x", "\x92\xa8\"string\"\xa1x", "\x92\xc4\x06\"text\"\xa1x",
                            "\x92\xc4\x08\"string\"\x01", "\x92\xc4\x09\"dynamic\"\xc0"}) {
    EXPECT_FALSE(Decode(bytes, any).has_value()) << bytes;
  }
}

TEST_F(RulesTest, WhatIsMalformedIsSeen) {
  const auto decode = [&](const Value& value) {
    return Decode(Encode(value, type_), type_).has_value();
  };
  Value one_less = Object();
  one_less.as_map().erase("port");
  EXPECT_FALSE(decode(one_less));
  EXPECT_FALSE(decode(Object({{"list", null_}})));
  EXPECT_FALSE(Decode(Encode(Object(), type_) + "\xc0", type_).has_value());
  EXPECT_FALSE(Decode("", type_).has_value());
}

TEST_F(RulesTest, SchemasThatCoreRefuses) {
  const auto complaints = [](const std::function<void(ProtoBlock&)>& change) {
    tfplugin6::Schema proto = Proto();
    change(*proto.mutable_block());
    std::vector<std::string> found;
    ReadSchema(proto, found);
    return found;
  };
  const auto first = [&](const std::function<void(tfplugin6::Schema::Attribute&)>& change) {
    return complaints([&](ProtoBlock& block) { change(*block.mutable_attributes(0)); });
  };
  EXPECT_THAT(first([](auto& a) { a.set_type("{"); }), Contains(HasSubstr("not JSON")));
  EXPECT_THAT(first([](auto& a) { a.set_type("\"text\""); }), Contains(HasSubstr("core knows")));
  EXPECT_THAT(first([](auto& a) { a.set_optional(false); }), Contains(HasSubstr("neither")));
  EXPECT_THAT(first([](auto& a) { a.set_required(true); }), Contains(HasSubstr("required and")));
  EXPECT_THAT(first([](auto& a) { a.set_name("Name"); }), Contains(HasSubstr("not a name")));
  EXPECT_THAT(first([](auto& a) { a.set_name("count"); }), Contains(HasSubstr("reserved")));
  EXPECT_THAT(first([](auto& a) { a.set_name("port"); }), Contains(HasSubstr("twice")));
  EXPECT_THAT(complaints([](ProtoBlock& block) {
                Add(*block.mutable_block_types(1)->mutable_block(), "any", R"("dynamic")");
              }),
              Contains(HasSubstr("list: dynamic in a collection")));
  EXPECT_THAT(complaints([](ProtoBlock& block) {
                block.mutable_block_types(0)->set_nesting(ProtoNested::INVALID);
              }),
              Contains(HasSubstr("nesting")));
  EXPECT_THAT(complaints([](ProtoBlock& block) {
                block.mutable_block_types(1)->set_min_items(3);
                block.mutable_block_types(1)->set_max_items(2);
              }),
              Contains(HasSubstr("more items")));
}

}  // namespace
}  // namespace dbaas::core

// SPDX-License-Identifier: MPL-2.0
#include "schemas/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/validators.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "path: detail" of each, so that a test reads as what the user would.
std::vector<std::string> Lines(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const auto& diagnostic : diagnostics) {
    lines.push_back(ToText(diagnostic.path) + ": " + diagnostic.detail);
  }
  return lines;
}

Attribute Count(const std::string& name) {
  return {.name = name,
          .type = Type::Number(),
          .optional = true,
          .validators = {Range(1, 9), WholeNumber()}};
}

Schema TestSchema() {
  Schema schema;
  schema.attributes = {
      Count("count_of"),
      {.name = "size", .type = Type::Object({Count("width")}), .optional = true},
      {.name = "many", .type = Type::ListOf(Type::Object({Count("width")})), .optional = true},
      {.name = "named", .type = Type::MapOf(Type::Object({Count("width")})), .optional = true},
      {.name = "class",
       .type = Type::String(),
       .optional = true,
       .validators = {NotEmpty()},
       .conflicts_with = {"size"}},
      {.name = "secret_wo",
       .type = Type::String(),
       .optional = true,
       .write_only = true,
       .needs = {"secret_wo_version"}},
      {.name = "secret_wo_version",
       .type = Type::Number(),
       .optional = true,
       .needs = {"secret_wo"}},
  };
  Block inner{.name = "inner", .nesting = Block::Nesting::kSingle, .attributes = {Count("depth")}};
  schema.blocks = {{.name = "outer",
                    .nesting = Block::Nesting::kList,
                    .attributes = {Count("width")},
                    .blocks = {inner}}};
  return schema;
}

std::vector<std::string> Check(const Value::Map& config) {
  const Schema schema = TestSchema();
  return Lines(CheckValues(schema, Whole(schema, config)));
}

Value Width(std::int64_t width) { return Value::Object({{"width", Value::Int(width)}}); }

TEST(ChecksTest, NothingToSayOfAGoodConfiguration) {
  EXPECT_THAT(Check({{"count_of", Value::Int(3)}, {"size", Width(3)}}), IsEmpty());
  EXPECT_THAT(Check({}), IsEmpty());
}

TEST(ChecksTest, OneErrorPerAttributeEvenWhereTwoRulesAreBroken) {
  EXPECT_THAT(Check({{"count_of", Value::Num(*Number::FromText("0.5"))}}),
              ElementsAre("count_of: count_of must be between 1 and 9, not 0.5."));
}

TEST(ChecksTest, EveryMistakeIsReported) {
  EXPECT_THAT(Check({{"count_of", Value::Int(0)}, {"class", Text("")}}),
              ElementsAre("count_of: count_of must be between 1 and 9, not 0.",
                          "class: class must not be empty; leave it out instead."));
}

TEST(ChecksTest, PathsLeadIntoObjectsListsMapsAndBlocks) {
  EXPECT_THAT(Check({{"size", Width(0)}}),
              ElementsAre("size[\"width\"]: width must be between 1 and 9, not 0."));
  EXPECT_THAT(Check({{"many", Value::ListOf({Width(1), Width(10)})}}),
              ElementsAre("many[1][\"width\"]: width must be between 1 and 9, not 10."));
  EXPECT_THAT(Check({{"named", Value::Object({{"a", Width(10)}})}}),
              ElementsAre("named[\"a\"][\"width\"]: width must be between 1 and 9, not 10."));
  const Value outer = Value::Object(
      {{"width", Value::Int(0)}, {"inner", Value::Object({{"depth", Value::Int(0)}})}});
  EXPECT_THAT(Check({{"outer", Value::ListOf({outer})}}),
              ElementsAre("outer[0].width: width must be between 1 and 9, not 0.",
                          "outer[0].inner.depth: depth must be between 1 and 9, not 0."));
}

TEST(ChecksTest, WhatIsWrongInASetIsReportedOnTheSet) {
  Schema schema;
  schema.attributes = {
      {.name = "set", .type = Type::SetOf(Type::Object({Count("width")})), .optional = true}};
  const auto found =
      CheckValues(schema, Whole(schema, {{"set", Value::SetOf({Width(1), Width(10)})}}));
  EXPECT_THAT(Lines(found), ElementsAre("set: width must be between 1 and 9, not 10."));
}

TEST(ChecksTest, BlocksOfEveryNestingAreChecked) {
  Schema schema;
  schema.blocks = {
      {.name = "loose", .nesting = Block::Nesting::kSet, .attributes = {Count("width")}},
      {.name = "named", .nesting = Block::Nesting::kMap, .attributes = {Count("width")}}};
  const auto found = CheckValues(
      schema, Whole(schema, {{"loose", Value::SetOf({Width(1), Width(10)})},
                             {"named", Value::Object({{"a", Width(0)}, {"b", Width(1)}})}}));
  EXPECT_THAT(Lines(found),
              ElementsAre("loose: width must be between 1 and 9, not 10.",
                          "named[\"a\"].width: width must be between 1 and 9, not 0."));
}

TEST(ChecksTest, ElementsOfASetThatDefaultsMakeTheSameAreToldApartNowhere) {
  Attribute width = Count("width");
  width.computed = true;
  width.default_value = Value::Int(3);
  Schema schema;
  schema.attributes = {
      {.name = "set", .type = Type::SetOf(Type::Object({width})), .optional = true}};
  schema.blocks = {{.name = "loose", .nesting = Block::Nesting::kSet, .attributes = {width}}};
  const Value none = Value::Object({{"width", Value::Null()}});
  const Value twins = Value::SetOf({none, Width(3)});
  const auto check = [&](const Value& set) {
    return Lines(CheckValues(schema, Whole(schema, {{"set", set}, {"loose", set}})));
  };
  EXPECT_THAT(check(twins), ElementsAre(testing::StartsWith("set: Two elements are the same"),
                                        testing::StartsWith("loose: Two elements are the same")));
  EXPECT_THAT(check(Value::SetOf({none, Width(4)})), IsEmpty());
}

TEST(ChecksTest, OneOfSeveralHasToBeSet) {
  Schema schema;
  schema.attributes = {
      {.name = "a", .type = Type::String(), .optional = true, .required_unless = {"b", "c"}},
      {.name = "b", .type = Type::String(), .optional = true},
      {.name = "c", .type = Type::String(), .optional = true}};
  const auto check = [&](const Value::Map& config) {
    return Lines(CheckValues(schema, Whole(schema, config)));
  };
  EXPECT_THAT(check({}), ElementsAre("a: Either a or b or c has to be set."));
  EXPECT_THAT(check({{"a", Text("1")}}), IsEmpty());
  EXPECT_THAT(check({{"c", Text("1")}}), IsEmpty());
  EXPECT_THAT(check({{"b", Value::Unknown()}}), IsEmpty());
}

TEST(ChecksTest, UnknownValuesPass) {
  EXPECT_THAT(Check({{"count_of", Value::Unknown()},
                     {"size", Value::Unknown()},
                     {"many", Value::ListOf({Value::Unknown()})},
                     {"class", Text("a")},
                     {"secret_wo", Value::Unknown()},
                     {"outer", Value::Unknown()}}),
              IsEmpty());
}

TEST(ChecksTest, ConflictsAreReportedOnceAndOnlyWhenBothAreKnown) {
  EXPECT_THAT(Check({{"class", Text("a")}, {"size", Width(1)}}),
              ElementsAre("class: class and size cannot be set together. Keep one of the two."));
  EXPECT_THAT(Check({{"class", Text("a")}, {"size", Value::Unknown()}}), IsEmpty());
  EXPECT_THAT(Check({{"class", Value::Unknown()}, {"size", Width(1)}}), IsEmpty());
}

TEST(ChecksTest, NeedsSayWhichOneIsMissing) {
  EXPECT_THAT(Check({{"secret_wo", Text("x")}}),
              ElementsAre("secret_wo: secret_wo is set, so secret_wo_version has to be set too."));
  EXPECT_THAT(
      Check({{"secret_wo_version", Value::Int(1)}}),
      ElementsAre("secret_wo_version: secret_wo_version is set, so secret_wo has to be set too."));
  EXPECT_THAT(Check({{"secret_wo", Text("x")}, {"secret_wo_version", Value::Unknown()}}),
              IsEmpty());
}

TEST(ChecksTest, WriteOnlyIsRefusedWhereItWouldBeStored) {
  const Schema schema = TestSchema();
  const auto refused = RefuseWriteOnly(schema, Whole(schema, {{"secret_wo", Text("hush")}}));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(ToText(refused[0].path), "secret_wo");
  EXPECT_THAT(refused[0].detail, testing::Not(testing::HasSubstr("hush")));
  EXPECT_THAT(RefuseWriteOnly(schema, Whole(schema, {{"class", Text("a")}})), IsEmpty());

  Schema nested;
  nested.attributes = {
      {.name = "outer", .type = Type::Object(schema.attributes), .optional = true}};
  const Value inner = Whole(schema, {{"secret_wo", Text("hush")}});
  const auto inside = RefuseWriteOnly(nested, Value::Object({{"outer", inner}}));
  ASSERT_EQ(inside.size(), 1u);
  EXPECT_EQ(ToText(inside[0].path), "outer[\"secret_wo\"]");
  EXPECT_THAT(RefuseWriteOnly(nested, Value::Object({{"outer", Value::Unknown()}})), IsEmpty());
}

TEST(DiagnosticTest, PathsReadAsInAConfiguration) {
  EXPECT_EQ(ToText(Attr(Index(Attr({}, "host"), 1), "docker")), "host[1].docker");
  EXPECT_EQ(ToText(Key(Attr({}, "parameters"), "work_mem")), "parameters[\"work_mem\"]");
  EXPECT_EQ(ToText(AttributePath{}), "");
}

TEST(DiagnosticTest, WarningsAreNoErrors) {
  EXPECT_FALSE(HasErrors({}));
  EXPECT_FALSE(HasErrors({WarningAt({}, "careful")}));
  EXPECT_TRUE(HasErrors({WarningAt({}, "careful"), ErrorAt({}, "no")}));
}

TEST(PathOfFieldTest, FieldsOfASpecLeadToTheAttributeThatAUserWouldEdit) {
  Schema schema = TestSchema();
  schema.attributes.push_back(
      {.name = "settings", .type = Type::MapOf(Type::String()), .optional = true});
  schema.attributes.push_back({.name = "host", .type = Type::String(), .computed = true});
  schema.attributes.push_back({.name = "host_name",
                               .type = Type::String(),
                               .optional = true,
                               .spec_fields = {"host", "machine"}});
  const auto path = [&](const std::string& field) { return ToText(PathOfField(schema, field)); };
  EXPECT_EQ(path("class"), "class");
  EXPECT_EQ(path("size.width"), "size[\"width\"]");
  EXPECT_EQ(path("size.height"), "size");
  EXPECT_EQ(path("settings.work_mem"), "settings[\"work_mem\"]");
  EXPECT_EQ(path("settings.a.b"), "settings[\"a.b\"]");
  EXPECT_EQ(path("machine"), "host_name");
  EXPECT_EQ(path("host"), "host_name");  // Not the computed one.
  EXPECT_EQ(path("nothing"), "");
  EXPECT_EQ(path(""), "");
}

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The kit on a table of its own, so that every word and every kind of member is seen once.
#include "schemas/kit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Point {
  int x = 7;
  std::optional<std::string> label;
  static Table<Point> Attributes() {
    return Nested<Point>()
        .Add("x", &Point::x, Required, "Across.")
        .Add("label", &Point::label, Optional, "Words.");
  }
};

struct Wheel {
  std::string name;
  std::optional<Point> hub;
  static Table<Wheel> Attributes() {
    return Nested<Wheel>()
        .Add("name", &Wheel::name, Required, "Its name.")
        .AddBlock("hub", &Wheel::hub, "The middle.");
  }
};

struct Thing {
  std::string text = "initial";
  std::int64_t big = 0;
  int small = 0;
  double fraction = 0;
  bool yes = false;
  std::optional<std::string> maybe;
  std::optional<int> maybe_number;
  std::map<std::string, std::string> map;
  std::vector<std::string> list;
  std::set<std::string> set;
  Secret<std::string> secret;
  std::optional<Point> point;
  std::vector<Point> points;
  std::vector<Wheel> wheels;
};

Table<Thing> ThingTable() {
  return Resource<Thing>("dbaas_thing", "A thing.")
      .Add("text", &Thing::text, Required, "Text.")
      .Add("big", &Thing::big, Optional, "Big.")
      .Add("small", &Thing::small, Optional, "Small.")
      .Add("fraction", &Thing::fraction, Optional, "Fraction.")
      .Add("yes", &Thing::yes, Optional, "Yes.")
      .Add("maybe", &Thing::maybe, Optional, "Maybe.")
      .Add("maybe_number", &Thing::maybe_number, Optional, "Maybe a number.")
      .Add("map", &Thing::map, Optional, "Map.")
      .Add("list", &Thing::list, Optional, "List.")
      .Add("set", &Thing::set, Optional, "Set.")
      .Add("secret", &Thing::secret, Optional, Sensitive, "Secret.")
      .Add("point", &Thing::point, Optional, "Point.")
      .Add("points", &Thing::points, Computed, "Points.")
      .AddBlock("wheel", &Thing::wheels, "Wheels.");
}

Value FullThing() {
  return Value::Object(
      {{"text", Text("a")},
       {"big", Value::Int(9'000'000'000)},
       {"small", Value::Int(-3)},
       {"fraction", Value::Num(Number::FromDouble(0.5))},
       {"yes", Value::Bool(true)},
       {"maybe", Text("m")},
       {"maybe_number", Value::Int(4)},
       {"map", Value::Object({{"k", Text("v")}})},
       {"list", Texts({"x", "y"})},
       {"set", Value::SetOf({Text("q"), Text("p")})},
       {"secret", Text("hush")},
       {"point", Value::Object({{"x", Value::Int(1)}, {"label", Text("p")}})},
       {"points", Value::ListOf({Value::Object({{"x", Value::Int(2)}, {"label", Value::Null()}})})},
       {"wheel",
        Value::ListOf({Value::Object(
            {{"name", Text("front")},
             {"hub", Value::Object({{"x", Value::Int(5)}, {"label", Value::Null()}})}})})}});
}

Attribute One(const Word& word) {
  Attribute attribute;
  word(attribute);
  return attribute;
}

TEST(KitTest, DecodesEveryKindOfMember) {
  const Result<Thing> decoded = ThingTable().Decode(FullThing());
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->text, "a");
  EXPECT_EQ(decoded->big, 9'000'000'000);
  EXPECT_EQ(decoded->small, -3);
  EXPECT_EQ(decoded->fraction, 0.5);
  EXPECT_TRUE(decoded->yes);
  EXPECT_EQ(decoded->maybe, "m");
  EXPECT_EQ(decoded->maybe_number, 4);
  EXPECT_EQ(decoded->map, (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_THAT(decoded->list, ElementsAre("x", "y"));
  EXPECT_THAT(decoded->set, ElementsAre("p", "q"));
  EXPECT_EQ(decoded->secret.Reveal(), "hush");
  ASSERT_TRUE(decoded->point.has_value());
  EXPECT_EQ(decoded->point->x, 1);
  EXPECT_EQ(decoded->point->label, "p");
  ASSERT_EQ(decoded->points.size(), 1u);
  EXPECT_EQ(decoded->points[0].x, 2);
  EXPECT_EQ(decoded->points[0].label, std::nullopt);
  ASSERT_EQ(decoded->wheels.size(), 1u);
  EXPECT_EQ(decoded->wheels[0].name, "front");
  ASSERT_TRUE(decoded->wheels[0].hub.has_value());
  EXPECT_EQ(decoded->wheels[0].hub->x, 5);
}

TEST(KitTest, EncodesBackToTheSameValue) {
  const Table<Thing> table = ThingTable();
  EXPECT_EQ(table.Encode(*table.Decode(FullThing())), FullThing());
}

TEST(KitTest, EncodesAbsenceAsNull) {
  const Value encoded = ThingTable().Encode(Thing{});
  EXPECT_TRUE(encoded.at("maybe").is_null());
  EXPECT_TRUE(encoded.at("maybe_number").is_null());
  EXPECT_TRUE(encoded.at("point").is_null());
  EXPECT_EQ(encoded.at("map"), Value::Object({}));
  EXPECT_EQ(encoded.at("list"), Value::ListOf({}));
  EXPECT_EQ(encoded.as_map().size(), 14u);
}

TEST(KitTest, NullAndUnknownLeaveMembersAlone) {
  const Table<Thing> table = ThingTable();
  const Value sparse = Whole(table.schema(), {{"small", Value::Unknown()},
                                              {"maybe", Value::Unknown()},
                                              {"point", Value::Object({{"x", Value::Null()}})}});
  const Result<Thing> decoded = table.Decode(sparse);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->text, "initial");
  EXPECT_EQ(decoded->small, 0);
  EXPECT_EQ(decoded->maybe, std::nullopt);
  ASSERT_TRUE(decoded->point.has_value());
  EXPECT_EQ(decoded->point->x, 7);
}

TEST(KitTest, ANullElementOfAMapLeavesItsKeyOut) {
  const Table<Thing> table = ThingTable();
  const Value config =
      Whole(table.schema(), {{"map", Value::Object({{"a", Value::Null()}, {"b", Text("1")}})}});
  EXPECT_EQ(table.Decode(config)->map, (std::map<std::string, std::string>{{"b", "1"}}));
}

TEST(KitTest, AnotherShapeIsAnInternalErrorThatNamesTheMember) {
  const Table<Thing> table = ThingTable();
  for (const auto& [name, value] :
       std::map<std::string, Value>{{"text", Value::Int(1)},
                                    {"big", Value::Num(*Number::FromText("1.5"))},
                                    {"small", Value::Int(std::int64_t{1} << 40)},
                                    {"fraction", Text("1")},
                                    {"yes", Text("true")},
                                    {"map", Texts({"a"})},
                                    {"list", Value::Object({})},
                                    {"set", Text("p")},
                                    {"secret", Value::Bool(true)},
                                    {"point", Text("p")},
                                    {"wheel", Value::ListOf({Text("w")})}}) {
    const auto decoded = table.Decode(Whole(table.schema(), {{name, value}}));
    ASSERT_FALSE(decoded.has_value()) << name;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kInternal);
    EXPECT_THAT(decoded.error().summary, testing::HasSubstr("dbaas_thing: the value of " + name));
  }
}

TEST(KitTest, TheSchemaFollowsFromTheMembers) {
  const Schema schema = ThingTable().schema();
  EXPECT_EQ(schema.description, "A thing.");
  std::map<std::string, std::string> types;
  for (const Attribute& attribute : schema.attributes) {
    types[attribute.name] = attribute.type.ToJson();
  }
  EXPECT_EQ(types, (std::map<std::string, std::string>{
                       {"text", R"("string")"},
                       {"big", R"("number")"},
                       {"small", R"("number")"},
                       {"fraction", R"("number")"},
                       {"yes", R"("bool")"},
                       {"maybe", R"("string")"},
                       {"maybe_number", R"("number")"},
                       {"map", R"(["map","string"])"},
                       {"list", R"(["list","string"])"},
                       {"set", R"(["set","string"])"},
                       {"secret", R"("string")"},
                       {"point", R"(["object",{"label":"string","x":"number"}])"},
                       {"points", R"(["list",["object",{"label":"string","x":"number"}]])"}}));
  EXPECT_TRUE(schema.Find("text")->required);
  EXPECT_EQ(schema.Find("text")->description, "Text.");
  EXPECT_TRUE(schema.Find("secret")->sensitive);
  EXPECT_EQ(schema.Find("wheel"), nullptr);

  ASSERT_EQ(schema.blocks.size(), 1u);
  const Block& wheel = schema.blocks[0];
  EXPECT_EQ(wheel.name, "wheel");
  EXPECT_EQ(wheel.nesting, Block::Nesting::kList);
  ASSERT_EQ(wheel.blocks.size(), 1u);
  EXPECT_EQ(wheel.blocks[0].name, "hub");
  EXPECT_EQ(wheel.blocks[0].nesting, Block::Nesting::kSingle);
  EXPECT_EQ(wheel.blocks[0].attributes.size(), 2u);
}

struct Spoke {
  int length = 0;
  friend auto operator<=>(const Spoke&, const Spoke&) = default;
  static Table<Spoke> Attributes() {
    return Nested<Spoke>().Add("length", &Spoke::length, Default(3), "How long.");
  }
};

struct Cart {
  std::set<Spoke> spokes;
  std::map<std::string, Wheel> wheels;
};

TEST(KitTest, BlocksMayBeASetOrHaveLabels) {
  const Table<Cart> table = Resource<Cart>("dbaas_cart", "A cart.")
                                .AddBlock("spoke", &Cart::spokes, "Spokes.")
                                .AddBlock("wheel", &Cart::wheels, "Wheels by their side.");
  ASSERT_EQ(table.schema().blocks.size(), 2u);
  EXPECT_EQ(table.schema().blocks[0].nesting, Block::Nesting::kSet);
  EXPECT_EQ(table.schema().blocks[1].nesting, Block::Nesting::kMap);
  const auto spoke = [](int length) { return Value::Object({{"length", Value::Int(length)}}); };
  const Value cart = Value::Object(
      {{"spoke", Value::SetOf({spoke(2), spoke(1)})},
       {"wheel", Value::Object({{"left", Value::Object({{"name", Text("l")}, {"hub", {}}})}})}});
  const auto decoded = table.Decode(cart);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_THAT(decoded->spokes, ElementsAre(Spoke{1}, Spoke{2}));
  EXPECT_EQ(decoded->wheels.at("left").name, "l");
  EXPECT_EQ(table.Encode(*decoded), cart);
}

struct Jar {
  Value content;
  Value label;
};

TEST(KitTest, AMemberMayBeOfAnyType) {
  const Table<Jar> table = Resource<Jar>("dbaas_jar", "A jar.")
                               .Add("content", &Jar::content, Optional, "What is in it.")
                               .Add("label", &Jar::label, Default("jam"), "What it says.");
  EXPECT_EQ(table.schema().Find("content")->type.ToJson(), R"("dynamic")");
  EXPECT_EQ(table.schema().Find("label")->default_value, Value::OfType(R"("string")", Text("jam")));
  const Value jar = Value::Object(
      {{"content", Value::OfType(R"(["list","string"])", Texts({"a"}))}, {"label", Value::Null()}});
  const auto decoded = table.Decode(jar);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->content, jar.at("content"));
  EXPECT_TRUE(decoded->label.is_null());
  EXPECT_EQ(table.Encode(*decoded), jar);
  // What the provider makes has the type that Terraform would give to what it looks like.
  const Value inside = Value::Object({{"n", Value::Int(1)}, {"o", Value::Null()}});
  const Value made = table.Encode({.content = Value::ListOf({Value::Bool(true), inside})});
  EXPECT_EQ(made.at("content").type(),
            R"(["tuple",["bool",["object",{"n":"number","o":"dynamic"}]]])");
}

struct Hidden {
  std::optional<std::string> key;
  friend auto operator<=>(const Hidden&, const Hidden&) = default;
  static Table<Hidden> Attributes() {
    return Nested<Hidden>().Add("key", &Hidden::key, Optional, WriteOnly, "A secret.");
  }
};
struct OpenJar {
  Value content;
  static Table<OpenJar> Attributes() {
    return Nested<OpenJar>().Add("content", &OpenJar::content, Optional, "What is in it.");
  }
};
struct Boxes {
  std::vector<OpenJar> jars;
  std::optional<OpenJar> jar;
  std::map<std::string, Value> values;
  std::set<Hidden> set;
  std::map<std::string, Hidden> map;
};

TEST(KitDeathTest, ATableThatTerraformWouldRefuseNeverStarts) {
  const auto table = [] { return Resource<Boxes>("test_boxes", ""); };
  EXPECT_DEATH(table().Add("boxes", &Boxes::set, Optional, ""),
               "boxes: key is write-only inside a set");
  EXPECT_DEATH(table().AddBlock("boxes", &Boxes::set, ""), "boxes: key is write-only inside a set");
  EXPECT_DEATH(table().Add("jars", &Boxes::jars, Optional, ""),
               "jars: content is dynamic inside a collection");
  EXPECT_DEATH(table().AddBlock("jars", &Boxes::jars, ""),
               "jars: content is dynamic inside a collection");
  EXPECT_DEATH(table().Add("values", &Boxes::values, Optional, ""),
               "values: is dynamic inside a collection");
  table().Add("jar", &Boxes::jar, Optional, "").AddBlock("one", &Boxes::jar, "");
  table().Add("boxes", &Boxes::map, Optional, "").AddBlock("box", &Boxes::map, "");
}

TEST(KitTest, WholeNumbersAreCheckedWithoutBeingAskedFor) {
  const Schema schema = ThingTable().schema();
  EXPECT_EQ(schema.Find("small")->validators.size(), 1u);
  EXPECT_EQ(schema.Find("maybe_number")->validators.size(), 1u);
  EXPECT_THAT(schema.Find("fraction")->validators, IsEmpty());
}

TEST(KitWordTest, EachWordSetsWhatItSays) {
  EXPECT_TRUE(One(Required).required);
  EXPECT_TRUE(One(Optional).optional);
  EXPECT_TRUE(One(Computed).computed);
  EXPECT_TRUE(One(RequiresReplace).requires_replace);
  EXPECT_TRUE(One(Sensitive).sensitive);
  EXPECT_TRUE(One(WriteOnly).write_only);
  EXPECT_THAT(One(ChangesWith({"a", "b"})).changes_with, ElementsAre("a", "b"));
  EXPECT_EQ(One(PlannedAs(Value::ListOf({}))).planned_as, Value::ListOf({}));
  EXPECT_THAT(One(ConflictsWith({"a"})).conflicts_with, ElementsAre("a"));
  EXPECT_THAT(One(Needs({"a"})).needs, ElementsAre("a"));
  EXPECT_THAT(One(RequiredUnless({"a"})).required_unless, ElementsAre("a"));
  EXPECT_EQ(One(Deprecated("Use a.")).deprecated, "Use a.");
  EXPECT_TRUE(One(RequiresReplaceIf([](auto&, auto&) {
                return true;
              })).replace_if(Value::Null(), Value::Null()));
  EXPECT_THAT(One(SpecFields({"a"})).spec_fields, ElementsAre("a"));
  const auto canonical = One(Canonical([](const Value&) { return Text("one"); })).canonical;
  EXPECT_EQ(canonical(Text("two")), Text("one"));
}

TEST(KitWordTest, ADefaultMakesTheProviderChoose) {
  EXPECT_EQ(One(Default("x")).default_value, Text("x"));
  EXPECT_EQ(One(Default(3)).default_value, Value::Int(3));
  EXPECT_EQ(One(Default(false)).default_value, Value::Bool(false));
  const Attribute attribute = One(Default(true));
  EXPECT_TRUE(attribute.optional);
  EXPECT_TRUE(attribute.computed);
  EXPECT_FALSE(attribute.required);
}

// ---- From a table to a type --------------------------------------------------------------------

struct Part {
  std::string name;
  int size = 1;
  std::string id;
  std::vector<std::string> drift;
};

ResourceType PartType() {
  auto table = Resource<Part>("dbaas_part", "A part.")
                   .Add("name", &Part::name, Required, "Name.")
                   .Add("size", &Part::size, Optional, "Size.")
                   .Add("id", &Part::id, Computed, "Id.")
                   .Add("drift", &Part::drift, Computed, PlannedAs(Value::ListOf({})), "Drift.");
  return ManagedResource<Part>(
      table, {.address = [](const Part& part) -> Result<PartAddress> {
                return PartAddress{.cluster = "c", .key = "replica/" + part.name};
              },
              .to_spec = [](const Part& planned, const Part&) -> Result<PartSpec> {
                return PartSpec(ReplicaSpec{.name = planned.name});
              },
              .from_view =
                  [](const ClusterView& view, const PartAddress&, Part& part) {
                    part.id = view.id.ToText();
                    part.size = 5;
                  },
              .parse_id = [](const std::string&) -> Result<PartAddress> { return NotFound(""); }});
}

TEST(ManagedResourceTest, AnApplyFillsInWhatWasUnknownAndKeepsTheRest) {
  const ResourceType type = PartType();
  const Value planned = Whole(type.schema, {{"name", Text("a")},
                                            {"size", Value::Int(2)},
                                            {"id", Value::Unknown()},
                                            {"drift", Value::ListOf({})}});
  ClusterView view{.id = {"h", "c"}, .parts = {{"replica/a", ReplicaSpec{}}}};
  const Value state = type.to_state(planned, view, *type.address(planned), false);
  EXPECT_EQ(state, With(planned, {{"id", Text("h/c")}}));
}

TEST(ManagedResourceTest, ARefreshTakesWhatTheViewHas) {
  const ResourceType type = PartType();
  const Value state = Whole(type.schema, {{"name", Text("a")}, {"size", Value::Int(2)}});
  ClusterView view{.id = {"h", "c"}, .parts = {{"replica/a", ReplicaSpec{}}}};
  const Value refreshed = type.to_state(state, view, *type.address(state), true);
  EXPECT_EQ(refreshed.at("size"), Value::Int(5));
  EXPECT_EQ(refreshed.at("id"), Text("h/c"));
}

TEST(ManagedResourceTest, APartThatIsNotInTheViewIsHalfRemoved) {
  const ResourceType type = PartType();
  const Value state =
      Whole(type.schema, {{"name", Text("a")}, {"id", Text("h/c")}, {"drift", Value::ListOf({})}});
  const Value refreshed = type.to_state(state, {.id = {"h", "c"}}, *type.address(state), true);
  EXPECT_EQ(refreshed, With(state, {{"drift", Texts({"its removal was begun and did not end"})}}));
}

TEST(ManagedResourceTest, WithoutAChecksFunctionEverythingPasses) {
  const ResourceType type = PartType();
  EXPECT_THAT(type.validate(Whole(type.schema, {})), IsEmpty());
}

}  // namespace
}  // namespace dbaas

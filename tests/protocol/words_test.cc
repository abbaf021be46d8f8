// SPDX-License-Identifier: MPL-2.0
//
// The kit's words before core, on a type of the test's own: those that no resource of the provider
// needs yet, and all kinds of members. Its objects are clusters of which only the name matters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/spellings.h"
#include "tests/protocol/own_type.h"

namespace dbaas::core {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kShelf = "test_shelf";

struct Slot {
  std::string label;
  std::optional<int> width;
  friend auto operator<=>(const Slot&, const Slot&) = default;
  static Table<Slot> Attributes() {
    return Nested<Slot>()
        .Add("label", &Slot::label, Required, "Words.", NotEmpty())
        .Add("width", &Slot::width, Optional, "Across.", Range(1, 9));
  }
};

struct Shelf {
  std::string name;
  std::optional<Slot> single;
  std::vector<Slot> list;
  std::set<Slot> set;
  std::map<std::string, Slot> map;
  std::set<std::string> tags;
  std::set<int> numbers;
  std::string memory;
  std::map<std::string, std::string> parameters;
  std::optional<std::int64_t> grade;
  std::optional<std::string> colour;
  std::optional<std::string> left;
  std::optional<std::string> right;
  std::string id;
  std::string summary;
};

Table<Shelf> Rows() {
  using C = Shelf;
  const auto falls = [](const Value& before, const Value& after) {
    return after.as_number().AsDouble() < before.as_number().AsDouble();
  };
  return dbaas::Resource<C>(kShelf, "A shelf.")
      .Add("name", &C::name, Required, RequiresReplace, "Its name, as `orders`.", Dns1123(20))
      .Add("single", &C::single, Optional, "One slot.")
      .Add("list", &C::list, Optional, "Slots in order.")
      .Add("set", &C::set, Optional, "Slots.")
      .Add("map", &C::map, Optional, "Slots by name.")
      .Add("tags", &C::tags, Optional, "Words.")
      .Add("numbers", &C::numbers, Optional, "Numbers.")
      .Add("memory", &C::memory, Default("1GiB"), "Such as `512MiB`.", MemoryAmount)
      .Add("parameters", &C::parameters, Optional, "Such as `work_mem = \"16MB\"`.",
           ParameterAmounts)
      .Add("grade", &C::grade, Optional, RequiresReplaceIf(falls), "Rises in place.", Range(1, 9))
      .Add("colour", &C::colour, Optional, Deprecated("Paint it."), "Its colour.")
      .Add("left", &C::left, Optional, RequiredUnless({"right"}), ConflictsWith({"right"}), "Left.")
      .Add("right", &C::right, Optional, "Right.")
      .Add("id", &C::id, Computed, ChangesWith({"name"}), "Its id.")
      .Add("summary", &C::summary, Computed, ChangesWith({"tags", "set"}), "Of what is in it.")
      .Timeouts();
}

ResourceType ShelfType() {
  return OwnType<Shelf>(Rows(), [](const ClusterView& view, Shelf& shelf) {
    shelf.id = view.id.ToText();
    shelf.summary = std::to_string(shelf.tags.size() + shelf.set.size());
  });
}

const ProviderTypes& Types() {
  static const ProviderTypes kTypes = Only(ShelfType());
  return kTypes;
}

Value Text(std::string text) { return Value::String(std::move(text)); }
Value SlotOf(const char* label, int width) {
  return Value::Object({{"label", Text(label)}, {"width", Value::Int(width)}});
}

class WordsTest : public OwnTypeTest {
 protected:
  WordsTest() : OwnTypeTest(kShelf, Types) {}

  Value Config(Value::Map members) {
    members.try_emplace("name", Text("orders"));
    members.try_emplace("left", Text("a wall"));
    return core_.Config(kShelf, members);
  }
};

TEST_F(WordsTest, EveryNestingIsPlannedAppliedAndKept) {
  const Value slots = Value::SetOf({SlotOf("b", 2), SlotOf("a", 1), SlotOf("c", 3)});
  const Value config =
      Config({{"single", SlotOf("a", 1)},
              {"list", Value::ListOf({SlotOf("b", 2), SlotOf("a", 1)})},
              {"set", slots},
              {"map", Value::Object({{"x", SlotOf("a", 1)}})},
              {"tags", Value::SetOf({Text("z"), Text("a"), Text("m")})},
              {"numbers", Value::SetOf({Value::Int(10), Value::Int(9), Value::Int(-1)})}});
  const Instance shelf = Make(config);
  EXPECT_EQ(shelf.state.at("summary"), Text("6"));
  EXPECT_EQ(core_.Plan(kShelf, shelf, config).action, Action::kNoOp);

  Value changed = config;
  changed.as_map()["set"] = Value::SetOf({SlotOf("c", 3), SlotOf("a", 1)});
  const Applied applied = core_.Converge(kShelf, shelf, changed);
  EXPECT_EQ(applied.instance.state.at("summary"), Text("5"));
}

TEST_F(WordsTest, AnotherSpellingIsNoChange) {
  const auto spelled = [&](const char* memory, const char* work_mem) {
    return Config(
        {{"memory", Text(memory)}, {"parameters", Value::Object({{"work_mem", Text(work_mem)}})}});
  };
  const Instance shelf = Make(spelled("1GiB", "256MB"));
  EXPECT_EQ(core_.Plan(kShelf, shelf, spelled("1024MiB", "262144kB")).action, Action::kNoOp);
  const Change change = core_.Plan(kShelf, shelf, spelled("1024MiB", "1MB"));
  EXPECT_EQ(change.action, Action::kUpdate);
  EXPECT_EQ(change.planned.at("memory"), Text("1GiB"));
}

TEST_F(WordsTest, SomeChangesReplace) {
  const auto graded = [&](const Value& grade) { return Config({{"grade", grade}}); };
  const Instance shelf = Make(graded(Value::Int(3)));
  EXPECT_EQ(core_.Plan(kShelf, shelf, graded(Value::Int(4))).action, Action::kUpdate);
  EXPECT_THAT(core_.Plan(kShelf, shelf, graded(Value::Int(2))).replaced_for,
              testing::ElementsAre("grade"));
  // Known by the apply only: a replacement then, whatever it turns out to be.
  const Change unknown = core_.Plan(kShelf, shelf, graded(Value::Unknown()));
  EXPECT_THAT(unknown.replaced_for, testing::ElementsAre("grade"));
  EXPECT_TRUE(core_.Apply(kShelf, unknown, graded(Value::Int(4))).ok);
}

TEST_F(WordsTest, OneOfTwoHasToBeSetAndNotBoth) {
  DiagnosticList found;
  EXPECT_FALSE(core_.Validate(kShelf, Config({{"left", Value::Null()}}), &found));
  EXPECT_THAT(ToText(found), HasSubstr("Either left or right has to be set"));
  EXPECT_TRUE(core_.Validate(kShelf, Config({{"left", Value::Null()}, {"right", Text("b")}})));
  EXPECT_FALSE(core_.Validate(kShelf, Config({{"right", Text("b")}})));
}

TEST_F(WordsTest, EveryPlanIsValid) { OwnTypeTest::EveryPlanIsValid(); }

}  // namespace
}  // namespace dbaas::core

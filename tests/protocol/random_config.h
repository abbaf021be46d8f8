// SPDX-License-Identifier: MPL-2.0
//
// RandomConfig: configurations of one resource type, drawn from what its schema and the provider's
// own refusals say, and from nothing else. Which values an attribute takes is learned by asking:
// words between backquotes in descriptions and words of refusals are tried one by one. So a new
// attribute or type is tested without a line here.
//
//   RandomConfig random_config(core, "dbaas_cluster");
//   Value config = random_config.Make(random);
//
// Not thread-safe. The same seed gives the same configuration.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/seeded_random.h"
#include "tests/protocol/core.h"

namespace dbaas::core {

class RandomConfig {
 public:
  /// Asks `core` a few thousand times.
  RandomConfig(Core& core, std::string resource);

  /// Most of them are valid: what is refused of a draft is mostly left out. `unknown_percent` of
  /// all values are unknown.
  Value Make(SeededRandom& random, int unknown_percent = 0) const;
  /// `config` with some of it another.
  Value Change(SeededRandom& random, const Value& config, int unknown_percent = 0) const;
  /// `config` with everything known that was not, and nothing else changed. May turn out invalid.
  Value Known(SeededRandom& random, const Value& config) const;
  /// The planned value `planned` with any values of the right type where it is unknown, as if it
  /// had been applied.
  Value Filled(SeededRandom& random, const Value& planned) const;

  /// Has `core` plan a new object, a change of what it would have become and its destruction, all
  /// of them drawn, with unknown values. False: the first was refused, and there were no others.
  bool Plan(Core& core, SeededRandom& random) const;

  /// Values that the attribute takes, by its path; for tests of the learning.
  const std::map<std::string, Value::List>& accepted() const { return accepted_; }

 private:
  using Wrap = std::function<Value(const Value&)>;
  /// How a configuration is drawn, in percent of all values.
  struct Mood {
    int unknown = 0;
    int odd = 0;  ///< Any of their type, taken by the attribute or not.
  };

  /// `wrap` makes a configuration of a value; `beside_unknown` one where all else is unknown.
  void Learn(const Member& member, const std::string& path, const Wrap& wrap,
             const Wrap& beside_unknown);
  void LearnInside(const Type& object, const std::string& path, const Wrap& wrap);
  Value::List Accepted(const Member& member, const Wrap& wrap);
  bool Accepts(const std::string& name, const Value& config);
  void TakeWords(const std::string& text);
  Value::List Candidates(const Type& type) const;

  Value Draw(SeededRandom& random, const Member& member, const std::string& path, Mood mood) const;
  Value DrawMember(SeededRandom& random, const Member& member, const std::string& path,
                   Mood mood) const;
  Value DrawObject(SeededRandom& random, const Type& object, const std::string& path,
                   Mood mood) const;
  Value Mended(SeededRandom& random, Value config) const;
  Value KnownIn(SeededRandom& random, const Type& type, const Member* member,
                const std::string& path, const Value& value) const;

  Core& core_;
  const std::string resource_;
  const Type& type_;
  std::set<std::string> words_;
  std::map<std::string, std::string> pairs_;     ///< "work_mem = \"16MB\"" in a description.
  std::map<std::string, Value::List> accepted_;  ///< By path, "resources.memory".
};

}  // namespace dbaas::core

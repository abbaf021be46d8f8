// SPDX-License-Identifier: MPL-2.0
//
// Core's promises on configurations that nobody thought of: drawn from the schema by a seed
// (random_config.h). A seed that fails says how to run it alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <tuple>

#include "tests/protocol/core.h"
#include "tests/protocol/random_config.h"
#include "tests/protocol/rig.h"

namespace dbaas::core {
namespace {

using testing::IsEmpty;

constexpr const char* kOnly = "DBAAS_PROTOCOL_SEED";
constexpr const char* kHowMany = "DBAAS_PROTOCOL_SEEDS";

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// The values that each resource takes, learned once from a provider without any clusters.
const RandomConfig& ConfigsOf(const std::string& resource) {
  struct Learned {
    Rig rig;
    Core core{rig.service()};
    std::map<std::string, RandomConfig> configs;
    Learned() {
      for (const auto& [name, schema] : core.resources()) configs.try_emplace(name, core, name);
      EXPECT_THAT(core.violations(), IsEmpty());
    }
  };
  static const auto* kLearned = new Learned();
  return kLearned->configs.at(resource);
}

std::vector<std::string> Resources() {
  Rig rig;
  const Core core(rig.service());
  std::vector<std::string> names;
  for (const auto& [name, schema] : core.resources()) names.push_back(name);
  return names;
}

class PropertyTest : public testing::TestWithParam<std::string> {
 protected:
  /// Runs `story` for each seed, until one fails.
  void ForEachSeed(std::uint64_t seeds, const std::function<Violations(std::uint64_t)>& story) {
    const std::uint64_t only = FromEnvironment(kOnly, 0);
    const std::uint64_t last = only != 0 ? only : FromEnvironment(kHowMany, seeds);
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
      const Violations violations = story(seed);
      ASSERT_THAT(violations, IsEmpty())
          << "seed " << seed << "; replay it with: " << kOnly << "=" << seed
          << " build/dev/tests/protocol/property_test --gtest_filter='" << info->test_suite_name()
          << "." << info->name() << "'";
    }
  }
};

/// Two plans, a create and an update of what it would have made, with unknown values in both. The
/// hosts are silent, so that no plan ends early for what is on them.
TEST_P(PropertyTest, EveryPlanIsValid) {
  const RandomConfig& configs = ConfigsOf(GetParam());
  Rig rig;
  for (FakeDriver* host : {&rig.local(), &rig.east()}) {
    host->SetReachable(false);
    host->SetControlSocket(true);  // Where schedules and watchers can be asked for.
  }
  Core core(rig.service());
  int plans = 0;
  int tries = 0;
  ForEachSeed(500, [&](std::uint64_t seed) {
    SeededRandom random(seed);
    SeededRandom variety(seed);
    core.Vary(&variety);
    ++tries;
    if (configs.Plan(core, random)) ++plans;
    return core.TakeViolations();
  });
  if (tries > 100) {
    EXPECT_GT(plans * 2, tries) << "most of what is drawn should be valid";
  }
  RecordProperty("plans", plans);
}

/// What a cluster may be destroyed or replaced with.
Value Unprotected(Value config) {
  const auto found = config.as_map().find("deletion_protection");
  if (found != config.as_map().end()) found->second = Value::Bool(false);
  return config;
}

/// A life: created from a configuration with unknown values, changed, replaced, imported, removed
/// by hand, destroyed; now and then a call to the host fails, or its answer is lost, and the next
/// apply has to go on from there. Nothing is left.
class Life {
 public:
  Life(std::string resource, std::uint64_t seed)
      : resource_(std::move(resource)),
        configs_(ConfigsOf(resource_)),
        random_(seed),
        variety_(seed),
        rig_(seed),
        core_(rig_.service(), &variety_) {}

  Violations Run() {
    MakeWhatItNeeds();
    Create();
    for (std::uint64_t steps = random_.Below(4); steps > 0; --steps) Step();
    if (!instance_.state.is_null()) {
      Adopt(core_.Converge(resource_, instance_, config_));
      Adopt(core_.Converge(resource_, instance_, Value()));
    }
    for (; !needed_.empty(); needed_.pop_back()) {
      core_.Converge(needed_.back().first, needed_.back().second, Value());
    }
    if (core_.violations().empty() && !rig_.IsEmpty()) {
      std::string left;
      for (const auto& name : rig_.local().Names()) left += " " + name + ",";
      for (const auto& name : rig_.east().Names()) left += " east: " + name + ",";
      return {{Rule::kResultExists, "left on the hosts:" + left + " and last " + last_refusal_}};
    }
    return core_.TakeViolations();
  }

  bool was_created() const { return was_created_; }
  int failures() const { return failures_; }

 private:
  void MakeWhatItNeeds() {
    const auto make = [&](const std::string& resource, const Value::Map& attributes) {
      const Value config = core_.Config(resource, attributes);
      needed_.emplace_back(resource, core_.Converge(resource, {}, config).instance);
    };
    if (resource_ == "dbaas_cluster") return;
    make("dbaas_cluster",
         {{"name", Value::String("orders")}, {"deletion_protection", Value::Bool(false)}});
    if (resource_ != "dbaas_backup") return;
    make("dbaas_backup_policy", {{"cluster_id", Value::String("local/orders")}});
  }

  void Adopt(const Applied& applied) {
    if (applied.ok) instance_ = applied.instance;
    if (!applied.ok) last_refusal_ = ToText(applied.diagnostics);
  }

  /// At one of the next calls that change something the host breaks; that call may have been
  /// carried out all the same.
  void TroubleAhead() {
    broken_ = false;
    rig_.local().OnFault([this](const FakeCall& call) {
      static const std::set<std::string> kChanging = {"Ensure", "Remove", "Restart", "WriteRecord",
                                                      "RemoveRecord"};
      if (!kChanging.contains(call.method)) return FakeFault::kNone;
      const std::lock_guard lock(trouble_mutex_);
      if (broken_) return FakeFault::kBefore;
      broken_ = trouble_.Chance(15);
      return broken_ ? FakeFault::kAfter : FakeFault::kNone;
    });
  }
  /// All is well again, and so is what the trouble left.
  void Recover() {
    rig_.local().OnFault(nullptr);
    rig_.clock().Tick(Milliseconds(60'000));
    if (config_.is_null()) return;
    const Applied applied = core_.Converge(resource_, instance_, config_);
    Adopt(applied);
    if (applied.ok || !instance_.state.is_null()) return;
    // All was done but for the answer to the last write; the error says what to do (see core_test).
    const std::string said = ToText(applied.diagnostics);
    const std::string command = "terraform import <address> ";
    const auto at = said.find(command);
    if (at == std::string::npos) return;
    const auto begin = at + command.size();
    const auto imported =
        core_.Import(resource_, said.substr(begin, said.find('\n', begin) - begin));
    if (imported) Adopt(core_.Converge(resource_, *imported, config_));
  }

  void Create() {
    const Value config = Unprotected(configs_.Make(random_, 5));
    const Change change = core_.Plan(resource_, {}, config);
    if (change.action == Action::kRefused) return;
    config_ = Unprotected(configs_.Known(random_, config));
    const bool trouble = random_.Chance(30);
    if (trouble) TroubleAhead();
    const Applied applied = core_.Apply(resource_, change, config_);
    if (applied.refused) {
      rig_.local().OnFault(nullptr);
      return;
    }
    was_created_ = true;
    failures_ += applied.ok ? 0 : 1;
    instance_ = applied.instance;
    // Converge also says so if there was no trouble and it failed all the same.
    if (trouble) return Recover();
    Adopt(core_.Converge(resource_, instance_, config_));
  }

  void Step() {
    if (instance_.state.is_null()) return;
    switch (random_.Below(7)) {
      case 0: {  // Forgotten and imported.
        const auto imported = random_.Chance(50)
                                  ? core_.ImportByIdentity(resource_, instance_.identity)
                                  : core_.Import(resource_, instance_.state.at("id").as_string());
        if (imported) instance_ = *imported;
        break;
      }
      case 1: {  // Something of it is removed by hand.
        const auto objects = rig_.local().Objects();
        if (objects.empty()) break;
        const Object& one = objects[random_.Below(objects.size())].object;
        if (one.id.kind == ObjectKind::kInstance) rig_.local().RemoveByHand(one.id);
        rig_.clock().Tick(Milliseconds(5'000));
        break;
      }
      case 2: Adopt(core_.Converge(resource_, instance_, config_, {.replace = true})); break;
      case 3: {  // A change that may fail half-way, of which core keeps what it is told.
        const Value changed = Unprotected(configs_.Change(random_, config_));
        const Change change = core_.Plan(resource_, instance_, changed);
        if (change.action == Action::kRefused) break;
        config_ = changed;
        TroubleAhead();
        const Applied applied = core_.Apply(resource_, change);
        failures_ += applied.ok ? 0 : 1;
        instance_ = applied.instance;
        Recover();
        break;
      }
      default: {
        const Value changed = Unprotected(configs_.Change(random_, config_));
        const Change change = core_.Plan(resource_, instance_, changed);
        if (change.action == Action::kRefused) break;
        config_ = changed;
        Adopt(core_.Converge(resource_, instance_, config_));
      }
    }
  }

  const std::string resource_;
  const RandomConfig& configs_;
  SeededRandom random_;
  SeededRandom variety_;
  std::mutex trouble_mutex_;
  SeededRandom trouble_{random_.Next()};
  bool broken_ = false;
  int failures_ = 0;
  std::string last_refusal_ = "nothing was refused";
  Rig rig_;
  Core core_;
  Value config_;
  Instance instance_;
  std::vector<std::pair<std::string, Instance>> needed_;  ///< In the order they were made in.
  bool was_created_ = false;
};

TEST_P(PropertyTest, EveryLifeEndsWell) {
  int created = 0;
  int failures = 0;
  ForEachSeed(30, [&](std::uint64_t seed) {
    Life life(GetParam(), seed);
    Violations violations = life.Run();
    created += life.was_created() ? 1 : 0;
    failures += life.failures();
    return violations;
  });
  RecordProperty("created", created);
  RecordProperty("failures", failures);
}

TEST_P(PropertyTest, ValuesOfEveryAttributeAreLearned) {
  for (const auto& [path, values] : ConfigsOf(GetParam()).accepted()) {
    EXPECT_FALSE(values.empty()) << path;
  }
}

INSTANTIATE_TEST_SUITE_P(AllResources, PropertyTest, testing::ValuesIn(Resources()));

}  // namespace
}  // namespace dbaas::core

// SPDX-License-Identifier: MPL-2.0
//
// What `./dev sim` runs: `simulation [--seeds N] [--seed S]`. With one seed it tells the whole
// story; with many it tells that of the first that fails. Exits 1 when a promise was broken.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <cstring>

#include "tests/simulation/simulation.h"

namespace {

void Tell(std::uint64_t seed, const dbaas::SimulationReport& report) {
  for (const auto& event : report.events) fmt::print("{}\n", event);
  for (const auto& violation : report.violations) fmt::print("seed {}: {}\n", seed, violation);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 0;
  std::uint64_t first = 1;
  bool has_first = false;
  dbaas::PlantedBug planted = dbaas::PlantedBug::kNone;
  for (int i = 1; i + 1 < argc; i += 2) {
    const char* value = argv[i + 1];
    if (std::strcmp(argv[i], "--seeds") == 0) seeds = std::strtoull(value, nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) {
      first = std::strtoull(value, nullptr, 10);
      has_first = true;
    }
    if (std::strcmp(argv[i], "--bug") == 0) {
      for (const auto bug : dbaas::PlantedBugs()) {
        if (ToString(bug) == value) planted = bug;
      }
    }
  }
  spdlog::set_level(spdlog::level::off);
  if (seeds == 0) seeds = has_first ? 1 : 10'000;
  std::uint64_t violations = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const bool is_only = seeds == 1;
    const auto report = dbaas::Simulate(seed, planted, is_only);
    violations += report.violations.empty() ? 0 : 1;
    if (is_only) {
      Tell(seed, report);
    } else if (!report.violations.empty()) {
      if (violations == 1) Tell(seed, dbaas::Simulate(seed, planted, true));
      if (violations > 1) fmt::print("seed {}: {}\n", seed, report.violations.front());
      fmt::print("replay it with: ./dev sim --seed {}\n", seed);
    }
  }
  fmt::print("{} seeds, {} violations\n", seeds, violations);
  return violations == 0 ? 0 : 1;
}

// SPDX-License-Identifier: MPL-2.0
//
// SeededRandom: the same numbers for the same seed, so that a failing run can be replayed. Never
// for real secrets. Thread-safe (but only one thread gives a replayable order).
//
// Source: splitmix64, the generator of G. Steele, D. Lea and C. Flood, "Fast splittable
// pseudorandom number generators" (2014).
#pragma once

#include <atomic>

#include "engine/base/random.h"

namespace dbaas {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : state_(seed) {}
  std::uint64_t Next() override;
  /// Uniform in [0, limit). REQUIRES: limit > 0.
  std::uint64_t Below(std::uint64_t limit) { return Next() % limit; }
  /// True `percent` times out of a hundred.
  bool Chance(int percent) { return Below(100) < static_cast<std::uint64_t>(percent); }

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace dbaas

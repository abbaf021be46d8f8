// SPDX-License-Identifier: MPL-2.0
#include "tests/fakes/seeded_random.h"

namespace dbaas {

std::uint64_t SeededRandom::Next() {
  constexpr std::uint64_t kGoldenGamma = 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_.fetch_add(kGoldenGamma) + kGoldenGamma;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace dbaas

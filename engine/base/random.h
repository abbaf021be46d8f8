// SPDX-License-Identifier: MPL-2.0
//
// Randomness, passed in like time. SystemRandom draws from the kernel and is fit for secrets; tests
// pass a seeded one. Thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace dbaas {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;

  /// `length` characters of [a-zA-Z0-9], about 5.95 bits each. No character needs quoting anywhere.
  std::string Token(int length);
  /// Uniform in [0, 1): for jitter.
  double Fraction();
};

class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
};

}  // namespace dbaas

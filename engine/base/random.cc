// SPDX-License-Identifier: MPL-2.0
#include "engine/base/random.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <string_view>

namespace dbaas {

std::string Random::Token(int length) {
  static constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string token;
  while (static_cast<int>(token.size()) < length) {
    const auto index = Next() & 63;  // 6 bits; the two values past the alphabet are drawn again.
    if (index < kAlphabet.size()) token += kAlphabet[index];
  }
  return token;
}

double Random::Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  // Without entropy no secret can be made; there is nothing sensible to go on with.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof(value)) != 1) std::abort();
  return value;
}

}  // namespace dbaas

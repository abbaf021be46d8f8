// SPDX-License-Identifier: MPL-2.0
#include "engine/base/random.h"

#include <sys/random.h>

#include <cerrno>
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

// From the kernel itself: OpenSSL's generator is seeded from the same, and the first number of it
// sets up half of that library, which a start without TLS needs for nothing else.
std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  ssize_t got = 0;
  do got = getrandom(&value, sizeof(value), 0);
  while (got < 0 && errno == EINTR);
  // Without entropy no secret can be made; there is nothing sensible to go on with.
  if (got != sizeof(value)) std::abort();
  return value;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/scram.h"

#include <fmt/format.h>

#include "engine/base/hash.h"

namespace dbaas::postgresql {
namespace {

constexpr std::size_t kSaltLength = 16;  // As the server's own.

std::string Prefix(std::string_view salt, int iterations) {
  return fmt::format("SCRAM-SHA-256${}:{}", iterations, Base64(salt));
}

}  // namespace

std::string ScramSalt(const Secret<std::string>& key, std::string_view role,
                      const Secret<std::string>& password) {
  std::string message = "scram salt";
  message += '\0';
  message += role;
  message += '\0';
  message += password.Reveal();
  return HmacSha256(key.Reveal(), message).substr(0, kSaltLength);
}

std::string ScramPrefix(std::string_view salt) { return Prefix(salt, kScramIterations); }

Secret<std::string> ScramVerifier(const Secret<std::string>& password, std::string_view salt,
                                  int iterations) {
  const std::string salted = Pbkdf2Sha256(password.Reveal(), salt, iterations);
  const std::string stored_key = Sha256(HmacSha256(salted, "Client Key"));
  const std::string server_key = HmacSha256(salted, "Server Key");
  return Secret(
      fmt::format("{}${}:{}", Prefix(salt, iterations), Base64(stored_key), Base64(server_key)));
}

}  // namespace dbaas::postgresql

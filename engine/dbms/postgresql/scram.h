// SPDX-License-Identifier: MPL-2.0
//
// SCRAM-SHA-256 verifiers: what PostgreSQL stores in place of a password. Making them here means
// that no password ever travels in SQL or reaches a server log. Called by Expand (the salt, which
// identifies a password) and by ApplySettings (the whole). Pure.
// Source: RFC 5802, RFC 7677, and the form described at
// https://www.postgresql.org/docs/17/catalog-pg-authid.html
#pragma once

#include <string>
#include <string_view>

#include "engine/base/secret.h"

namespace dbaas::postgresql {

inline constexpr int kScramIterations = 4096;

/// A salt that is always the same for one password and tells nothing about it without `key`. So
/// the salt that a server stores says whether it has this password, without the costly hashing.
std::string ScramSalt(const Secret<std::string>& key, std::string_view role,
                      const Secret<std::string>& password);

/// "SCRAM-SHA-256$4096:<salt>": the part of a verifier that is no secret.
std::string ScramPrefix(std::string_view salt);

/// "SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>". REQUIRES: `password` is printable ASCII,
/// for which SASLprep changes nothing.
Secret<std::string> ScramVerifier(const Secret<std::string>& password, std::string_view salt,
                                  int iterations = kScramIterations);

}  // namespace dbaas::postgresql

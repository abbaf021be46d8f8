// SPDX-License-Identifier: MPL-2.0
//
// Hashes, by OpenSSL. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dbaas {

/// Lower-case hexadecimal, 64 characters.
std::string Sha256Hex(std::string_view data);
/// Raw 32 bytes.
std::string Sha256(std::string_view data);
std::string HmacSha256(std::string_view key, std::string_view data);
/// PBKDF2-HMAC-SHA256, 32 raw bytes: the salted password of SCRAM (RFC 5802, RFC 7677).
std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, int iterations);
/// Standard alphabet, padded.
std::string Base64(std::string_view data);
/// RFC 4648; bytes outside the alphabet are skipped.
std::string DecodeBase64(std::string_view text);

/// Identifies content: equal fingerprints, equal content. Short hex; empty means "not known".
using Fingerprint = std::string;
Fingerprint FingerprintOf(std::string_view content);

}  // namespace dbaas

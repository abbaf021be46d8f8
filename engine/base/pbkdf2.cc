// SPDX-License-Identifier: MPL-2.0
//
// In a file of its own: it is slow on purpose, and the simulation puts a quick one in its place.
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "engine/base/hash.h"

namespace dbaas {

std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, int iterations) {
  std::string key(SHA256_DIGEST_LENGTH, '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    reinterpret_cast<const unsigned char*>(salt.data()),
                    static_cast<int>(salt.size()), iterations, EVP_sha256(),
                    static_cast<int>(key.size()), reinterpret_cast<unsigned char*>(key.data()));
  return key;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Stands in for engine/base/pbkdf2.cc and x509.cc in the simulation, by being linked before them.
// Nobody there looks at keys or passwords, the real ones would take most of the time, and a real
// certificate is another one whenever a seed is replayed.
#include "engine/base/hash.h"
#include "engine/base/x509.h"

namespace dbaas {

std::string Pbkdf2Sha256(std::string_view password, std::string_view salt, int) {
  return HmacSha256(password, salt);
}

Result<KeyPair> MakeCertificateAuthority(const std::string& common_name, int) {
  return KeyPair{"certificate of " + common_name, Secret("key of " + common_name)};
}

Result<KeyPair> IssueCertificate(const KeyPair&, const std::string& common_name,
                                 const std::vector<std::string>&, int days) {
  return MakeCertificateAuthority(common_name, days);
}

}  // namespace dbaas

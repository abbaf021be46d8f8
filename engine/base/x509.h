// SPDX-License-Identifier: MPL-2.0
//
// Certificates, by OpenSSL: the CA of a cluster with its members' certificates, and the
// self-signed certificate of a plugin process. Keys are ECDSA P-256; serials are random.
// Pure but for the random numbers that keys need. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/secret.h"

namespace dbaas {

struct KeyPair {
  std::string certificate_pem;
  Secret<std::string> private_key_pem;
};

/// A CA for `common_name`, valid for `days` from an hour ago (clocks differ).
Result<KeyPair> MakeCertificateAuthority(const std::string& common_name, int days);

/// A certificate of `authority` for servers and clients alike. `names` become subject alternative
/// names: addresses as IP entries, everything else as DNS entries.
Result<KeyPair> IssueCertificate(const KeyPair& authority, const std::string& common_name,
                                 const std::vector<std::string>& names, int days);

/// A CA certificate that is also its own server and client certificate for `names`.
Result<KeyPair> MakeSelfSigned(const std::string& organization, const std::string& common_name,
                               const std::vector<std::string>& names, int days);

/// The DER bytes of the first certificate in `pem`; whether they are one is not looked at.
Result<std::string> PemToDer(const std::string& pem);

}  // namespace dbaas

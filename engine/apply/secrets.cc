// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/secrets.h"

#include "engine/base/x509.h"

namespace dbaas {
namespace {

constexpr int kPasswordLength = 32;  // 190 bits.
// Rotation is a verb of its own; until someone asks for it, connections must not break by date.
constexpr int kValidDays = 3650;

void Store(const std::string& name, const KeyPair& pair, ClusterRecord& record) {
  record.secrets.insert_or_assign(name + ".crt", Secret(pair.certificate_pem));
  record.secrets.insert_or_assign(name + ".key", pair.private_key_pem);
}

Result<void> Fill(const SecretRequest& request, Random& random, ClusterRecord& record) {
  if (request.kind == SecretRequest::Kind::kPassword) {
    record.secrets.emplace(request.name, Secret(random.Token(kPasswordLength)));
    return Ok();
  }
  if (record.secrets.contains(request.name + ".crt")) return Ok();
  if (request.kind == SecretRequest::Kind::kAuthority) {
    Store(request.name, TRY(MakeCertificateAuthority(request.common_name, kValidDays)), record);
    return Ok();
  }
  const KeyPair authority{record.secrets[request.issuer + ".crt"].Reveal(),
                          record.secrets[request.issuer + ".key"]};
  Store(request.name,
        TRY(IssueCertificate(authority, request.common_name, request.names, kValidDays)), record);
  return Ok();
}

}  // namespace

Result<void> FillSecrets(const std::vector<SecretRequest>& requests, Random& random,
                         ClusterRecord& record) {
  for (const auto& request : requests) {
    TRY_IN(Fill(request, random, record), "making the secret " + request.name);
  }
  return Ok();
}

void PromiseSecrets(const std::vector<SecretRequest>& requests, ClusterRecord& record) {
  for (const auto& request : requests) {
    if (request.kind == SecretRequest::Kind::kPassword) {
      record.secrets.emplace(request.name, Secret(std::string()));
    } else if (!record.secrets.contains(request.name + ".crt")) {
      Store(request.name, {}, record);
    }
  }
}

}  // namespace dbaas

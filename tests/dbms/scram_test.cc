// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/scram.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "engine/base/hash.h"

namespace dbaas::postgresql {
namespace {

std::string Decode(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(base64.data()),
                                     static_cast<int>(base64.size()));
  const auto padding = std::count(base64.begin(), base64.end(), '=');
  bytes.resize(length - padding);
  return bytes;
}

// The exchange of RFC 7677, section 3: what the server stored must accept the client's proof and
// produce the server's signature.
TEST(ScramTest, VerifierFitsTheExchangeOfRfc7677) {
  const std::string salt = Decode("W22ZaJ0SNY7soEsUEjb6gQ==");
  const std::string verifier = ScramVerifier(Secret<std::string>("pencil"), salt).Reveal();
  ASSERT_TRUE(verifier.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")) << verifier;
  const std::string keys = verifier.substr(verifier.rfind('$') + 1);
  const std::string stored_key = Decode(keys.substr(0, keys.find(':')));
  const std::string server_key = Decode(keys.substr(keys.find(':') + 1));

  const std::string message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  EXPECT_EQ(Base64(HmacSha256(server_key, message)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  std::string client_key = Decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const std::string signature = HmacSha256(stored_key, message);
  for (std::size_t i = 0; i < client_key.size(); ++i)
    client_key[i] = static_cast<char>(client_key[i] ^ signature[i]);
  EXPECT_EQ(Sha256(client_key), stored_key);
}

TEST(ScramTest, SaltIsTheSameForTheSameAndOnlyForTheSame) {
  const Secret<std::string> key("key");
  const Secret<std::string> password("pencil");
  const std::string salt = ScramSalt(key, "admin", password);
  EXPECT_EQ(salt.size(), 16U);
  EXPECT_EQ(salt, ScramSalt(key, "admin", password));
  EXPECT_NE(salt, ScramSalt(key, "other", password));
  EXPECT_NE(salt, ScramSalt(key, "admin", Secret<std::string>("pencils")));
  EXPECT_NE(salt, ScramSalt(Secret<std::string>("yek"), "admin", password));
  EXPECT_EQ(ScramPrefix(salt), "SCRAM-SHA-256$4096:" + Base64(salt));
}

}  // namespace
}  // namespace dbaas::postgresql

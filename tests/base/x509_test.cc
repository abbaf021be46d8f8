// SPDX-License-Identifier: MPL-2.0
#include "engine/base/x509.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace dbaas {
namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Certificate Read(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return certificate;
}

/// What OpenSSL, at its strictest, says of `leaf` under the only trust anchor `root`.
int Verify(const std::string& root, const std::string& leaf, int purpose, const char* host,
           const char* address = nullptr) {
  const Certificate anchor = Read(root);
  const Certificate subject = Read(leaf);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, anchor.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, subject.get(), nullptr);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_purpose(parameters, purpose);
  if (host != nullptr) X509_VERIFY_PARAM_set1_host(parameters, host, 0);
  if (address != nullptr) X509_VERIFY_PARAM_set1_ip_asc(parameters, address);
  X509_verify_cert(context);
  const int error = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return error;
}

const KeyPair& Authority() {
  static const KeyPair authority = *MakeCertificateAuthority("orders CA", 3650);
  return authority;
}

TEST(X509Test, IssuedCertificateVerifiesForServersAndClients) {
  const auto leaf =
      IssueCertificate(Authority(), "orders-1", {"orders-1", "localhost", "127.0.0.1", "::1"}, 365);
  ASSERT_TRUE(leaf.has_value()) << leaf.error().ToLine();
  const std::string& root = Authority().certificate_pem;
  EXPECT_EQ(Verify(root, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER, "orders-1"), X509_V_OK);
  EXPECT_EQ(Verify(root, leaf->certificate_pem, X509_PURPOSE_SSL_CLIENT, "localhost"), X509_V_OK);
  EXPECT_EQ(Verify(root, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER, nullptr, "127.0.0.1"),
            X509_V_OK);
  EXPECT_EQ(Verify(root, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER, nullptr, "::1"),
            X509_V_OK);
}

TEST(X509Test, NothingElseIsTrusted) {
  const auto leaf = IssueCertificate(Authority(), "orders-1", {"orders-1"}, 365);
  ASSERT_TRUE(leaf.has_value());
  const auto stranger = MakeCertificateAuthority("orders CA", 3650);
  EXPECT_NE(
      Verify(stranger->certificate_pem, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER, nullptr),
      X509_V_OK);
  EXPECT_EQ(Verify(Authority().certificate_pem, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER,
                   "orders-2"),
            X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(Verify(Authority().certificate_pem, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER,
                   nullptr, "10.0.0.1"),
            X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(X509Test, LeafCannotIssue) {
  const auto leaf = IssueCertificate(Authority(), "orders-1", {"orders-1"}, 365);
  const auto forged = IssueCertificate(*leaf, "forged", {"forged"}, 365);
  ASSERT_TRUE(forged.has_value());
  EXPECT_NE(
      Verify(leaf->certificate_pem, forged->certificate_pem, X509_PURPOSE_SSL_SERVER, "forged"),
      X509_V_OK);
}

TEST(X509Test, NameWithCommaStaysOneName) {
  const auto leaf = IssueCertificate(Authority(), "a", {"a,DNS:evil.example"}, 365);
  ASSERT_TRUE(leaf.has_value());
  EXPECT_EQ(Verify(Authority().certificate_pem, leaf->certificate_pem, X509_PURPOSE_SSL_SERVER,
                   "evil.example"),
            X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST(X509Test, SelfSignedIsItsOwnAuthority) {
  const auto pair = MakeSelfSigned("dbaas", "localhost", {"localhost"}, 30);
  ASSERT_TRUE(pair.has_value()) << pair.error().ToLine();
  EXPECT_EQ(
      Verify(pair->certificate_pem, pair->certificate_pem, X509_PURPOSE_SSL_SERVER, "localhost"),
      X509_V_OK);
  EXPECT_EQ(Verify(pair->certificate_pem, pair->certificate_pem, X509_PURPOSE_SSL_CLIENT, nullptr),
            X509_V_OK);
  const Certificate certificate = Read(pair->certificate_pem);
  EXPECT_EQ(X509_check_ca(certificate.get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(certificate.get())), 256);
}

TEST(X509Test, ValidityBeginsAnHourAgo) {
  const Certificate certificate = Read(Authority().certificate_pem);
  int days = -1;
  int seconds = -1;
  ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate.get()), nullptr);
  EXPECT_EQ(days, 0);
  EXPECT_NEAR(seconds, 3600, 60);
  ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate.get()),
                 X509_get0_notAfter(certificate.get()));
  EXPECT_EQ(days, 3650);
}

TEST(X509Test, SerialsDiffer) {
  const Certificate a = Read(MakeCertificateAuthority("a", 1)->certificate_pem);
  const Certificate b = Read(MakeCertificateAuthority("a", 1)->certificate_pem);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(a.get()), X509_get0_serialNumber(b.get())), 0);
}

TEST(X509Test, DerIsTheFirstCertificate) {
  const auto der = PemToDer(Authority().certificate_pem + "trailing text\n");
  ASSERT_TRUE(der.has_value());
  const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
  const Certificate decoded(d2i_X509(nullptr, &bytes, static_cast<long>(der->size())));
  ASSERT_NE(decoded, nullptr);
  EXPECT_EQ(X509_cmp(decoded.get(), Read(Authority().certificate_pem).get()), 0);
}

TEST(X509Test, NonsenseIsAnErrorAndLeavesNoneBehind) {
  EXPECT_FALSE(PemToDer("nonsense").has_value());
  const KeyPair broken{Authority().certificate_pem, Secret<std::string>("nonsense")};
  EXPECT_FALSE(IssueCertificate(broken, "a", {"a"}, 1).has_value());
  KeyPair mixed = Authority();
  mixed.private_key_pem = MakeCertificateAuthority("other", 1)->private_key_pem;
  EXPECT_FALSE(IssueCertificate(mixed, "a", {"a"}, 1).has_value());
  // A left-over entry in OpenSSL's queue would be blamed on the next TLS connection of the thread.
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace dbaas

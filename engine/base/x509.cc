// SPDX-License-Identifier: MPL-2.0
#include "engine/base/x509.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>

namespace dbaas {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPointer = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using BignumPointer = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using CertificatePointer = std::unique_ptr<X509, Deleter<X509_free>>;
using DecoderPointer = std::unique_ptr<OSSL_DECODER_CTX, Deleter<OSSL_DECODER_CTX_free>>;
using ExtensionPointer = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using GeneralNamePointer = std::unique_ptr<GENERAL_NAME, Deleter<GENERAL_NAME_free>>;
using GeneralNamesPointer = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

constexpr long kHour = 3600;
constexpr int kSerialBits = 159;  // RFC 5280: at most 20 octets, positive.

/// What differs between the three kinds of certificate that we make.
struct Profile {
  std::string organization;
  std::string common_name;
  std::vector<std::string> names;
  int days = 0;
  const char* basic_constraints = nullptr;
  const char* key_usage = nullptr;
  const char* extended_key_usage = nullptr;  ///< Null: any use.
};

struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

/// The oldest entry of OpenSSL's error queue is the cause; the later ones only wrap it.
Error Failure(const std::string& doing) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  char text[256] = "no reason given";
  if (code != 0) ERR_error_string_n(code, text, sizeof(text));
  return Internal(doing + " failed", text);
}

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Content(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return std::string(data, length);
}

bool SetName(X509* certificate, const Profile& profile) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add = [name](const char* field, const std::string& text) {
    return text.empty() || X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, Bytes(text),
                                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  return add("O", profile.organization) && add("CN", profile.common_name);
}

bool SetSerial(X509* certificate) {
  const BignumPointer serial(BN_new());
  return serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetValidity(X509* certificate, int days) {
  return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -kHour, nullptr) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), days, -kHour, nullptr) != nullptr;
}

bool AddExtension(X509* certificate, X509* issuer, int kind, const char* text) {
  if (text == nullptr) return true;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, kind, text));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Alternative names are built as objects, not through OpenSSL's "DNS:a,IP:b" text, in which a
/// comma in a name would begin another name.
GeneralNamePointer MakeGeneralName(const std::string& name) {
  GeneralNamePointer general(GENERAL_NAME_new());
  if (!general) return nullptr;
  if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str())) {
    GENERAL_NAME_set0_value(general.get(), GEN_IPADD, address);
    return general;
  }
  ERR_clear_error();  // Not an address, which is no error.
  ASN1_IA5STRING* dns = ASN1_IA5STRING_new();
  if (dns == nullptr) return nullptr;
  GENERAL_NAME_set0_value(general.get(), GEN_DNS, dns);
  if (ASN1_STRING_set(dns, name.data(), static_cast<int>(name.size())) != 1) return nullptr;
  return general;
}

bool AddAlternativeNames(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const GeneralNamesPointer all(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GeneralNamePointer general = MakeGeneralName(name);
    if (!all || !general || sk_GENERAL_NAME_push(all.get(), general.get()) == 0) return false;
    static_cast<void>(general.release());  // The list owns it now.
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

Result<KeyPair> ToPem(X509* certificate, EVP_PKEY* key) {
  const BioPointer certificate_pem(BIO_new(BIO_s_mem()));
  const BioPointer key_pem(BIO_new(BIO_s_secmem()));
  if (!certificate_pem || !key_pem || PEM_write_bio_X509(certificate_pem.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Failure("writing a certificate");
  }
  return KeyPair{Content(certificate_pem.get()), Secret<std::string>(Content(key_pem.get()))};
}

/// Without an issuer the certificate signs itself.
Result<KeyPair> Make(const Profile& profile, std::optional<Issuer> issuer) {
  const KeyPointer key(EVP_EC_gen("P-256"));
  const CertificatePointer certificate(X509_new());
  if (!key || !certificate) return Failure("making a key");
  const bool self_signed = !issuer.has_value();
  if (self_signed) issuer = Issuer{certificate.get(), key.get()};

  X509* const target = certificate.get();
  const bool filled =
      X509_set_version(target, X509_VERSION_3) == 1 && SetSerial(target) &&
      SetValidity(target, profile.days) && SetName(target, profile) &&
      X509_set_issuer_name(target, X509_get_subject_name(issuer->certificate)) == 1 &&
      X509_set_pubkey(target, key.get()) == 1 &&
      AddExtension(target, target, NID_basic_constraints, profile.basic_constraints) &&
      AddExtension(target, target, NID_key_usage, profile.key_usage) &&
      AddExtension(target, target, NID_ext_key_usage, profile.extended_key_usage) &&
      AddExtension(target, target, NID_subject_key_identifier, "hash") &&
      AddExtension(target, issuer->certificate, NID_authority_key_identifier,
                   self_signed ? nullptr : "keyid:always") &&
      AddAlternativeNames(target, profile.names);
  if (!filled || X509_sign(target, issuer->key, EVP_sha256()) == 0) {
    return Failure("making the certificate of " + profile.common_name);
  }
  return ToPem(target, key.get());
}

CertificatePointer ReadCertificate(const std::string& pem) {
  const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return CertificatePointer(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)
                                : nullptr);
}

/// One of ours. Told which kind it is, OpenSSL need not set up the readers of all others, which
/// would take it longer than to make and sign a certificate.
KeyPointer ReadKey(const Secret<std::string>& pem) {
  EVP_PKEY* key = nullptr;
  const DecoderPointer decoder(OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, "EC",
                                                             EVP_PKEY_KEYPAIR, nullptr, nullptr));
  const unsigned char* text = Bytes(pem.Reveal());
  std::size_t length = pem.Reveal().size();
  if (decoder) OSSL_DECODER_from_data(decoder.get(), &text, &length);
  return KeyPointer(key);  // Null after a failure.
}

}  // namespace

Result<KeyPair> MakeCertificateAuthority(const std::string& common_name, int days) {
  Profile profile;
  profile.common_name = common_name;
  profile.days = days;
  profile.basic_constraints = "critical,CA:TRUE,pathlen:0";
  profile.key_usage = "critical,keyCertSign,cRLSign";
  return Make(profile, std::nullopt);
}

Result<KeyPair> IssueCertificate(const KeyPair& authority, const std::string& common_name,
                                 const std::vector<std::string>& names, int days) {
  const CertificatePointer certificate = ReadCertificate(authority.certificate_pem);
  if (!certificate) return Failure("reading the certificate of the authority");
  const KeyPointer key = ReadKey(authority.private_key_pem);
  if (!key) return Failure("reading the key of the authority");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Failure("matching certificate and key of the authority");
  }
  Profile profile;
  profile.common_name = common_name;
  profile.names = names;
  profile.days = days;
  profile.basic_constraints = "critical,CA:FALSE";
  profile.key_usage = "critical,digitalSignature,keyAgreement";
  profile.extended_key_usage = "serverAuth,clientAuth";
  return Make(profile, Issuer{certificate.get(), key.get()});
}

Result<KeyPair> MakeSelfSigned(const std::string& organization, const std::string& common_name,
                               const std::vector<std::string>& names, int days) {
  Profile profile;
  profile.organization = organization;
  profile.common_name = common_name;
  profile.names = names;
  profile.days = days;
  profile.basic_constraints = "critical,CA:TRUE";
  profile.key_usage = "critical,digitalSignature,keyAgreement,keyCertSign";
  profile.extended_key_usage = "serverAuth,clientAuth";
  return Make(profile, std::nullopt);
}

Result<std::string> PemToDer(const std::string& pem) {
  // Unwrapped but not parsed: OpenSSL 3 takes a millisecond to understand its first public key.
  const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  unsigned char* data = nullptr;
  long length = 0;
  if (!bio || PEM_bytes_read_bio(&data, &length, nullptr, PEM_STRING_X509, bio.get(), nullptr,
                                 nullptr) != 1) {
    return Failure("reading a certificate");
  }
  std::string der(reinterpret_cast<char*>(data), length);
  OPENSSL_free(data);
  return der;
}

}  // namespace dbaas

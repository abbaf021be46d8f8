// SPDX-License-Identifier: MPL-2.0
#include "schemas/s3_storage.h"

namespace dbaas {

Table<S3Config> S3Config::Attributes() {
  using C = S3Config;
  return Nested<C>()
      .Add("endpoint", &C::endpoint, Required,
           "Where the service answers, such as `https://s3.eu-central-1.amazonaws.com`. Always "
           "with TLS.",
           HttpsUrl())
      .Add("bucket", &C::bucket, Required, "Name of a bucket that exists.", NotEmpty())
      .Add("region", &C::region, Required,
           "Region of the bucket. A service that has none, such as MinIO, takes any name: "
           "`us-east-1`.",
           NotEmpty())
      .Add("prefix", &C::prefix, Optional, "Path within the bucket, such as `/orders`.",
           AbsolutePath())
      .Add("path_style", &C::path_style, Required,
           "Whether the bucket's name goes into the path, as MinIO needs it, and not in front of "
           "the host's name, as Amazon wants it.")
      .Add("ca_certificate", &C::ca_certificate, Optional,
           "Certificate (PEM) of the authority that the service's own is signed by. Those that "
           "the system trusts when left out.",
           NotEmpty())
      .Add("access_key_wo", &C::access_key_wo, Optional, WriteOnly, Sensitive,
           Needs({"secret_key_wo", "keys_wo_version"}),
           "Access key of the bucket. Never stored in a plan or state.", PrintableSecret(1, 256))
      .Add("secret_key_wo", &C::secret_key_wo, Optional, WriteOnly, Sensitive,
           Needs({"access_key_wo", "keys_wo_version"}),
           "Secret key of the bucket. Never stored in a plan or state.", PrintableSecret(1, 256))
      .Add("keys_wo_version", &C::keys_wo_version, Optional,
           Needs({"access_key_wo", "secret_key_wo"}),
           "Any number. Changing it is how new keys are put into effect.", Range(1, 1'000'000'000));
}

S3Storage ToS3Storage(const S3Config& config) {
  return {.endpoint = config.endpoint,
          .bucket = config.bucket,
          .region = config.region,
          .prefix = config.prefix.value_or(""),
          .path_style = config.path_style,
          .ca_certificate_pem = config.ca_certificate.value_or("")};
}

S3Config FromS3Storage(const S3Storage& storage) {
  return {.endpoint = storage.endpoint,
          .bucket = storage.bucket,
          .region = storage.region,
          .prefix = UnlessEmpty(storage.prefix),
          .path_style = storage.path_style,
          .ca_certificate = UnlessEmpty(storage.ca_certificate_pem)};
}

std::optional<std::string> UnlessEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace dbaas

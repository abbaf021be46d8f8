// SPDX-License-Identifier: MPL-2.0
//
// The attribute `s3`: a bucket, and what opens it. Of dbaas_backup_policy, and of `restore` of
// dbaas_cluster. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/secret.h"
#include "engine/model/spec.h"
#include "schemas/kit.h"

namespace dbaas {

struct S3Config {
  std::string endpoint;
  std::string bucket;
  std::string region;
  std::optional<std::string> prefix;
  bool path_style = false;
  std::optional<std::string> ca_certificate;
  std::optional<Secret<std::string>> access_key_wo;
  std::optional<Secret<std::string>> secret_key_wo;
  std::optional<std::int64_t> keys_wo_version;
  static Table<S3Config> Attributes();
};

/// Without the keys, which travel beside a spec.
S3Storage ToS3Storage(const S3Config& config);
S3Config FromS3Storage(const S3Storage& storage);

/// How an optional attribute says what is empty in a spec.
std::optional<std::string> UnlessEmpty(const std::string& text);

}  // namespace dbaas

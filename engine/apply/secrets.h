// SPDX-License-Identifier: MPL-2.0
//
// Makes what a record still lacks: passwords, authorities and certificates. What is there stays.
#pragma once

#include <vector>

#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/model/record.h"

namespace dbaas {

/// REQUIRES: an authority comes before the certificates that it issues.
Result<void> FillSecrets(const std::vector<SecretRequest>& requests, Random& random,
                         ClusterRecord& record);

}  // namespace dbaas

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

/// Empty ones for what is lacking: a plan tells nobody what is in them, and to make keys would take
/// longer than all the rest of it.
void PromiseSecrets(const std::vector<SecretRequest>& requests, ClusterRecord& record);

}  // namespace dbaas

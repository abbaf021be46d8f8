// SPDX-License-Identifier: MPL-2.0
//
// The verbs, each made in the file of its name.
#pragma once

#include "engine/cli/verb.h"

namespace dbaas {

Verb ShowVerb();
Verb CredentialsVerb();

}  // namespace dbaas

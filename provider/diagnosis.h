// SPDX-License-Identifier: MPL-2.0
//
// What the engine says, as users of Terraform read it: errors and disruptions as diagnostics.
// Called by the files of Lifecycle. Pure.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/model/disruption.h"
#include "schemas/diagnostic.h"
#include "schemas/schema.h"

namespace dbaas {

/// `error` as users see it: its field as a path of the schema, its context as the last sentence.
Diagnostic ToDiagnostic(const Error& error, const Schema& schema);

/// `error` as one sentence inside a longer text.
std::string Sentence(const Error& error);

/// Whether a host, and not what was asked of it, is the reason.
bool IsUnreachable(const Error& error);

/// Before ConfigureProvider, and while its configuration holds unknown values.
Error NotConfigured();

bool IsWorthAWarning(const Disruption& disruption);
/// `offline`: it was worked out without the host.
Diagnostic DisruptionWarning(const std::string& cluster, const Disruption& disruption,
                             bool offline);

}  // namespace dbaas

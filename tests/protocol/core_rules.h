// SPDX-License-Identifier: MPL-2.0
//
// What Terraform core holds every provider to, as functions of values: the proposed new state, what
// a plan may say, what an apply may make of a plan. Called by core.*. Pure.
//
// Source: docs/resource-instance-change-lifecycle.md of Terraform and OpenTofu, and what core does
// (its package objchange). Nothing here is taken from the provider's own planning.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/protocol/core_schema.h"

namespace dbaas::core {

/// The promises that a provider can break. Each is caught in a test of its own (planted_fault.*).
enum class Rule {
  kAnswers,          ///< An RPC is answered, and not by a broken connection.
  kSchema,           ///< The schema is one that core accepts.
  kWellFormed,       ///< A value on the wire is one of the schema's type.
  kDiagnostic,       ///< A diagnostic has a severity, a summary, and a path that exists.
  kRefusalHasPath,   ///< A configuration that is refused is told where.
  kConfiguredStays,  ///< A plan keeps what is configured, or the prior spelling of it.
  kOnlyComputed,     ///< A plan chooses only what is computed and not configured.
  kExistence,        ///< A plan neither makes nor drops an object or block.
  kBlocks,           ///< A plan has the blocks of the configuration.
  kWriteOnly,        ///< Write-only values are in no plan and no state.
  kReplacePath,      ///< What requires a replacement is an attribute that there is.
  kNoLegacy,         ///< The provider does not ask for the checks to be switched off.
  kNoDeferral,       ///< Nothing is deferred unless core allows it.
  kSamePlan,         ///< The same question gets the same plan.
  kFinalPlan,        ///< The plan of the apply agrees with the one that was approved.
  kApplied,          ///< What was validated and planned can be applied.
  kResult,           ///< After an apply, everything is as planned.
  kNothingUnknown,   ///< After an apply, a read or an import nothing is unknown.
  kResultExists,     ///< After a create there is an object, after a delete there is none.
  kPrivateData,      ///< A refresh that finds no change keeps the private data.
  kUpgrade,          ///< A state of today's version comes out of the upgrade as it was.
  kRefresh,          ///< A refresh right after an apply changes nothing.
  kSecondPlan,       ///< A plan right after an apply is empty.
  kIdentity,         ///< What is there has an identity, if its type has one, known in all parts.
  kIdentityStays,    ///< An object has one identity for as long as it is there.
  kImport,           ///< An import gives one object, which a refresh finds.
  kList,             ///< A list gives each object once, all that was asked for of it, and no more.
  kAction,           ///< An action tells how it goes on, and then once how it ended.
  kPure,             ///< A function gives the same result for the same arguments.
};
const char* ToString(Rule rule);
inline void PrintTo(Rule rule, std::ostream* out) { *out << ToString(rule); }

struct Violation {
  Rule rule = Rule::kAnswers;
  std::string what;  ///< "dbaas_cluster: node_count: was 2, but now 3"
};
inline void PrintTo(const Violation& violation, std::ostream* out) {
  *out << ToString(violation.rule) << ": " << violation.what;
}
using Violations = std::vector<Violation>;

/// The configuration, merged with the prior value of what it leaves to the provider. Null `prior`:
/// a create. REQUIRES: `config` is an object.
Value ProposedNew(const Type& object, const Value& prior, const Value& config);

/// What is wrong with `planned`, an answer to PlanResourceChange. Null `config`: a destroy.
Violations CheckPlanned(const Type& object, const Value& prior, const Value& config,
                        const Value& planned);

/// What in `actual` is not as `planned` promised. `rule` is what a difference breaks.
Violations CheckAgrees(const Type& object, const Value& planned, const Value& actual, Rule rule);

/// Write-only attributes that are not null in `value`.
Violations CheckWriteOnly(const Type& object, const Value& value);

}  // namespace dbaas::core

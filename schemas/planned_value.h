// SPDX-License-Identifier: MPL-2.0
//
// Planned values and states, worked out from a schema alone: Terraform's rules for what a provider
// may answer, once for all types. Called by provider/lifecycle.* and by the kit. Pure; the result
// depends on the arguments only, so that the second plan of an apply agrees with the first.
//
//   PlannedValue plan = PlanValue(type.schema, prior, config);
//   if (plan.planned == prior) ...   // nothing to do
//
// The rules are those of docs/resource-instance-change-lifecycle.md of OpenTofu. What an apply
// finds out lives at the root of a resource; objects and blocks below it hold what is configured,
// and defaults.
#pragma once

#include <string>
#include <vector>

#include "schemas/diagnostic.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

struct PlannedValue {
  Value planned;                     ///< Exactly the prior value when nothing changes.
  std::vector<std::string> changed;  ///< What differs from prior: attributes, then blocks.
  std::vector<AttributePath> requires_replace;  ///< Those of them that cannot be changed in place.
};

/// `prior` is null for a create. REQUIRES: config is an object (a destroy plans null)
PlannedValue PlanValue(const Schema& schema, const Value& prior, const Value& config);

/// The value of an attribute or of a block, as configured, with a default wherever an object in it
/// leaves one to us.
Value WithDefaults(const Type& type, Value config);
Value WithDefaults(const Block& block, Value config);

/// What to store of an object, `found` being what really is there.
///
/// After an apply (`refresh` false) everything that `base`, the planned value, knows is kept: that
/// was promised. Only unknown values are filled in. On a refresh `found` wins, except that a
/// configured value which means the same keeps the spelling that it has in `base`.
Value StateValue(const Schema& schema, const Value& base, const Value& found, bool refresh);

/// Whether both mean the same to this attribute: equal, or of equal canonical form, or one of them
/// is null and the other an empty collection, or both are null of whatever type, or maps that
/// differ in elements that are null.
bool MeanTheSame(const Attribute& attribute, const Value& a, const Value& b);

}  // namespace dbaas

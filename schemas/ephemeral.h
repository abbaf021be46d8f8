// SPDX-License-Identifier: MPL-2.0
//
// Ephemeral resources: one table of member pointers (kit.h), what has to be asked before the
// resource can be opened, and a function that fills in what is computed:
//
//   EphemeralType DiceEphemeral() {
//     return Ephemeral<Dice>(Rows(), {.fill = [](const EphemeralAnswer& answer, Dice& dice) {
//                                       dice.result = answer.random.Next() % dice.sides;
//                                       return Ok();
//                                     }});
//   }
//
// Used by schemas/ while the list of types is built; immutable afterwards.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/kit.h"

namespace dbaas {

/// What a table cannot say about an ephemeral resource. Only `fill` must be there.
template <typename C>
struct EphemeralMapping {
  /// Rules across attributes, asked once the configuration is wholly known. An error's field is the
  /// name of an attribute.
  std::function<std::vector<Error>(const C& config)> check = nullptr;
  std::function<Result<EphemeralQuery>(const C& config)> query = nullptr;
  /// Fills in what is computed; configured members stay as they are.
  std::function<Result<void>(const EphemeralAnswer& answer, C& object)> fill;
  std::string cluster_attribute = {};
};

template <typename C>
EphemeralType Ephemeral(Table<C> table, EphemeralMapping<C> mapping) {
  EphemeralType type{.name = table.name(), .schema = table.schema()};
  type.cluster_attribute = mapping.cluster_attribute;
  type.check = [table, mapping](const Value& config) -> std::vector<Error> {
    if (!mapping.check || !config.is_wholly_known()) return {};
    const auto decoded = table.Decode(config);
    if (!decoded) return {decoded.error()};
    return mapping.check(*decoded);
  };
  type.query = [table, mapping](const Value& config) -> Result<EphemeralQuery> {
    if (!mapping.query) return EphemeralQuery{};
    return mapping.query(TRY(table.Decode(config)));
  };
  type.to_result = [table, mapping](const Value& config,
                                    const EphemeralAnswer& answer) -> Result<Value> {
    C object = TRY(table.Decode(config));
    TRY(mapping.fill(answer, object));
    return table.Encode(object);
  };
  return type;
}

}  // namespace dbaas

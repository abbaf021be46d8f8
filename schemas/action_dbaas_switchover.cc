// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_switchover: the primary's role moves, in order.
#include "schemas/action.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct Switchover {
  std::string cluster_id;
  std::string member;
};

Table<Switchover> Rows() {
  using C = Switchover;
  return Action<C>("dbaas_switchover",
                   "Moves the primary's role of a cluster to a standby, in order: nothing that was "
                   "acknowledged is lost, and writes wait for some seconds. Nothing happens when "
                   "the member that is named leads already.")
      .Add("member", &C::member, Optional,
           "Member that is to lead, such as `orders-2`; the best standby when left out.",
           NotEmpty());
}

}  // namespace

ActionType SwitchoverAction() {
  return ActionOf<Switchover>(Rows(), [](const Switchover& config) {
    return Maintenance{.kind = Maintenance::Kind::kSwitchover, .member = config.member};
  });
}

}  // namespace dbaas

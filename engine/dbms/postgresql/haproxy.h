// SPDX-License-Identifier: MPL-2.0
//
// HAProxy's configuration: one port that leads to the primary, one that leads to streaming
// standbys, or to the primary while there is none, or to any standby while there is no primary
// either. Which is which it asks Patroni, twice a second.
// TLS passes through: clients see the members' own certificates. Called by Expand. Pure.
// Source: https://docs.haproxy.org/3.0/configuration.html and
// https://patroni.readthedocs.io/en/latest/rest_api.html#health-check-endpoints
#pragma once

#include <string>
#include <vector>

#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {

std::string HaproxyConfiguration(const std::vector<Member>& members);

}  // namespace dbaas::postgresql

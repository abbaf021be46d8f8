// SPDX-License-Identifier: MPL-2.0
//
// Patroni's configuration of one member, in two files of one folder, which Patroni merges:
// bootstrap.yml is only read by whoever creates the cluster and is never compared afterwards;
// member.yml is the rest. Parameters are in neither but for the first start: they live in the
// dynamic configuration, so changing one leaves the files alone. Called by Expand. Pure.
// Source: https://patroni.readthedocs.io/en/latest/yaml_configuration.html
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/dbms/postgresql/topology.h"
#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas::postgresql {

std::string BootstrapYaml(const Settings& settings);
/// REQUIRES: the record has the secrets that Secrets() asks for.
Secret<std::string> MemberYaml(const ClusterRecord& record, const Member& member);

}  // namespace dbaas::postgresql

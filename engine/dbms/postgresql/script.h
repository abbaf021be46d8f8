// SPDX-License-Identifier: MPL-2.0
//
// Puts a script of scripts/ together with its arguments, to run inside a member. Everything goes in
// by stdin, so that nothing is to be seen in a list of processes. Called by probe.cc, commands.cc.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/dbms/dbms.h"

namespace dbaas::postgresql {

Command RunScript(std::string_view script, const Json& arguments, const std::string& member);

}  // namespace dbaas::postgresql

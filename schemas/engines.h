// SPDX-License-Identifier: MPL-2.0
//
// Names that users may give as `engine`, and what they get when they say nothing. The versions of
// each are for its Dbms to know; schemas see no Dbms.
#pragma once

#include <string>
#include <vector>

namespace dbaas {

inline constexpr const char* kDefaultEngine = "postgresql";
inline constexpr const char* kDefaultEngineVersion = "17";
inline std::vector<std::string> EngineNames() { return {"postgresql"}; }

}  // namespace dbaas

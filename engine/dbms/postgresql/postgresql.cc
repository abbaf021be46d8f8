// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/postgresql.h"

namespace dbaas::postgresql {

const std::string& PostgreSql::Name() const {
  static const std::string kName = "postgresql";
  return kName;
}

// Those that images/ builds from Debian's own packages.
std::vector<std::string> PostgreSql::Versions() const { return {"17", "15"}; }

}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
//
// Every Dbms there is. Adding one: a folder beside this file and a line below.
#include "engine/dbms/dbms.h"
#include "engine/dbms/postgresql/postgresql.h"

namespace dbaas {

const char* ToString(Impact impact) {
  switch (impact) {
    case Impact::kNone: return "none";
    case Impact::kReload: return "reload";
    case Impact::kRestart: return "restart";
    case Impact::kRebuild: return "rebuild";
  }
  return "unknown";
}

std::string PublisherOf(const Dbms& dbms, const ClusterRecord& record, const std::string& port) {
  for (auto& published : dbms.PublishedPorts(record)) {
    if (published.name == port) return std::move(published.instance);
  }
  return {};
}

const std::vector<const Dbms*>& AllDbms() {
  static const postgresql::PostgreSql kPostgreSql;
  static const std::vector<const Dbms*> kAll = {&kPostgreSql};
  return kAll;
}

const Dbms* FindDbms(const std::string& name) {
  for (const Dbms* dbms : AllDbms()) {
    if (dbms->Name() == name) return dbms;
  }
  return nullptr;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Records for the tests of this folder: small, and with secrets that a test can recognise.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/dbms/dbms.h"
#include "engine/model/record.h"

namespace dbaas {

inline constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

inline const Dbms& PostgreSql() { return *FindDbms("postgresql"); }

inline ClusterSpec SpecOf(const std::string& version = "17", int nodes = 1) {
  return {.name = "pgt",
          .engine = "postgresql",
          .engine_version = version,
          .node_count = nodes,
          .instance_class = "db.medium",
          .resources = {.cpu = 2, .memory_bytes = 4096 * kMebibyte}};
}

/// All instances are reached under these.
inline NamesOf Named(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string&) { return names; };
}

/// Complete: with every secret, as text that says which one it is, and every port from 15000 on.
inline ClusterRecord RecordOf(const ClusterSpec& spec,
                              const std::vector<ReplicaSpec>& replicas = {}) {
  ClusterRecord record{.cluster = spec.name, .uid = "x7kq"};
  record.parts.emplace(std::string(kClusterPart), spec);
  for (const auto& replica : replicas) record.parts.emplace(PartKey(replica), replica);
  for (const auto& request : PostgreSql().Secrets(record, Named({"db.example.com"}))) {
    if (request.kind == SecretRequest::Kind::kPassword) {
      record.secrets.emplace(request.name, Secret("secret-" + request.name));
      continue;
    }
    record.secrets.emplace(request.name + ".crt", Secret("certificate of " + request.name));
    record.secrets.emplace(request.name + ".key", Secret("secret-key-of-" + request.name));
  }
  int port = 15000;
  for (const auto& one : PostgreSql().PublishedPorts(record)) record.ports[one.name] = port++;
  return record;
}

/// "resources.memory: 100 MiB of memory are too little ..." per error, one a line.
inline std::string ToText(const std::vector<Error>& errors) {
  std::string text;
  for (const auto& error : errors) text += error.field + ": " + error.summary + "\n";
  return text;
}

inline std::string ReadTestFile(const std::string& name) {
  std::ifstream file(std::string(DBAAS_SOURCE_DIR) + "/tests/dbms/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace dbaas

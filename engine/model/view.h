// SPDX-License-Identifier: MPL-2.0
//
// ClusterView: what the engine tells the outside about one cluster, for Terraform state, data
// sources and `dbaas show` alike. Plain data, no secrets but by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas {

struct MemberView {
  std::string name;
  std::string part;      ///< "cluster" or "replica/reports".
  std::string instance;  ///< "running", "stopped: exited (137)", "missing".
  MemberFacts facts;     ///< Default-constructed when the view was not probed.
  int port = 0;          ///< Its own published port; 0 when it has none.
  std::string address;   ///< Where that is reached; empty when it has none.
};

struct ClusterView {
  ClusterId id;
  std::map<std::string, PartSpec> parts;
  std::string status;   ///< creating, running, modifying, degraded, deleting.
  std::string address;  ///< Where both ports are reached: "127.0.0.1".
  int port = 0;
  int reader_port = 0;
  std::string version_actual;
  std::string ca_certificate_pem;
  std::vector<MemberView> members;  ///< Desired ones, in order, whether they exist or not.
  /// Why the host does not match the record, one reason a line, empty when it does; by part key.
  /// An apply would change these.
  std::map<std::string, std::vector<std::string>> drift;
  /// What is unwell without being a difference: an instance that is stopped. For people to read.
  std::vector<std::string> troubles;
  std::int64_t generation = 0;
  std::vector<HistoryEntry> history;
  Verifications verifications;
  std::map<std::string, Backup> kept_backups;  ///< As in the record.
  bool probed = false;                         ///< Roles and lag were asked for and answered.

  /// Of one part; empty when there is none.
  std::vector<std::string> DriftOf(const std::string& part) const {
    const auto found = drift.find(part);
    return found == drift.end() ? std::vector<std::string>() : found->second;
  }
};

struct Credentials {
  std::string username;
  Secret<std::string> password;
  Secret<std::string> uri;         ///< Through the write port.
  Secret<std::string> reader_uri;  ///< Through the read port.
};

}  // namespace dbaas

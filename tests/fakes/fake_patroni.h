// SPDX-License-Identifier: MPL-2.0
//
// FakePatroni: what runs inside the instances of a FakeDriver, seen through the scripts of
// engine/dbms/postgresql/scripts/. Instances that run are members; the first candidate leads until
// it is gone or hands over; settings are what was last applied. Times play no part.
//
//   FakeDriver host(clock);
//   FakePatroni patroni(host);       // answers host's Exec from now on
//   ...
//   EXPECT_EQ(patroni.Primary("orders"), "orders-2");
//
// Threading: thread-safe. Must outlive the driver's use.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "tests/fakes/fake_driver.h"

namespace dbaas {

class FakePatroni {
 public:
  explicit FakePatroni(FakeDriver& host);

  std::string Primary(const std::string& cluster);
  /// How often a member's database was restarted in place.
  int Restarts(const std::string& member);

 private:
  /// What etcd remembers of a cluster, by incarnation.
  struct Cluster {
    Json configuration = Json::object();
    bool has_role_and_database = false;
    std::string primary;
    std::map<std::string, Json>
        in_force;  ///< By member: what it started with of what needs a restart.
  };

  Result<ExecResult> Answer(const FakeExec& exec);
  static std::string RoleOf(const ClusterRecord& record, const Cluster& cluster,
                            const std::string& name);
  Json Probe(const std::string& member, const ClusterRecord& record, Cluster& cluster);
  std::vector<std::string> Running(const std::string& cluster);
  void Elect(const ClusterRecord& record, Cluster& cluster);

  FakeDriver& host_;
  std::mutex mutex_;
  std::map<std::string, Cluster> clusters_;  ///< By uid of the record.
  std::map<std::string, int> restarts_;
};

}  // namespace dbaas

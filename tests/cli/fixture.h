// SPDX-License-Identifier: MPL-2.0
//
// The command over a host in memory: what a person would type, and what they would see.
//
//   EXPECT_EQ(Dbaas({"show"}), 0);
//   EXPECT_EQ(out_.str(), "No clusters.\n");
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {

class CommandTest : public ::testing::Test {
 protected:
  CommandTest() {
    std::filesystem::remove_all(state_);
    setenv("XDG_STATE_HOME", state_.c_str(), /*overwrite=*/1);  // Where the journals are.
  }
  ~CommandTest() override { std::filesystem::remove_all(state_); }

  /// Each call is a process of its own: nothing but the host is kept between two.
  int Dbaas(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunCommand(arguments, session_);
  }

  const std::string state_ = testing::TempDir() + "dbaas_cli_state_" +
                             testing::UnitTest::GetInstance()->current_test_info()->name();
  FakeClock clock_;
  SeededRandom random_{1};
  std::shared_ptr<FakeDriver> host_ = std::make_shared<FakeDriver>(clock_);
  std::ostringstream out_;
  std::ostringstream err_;
  Session session_{.out = out_,
                   .err = err_,
                   .clock = clock_,
                   .random = random_,
                   .make_engine = [this](std::vector<HostConfig>) {
                     return std::make_unique<Engine>(std::vector<std::shared_ptr<Driver>>{host_},
                                                     clock_, random_);
                   }};
};

/// With a main.tf.json in a folder of its own.
class FileTest : public CommandTest {
 protected:
  FileTest() { std::filesystem::create_directories(folder_); }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& cluster, const std::string& replicas = "") {
    std::ofstream file(folder_ + "/main.tf.json");
    file << R"({"resource": {"dbaas_cluster": {"main": {"name": "orders")" << cluster << "}}"
         << (replicas.empty() ? "" : R"(, "dbaas_replica": )" + replicas) << "}}";
  }

  int In(const std::string& verb, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {verb, "-f", folder_});
    return Dbaas(more);
  }

  static constexpr const char* kReplica =
      R"({"r": {"cluster_id": "${dbaas_cluster.main.id}", "name": "reports"}})";
  std::string folder_ = testing::TempDir() + "dbaas_cli_" +
                        testing::UnitTest::GetInstance()->current_test_info()->name();
  FakePatroni patroni_{*host_};
};

}  // namespace dbaas

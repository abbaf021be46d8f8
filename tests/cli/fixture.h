// SPDX-License-Identifier: MPL-2.0
//
// The command over a host in memory: what a person would type, and what they would see.
//
//   EXPECT_EQ(Dbaas({"show"}), 0);
//   EXPECT_EQ(out_.str(), "No clusters.\n");
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  /// Each call is a process of its own: nothing but the host is kept between two.
  int Dbaas(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunCommand(arguments, session_);
  }

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

}  // namespace dbaas

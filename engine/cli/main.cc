// SPDX-License-Identifier: MPL-2.0
//
// dbaas: the engine without Terraform.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>

#include "engine/cli/command.h"

int main(int argc, char** argv) {
  using namespace dbaas;
  // Results go to stdout, what happens on the way to stderr.
  spdlog::set_default_logger(spdlog::stderr_color_st("dbaas"));
  spdlog::set_level(spdlog::level::warn);

  SystemClock clock;
  SystemRandom random;
  Session session{.out = std::cout,
                  .err = std::cerr,
                  .clock = clock,
                  .random = random,
                  .make_engine = [&](std::vector<HostConfig> hosts) {
                    return std::make_unique<Engine>(std::move(hosts), clock, random);
                  }};
  return RunCommand({argv + 1, argv + argc}, session);
}

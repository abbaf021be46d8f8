// SPDX-License-Identifier: MPL-2.0
//
// dbaas: the engine without Terraform.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "engine/cli/command.h"
#include "engine/cli/interrupts.h"

namespace {

/// 0 when stderr is no terminal.
int ColumnsOfStderr() {
  if (isatty(STDERR_FILENO) == 0) return 0;
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace dbaas;
  if (const auto code = RunHiddenMode(argc, argv)) return *code;
  Interrupts interrupts;
  // Results go to stdout, what happens on the way to stderr.
  spdlog::set_default_logger(spdlog::stderr_color_st("dbaas"));
  spdlog::set_level(spdlog::level::warn);

  SystemClock clock;
  SystemRandom random;
  const bool can_ask = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  Session session{.out = std::cout,
                  .err = std::cerr,
                  .clock = clock,
                  .random = random,
                  .make_engine =
                      [&](std::vector<HostConfig> hosts) {
                        return std::make_unique<Engine>(std::move(hosts), clock, random);
                      },
                  .in = can_ask ? &std::cin : nullptr,
                  .columns = ColumnsOfStderr(),
                  .catch_interrupts = [&] { interrupts.Catch(); },
                  .stop = interrupts.token()};
  return RunCommand({argv + 1, argv + argc}, session);
}

// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/run_command.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

std::string LastLine(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  const auto newline = text.find_last_of('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

}  // namespace

std::string ComplaintOf(const ExecResult& result) {
  std::string line = LastLine(result.errors.empty() ? result.output : result.errors);
  if (!line.empty()) return line;
  // As a shell counts them. So ends whatever is at work in a container that somebody kills.
  constexpr int kFirstSignal = 128;
  const int code = result.exit_code;
  if (code > kFirstSignal) return fmt::format("killed there by signal {}", code - kFirstSignal);
  return fmt::format("it ended with exit code {} and without a word", code);
}

Result<std::string> RunCommand(Driver& driver, const Command& command) {
  ExecResult result = TRY(driver.Exec(command.instance, command.argv, command.input));
  if (result.exit_code == 0) return std::move(result.output);
  return Unavailable(ComplaintOf(result));
}

}  // namespace dbaas

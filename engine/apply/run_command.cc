// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/run_command.h"

namespace dbaas {
namespace {

std::string LastLine(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  const auto newline = text.find_last_of('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

}  // namespace

std::string ComplaintOf(const ExecResult& result) {
  return LastLine(result.errors.empty() ? result.output : result.errors);
}

Result<std::string> RunCommand(Driver& driver, const Command& command) {
  ExecResult result = TRY(driver.Exec(command.instance, command.argv, command.input));
  if (result.exit_code == 0) return std::move(result.output);
  return Unavailable(ComplaintOf(result));
}

}  // namespace dbaas

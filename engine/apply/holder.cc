// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/holder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/base/process.h"

namespace dbaas {
namespace {

/// From the kernel's word, not the environment's, which anyone may set. Not by getpwuid(), which a
/// static binary must not call.
std::string UserName() {
  const std::string uid = std::to_string(getuid());
  std::ifstream passwd("/etc/passwd");
  for (std::string line; std::getline(passwd, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string password;
    std::string number;
    std::getline(fields, name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, number, ':');
    if (number == uid) return name;
  }
  return "uid " + uid;
}

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string Occasion(const VariableReader& variable, const FirstLineReader& first_line) {
  // As their manuals name them: Terraform's, GitHub's, GitLab's, Jenkins's, Buildkite's,
  // CircleCI's, HCP Terraform's.
  std::string workspace = variable("TF_WORKSPACE");
  if (workspace.empty()) {
    const std::string folder = variable("TF_DATA_DIR");
    workspace = first_line((folder.empty() ? ".terraform" : folder) + "/environment");
  }
  std::string text;
  if (!workspace.empty() && workspace != "default") text = "workspace " + workspace;
  std::string job = variable("GITHUB_RUN_ID");
  if (!job.empty()) job = variable("GITHUB_REPOSITORY") + " run " + job;
  for (const char* name :
       {"CI_JOB_URL", "BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "TFC_RUN_ID"}) {
    if (job.empty()) job = variable(name);
  }
  if (!job.empty()) text += (text.empty() ? "" : ", ") + job;
  return text;
}

Holder ThisProcess(const std::string& who, Random& random) {
  // As long as a process lives it stays the same one.
  static const std::string owner = fmt::format("{}@{}", UserName(), HostName());
  static const std::string machine = MachineIdentity();
  static const std::int64_t start_time = ProcessStartTime(getpid());
  const std::string occasion = Occasion(FromEnvironment, FirstLine);
  return {.name = fmt::format("{} pid {} ({}{})", owner, getpid(), who,
                              occasion.empty() ? "" : ", " + occasion),
          .token = random.Token(16),
          .machine = machine,
          .pid = getpid(),
          .start_time = start_time};
}

}  // namespace dbaas

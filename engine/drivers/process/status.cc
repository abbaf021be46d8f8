// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/status.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/drivers/process/control.h"
#include "engine/drivers/process/files.h"

namespace dbaas::process {
namespace {

constexpr const char* kStates[] = {"running", "restarting", "stopped", "lost"};

}  // namespace

Json ToJson(const RunPlan& plan) {
  Json ports = Json::array();
  for (const auto& port : plan.ports) {
    ports.push_back({{"host_port", port.host_port},
                     {"instance_port", port.instance_port},
                     {"public_address", port.public_address}});
  }
  return {{"argv", plan.argv},
          {"environment", plan.environment},
          {"folder", plan.folder},
          {"host", plan.host},
          {"address", plan.address},
          {"ports", ports},
          {"stop_signal", plan.stop_signal},
          {"stop_timeout_seconds", plan.stop_timeout_seconds}};
}

RunPlan RunPlanFromJson(const Json& json) {
  RunPlan plan{.folder = GetString(json, "folder"),
               .host = GetString(json, "host"),
               .address = GetString(json, "address"),
               .stop_signal = static_cast<int>(GetInt(json, "stop_signal", SIGTERM)),
               .stop_timeout_seconds = static_cast<int>(GetInt(json, "stop_timeout_seconds", 10))};
  for (const auto& argument : GetMember(json, "argv")) {
    if (argument.is_string()) plan.argv.push_back(argument);
  }
  for (const auto& [name, value] : GetMember(json, "environment").items()) {
    if (value.is_string()) plan.environment[name] = value;
  }
  for (const auto& port : GetMember(json, "ports")) {
    plan.ports.push_back({.host_port = static_cast<int>(GetInt(port, "host_port")),
                          .instance_port = static_cast<int>(GetInt(port, "instance_port")),
                          .public_address = GetBool(port, "public_address")});
  }
  return plan;
}

Result<void> WriteStatus(const std::string& folder, const Status& status) {
  const Json json = {{"state", kStates[static_cast<int>(status.state)]},
                     {"detail", status.detail},
                     {"pid", status.pid},
                     {"starts", status.starts},
                     {"ends", status.ends},
                     {"last_end", status.last_end}};
  return WriteText(folder + "/status.json", Dump(json) + "\n");
}

Status ReadStatusFile(const std::string& folder) {
  const auto json = ReadJson(folder + "/status.json");
  if (!json) return {};
  Status status{.detail = GetString(*json, "detail"),
                .pid = static_cast<int>(GetInt(*json, "pid")),
                .starts = GetInt(*json, "starts"),
                .ends = GetInt(*json, "ends"),
                .last_end = GetString(*json, "last_end")};
  const std::string state = GetString(*json, "state");
  if (state == kStates[0]) status.state = RunState::kRunning;
  if (state == kStates[1]) status.state = RunState::kRestarting;
  return status;
}

Status ReadStatus(const std::string& folder) {
  const bool is_supervised = IsLocked(folder + "/lock");
  Status status = ReadStatusFile(folder);
  if (is_supervised || status.state == RunState::kStopped) return status;
  // It may have ended in order between our two looks.
  if (const Status again = ReadStatusFile(folder); again.state == RunState::kStopped) return again;
  // The machine was restarted, or somebody killed both of its supervisor's processes.
  status.state = RunState::kLost;
  status.detail = status.last_end = "its supervisor is gone";
  status.pid = 0;
  status.ends = status.starts;
  return status;
}

int SignalNumber(const std::string& name) {
  if (name.empty()) return SIGTERM;
  for (int number = 1; number < NSIG; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation != nullptr && name == std::string("SIG") + abbreviation) return number;
  }
  return 0;
}

Result<Answer> AskSupervisor(const std::string& folder, const std::string& request,
                             Milliseconds patience) {
  const Descriptor connection = TRY(ConnectToControl(folder));
  if (!connection) return Answer::kNobody;
  const std::string line = request + "\n";
  if (send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return Answer::kNobody;
  }
  pollfd waiting{.fd = connection.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) {
    return Unavailable(fmt::format("the supervisor of {} does not answer", folder),
                       fmt::format("It was asked to {}.", request));
  }
  char answer[16];
  return recv(connection.get(), answer, sizeof(answer), 0) > 0 ? Answer::kDone : Answer::kNobody;
}

}  // namespace dbaas::process

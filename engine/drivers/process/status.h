// SPDX-License-Identifier: MPL-2.0
//
// What is in the folder of an instance, and how its supervisor is spoken to. Written by the
// supervisor and the driver, read by both.
//
//   object.json   what the driver made it of (notes.h)
//   run.json      what the supervisor runs
//   status.json   how that goes
//   lock          held while a supervisor lives
//   control       the socket of the supervisor: one request a connection, one line each way
//   log, log.1    what the instance said
//   files         fingerprint of the files in it
//   root/         its own paths
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/state.h"

namespace dbaas::process {

/// A port of the host that leads to one of the instance.
struct PublishedPort {
  int host_port = 0;
  int instance_port = 0;
  bool public_address = false;
};

/// run.json. Nothing in it is secret.
struct RunPlan {
  std::vector<std::string> argv;  ///< The first is an absolute path.
  std::map<std::string, std::string> environment;
  std::string folder;   ///< Where it starts: its root.
  std::string host;     ///< What the host is called, for messages.
  std::string address;  ///< Its own: published ports lead there.
  std::vector<PublishedPort> ports;
  int stop_signal = 15;
  int stop_timeout_seconds = 10;
};
Json ToJson(const RunPlan& plan);
RunPlan RunPlanFromJson(const Json& json);

/// status.json.
struct Status {
  RunState state = RunState::kStopped;
  std::string detail = "created";  ///< "running", "exited (137)"
  int pid = 0;                     ///< Of the first process, while it runs.
  std::int64_t starts = 0;         ///< How often it was started, ever.
  std::int64_t ends = 0;
  std::string last_end;  ///< "exited (137)"
};
Result<void> WriteStatus(const std::string& folder, const Status& status);
/// As it is now: with no supervisor alive nothing runs, whatever the file says.
Status ReadStatus(const std::string& folder);
/// The file itself.
Status ReadStatusFile(const std::string& folder);

/// "SIGUSR2" → 12; 0 for what is no signal.
int SignalNumber(const std::string& name);

enum class Answer {
  kDone,
  kNobody,  ///< There is no supervisor, or it ended meanwhile.
};
/// Asks the supervisor for "stop", "kill", "restart" or "signal 12" and waits until it is done.
/// kUnavailable when there is no answer in time.
Result<Answer> AskSupervisor(const std::string& folder, const std::string& request,
                             Milliseconds patience);

}  // namespace dbaas::process

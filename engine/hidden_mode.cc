// SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>
#include <string_view>
#include <thread>

#include "engine/drivers/process/supervisor.h"
#include "engine/engine.h"

namespace dbaas {
namespace {

/// The placed watcher of a process host, until SIGTERM. `dbaas watch --declared` in any program.
int WatchDirectory(const std::string& directory) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // Of the threads to come, too.
  signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  std::thread([ends, stop]() mutable {
    int received = 0;
    sigwait(&ends, &received);
    stop.request_stop();
  }).detach();
  spdlog::set_level(spdlog::level::warn);
  SystemClock clock;
  SystemRandom random;
  Engine engine({HostConfig{.kind = HostConfig::Kind::kProcess, .directory = directory}}, clock,
                random);
  WatchOptions options{.host = {}, .clusters = {}, .declared_only = true, .webhook = {}};
  // Whoever reads along must not wait for a full buffer.
  options.report = [](const WatchReport& report) { std::cout << ToLine(report) << std::endl; };
  const auto watched = engine.Watch(options, stop.get_token());
  if (!watched) std::cerr << watched.error().ToLine() << std::endl;
  return watched ? 0 : 1;
}

}  // namespace

std::optional<int> RunHiddenMode(int argc, char** argv) {
  if (argc != 3) return std::nullopt;
  const std::string_view verb = argv[1];
  if (verb == process::kSuperviseVerb) return process::Supervise(argv[2]);
  if (verb == process::kWatchVerb) return WatchDirectory(argv[2]);
  return std::nullopt;
}

}  // namespace dbaas

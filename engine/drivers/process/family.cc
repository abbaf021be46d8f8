// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/family.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "engine/drivers/process/files.h"

namespace dbaas::process {
namespace {

using std::chrono_literals::operator""ms;

struct Relative {
  pid_t parent = 0;
  bool is_dead = false;  ///< Nobody has collected it yet.
};

/// All processes of the machine that we can see, by pid.
std::map<pid_t, Relative> ReadProcesses() {
  std::map<pid_t, Relative> processes;
  for (const auto& name : NamesIn("/proc")) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    const auto text = ReadText("/proc/" + name + "/stat");
    if (!text) continue;
    // "4242 (any (thing)) S 17 ...": state and parent come after the last parenthesis.
    const auto after = text->rfind(')');
    if (after == std::string::npos || after + 4 >= text->size()) continue;
    Relative relative{.is_dead = (*text)[after + 2] == 'Z' || (*text)[after + 2] == 'X'};
    std::from_chars(text->data() + after + 4, text->data() + text->size(), relative.parent);
    processes.emplace(pid, relative);
  }
  return processes;
}

/// From a process's environment as it was started; empty when it has none of that name.
std::string VariableOf(pid_t pid, const std::string& name) {
  const auto text = ReadText("/proc/" + std::to_string(pid) + "/environ");
  if (!text) return {};
  const std::string environment = '\0' + *text;
  const std::string begin = '\0' + name + "=";
  const auto at = environment.find(begin);
  return at == std::string::npos ? std::string() : environment.c_str() + at + begin.size();
}

/// Whether `ancestor`, a supervisor of `folder`, is above `pid`, with no other one in between.
bool IsOfFamily(pid_t pid, pid_t ancestor, const std::string& folder,
                const std::map<pid_t, Relative>& processes) {
  std::vector<pid_t> line;
  for (; pid != ancestor && line.size() < 64; pid = processes.at(pid).parent) {
    if (!processes.contains(pid)) return false;
    line.push_back(pid);
  }
  return pid == ancestor && std::all_of(line.begin(), line.end(), [&](pid_t between) {
           const std::string supervised = VariableOf(between, kSupervisorMark);
           return supervised.empty() || supervised == folder;
         });
}

void EndAll(const std::string& folder, bool with_descendants) {
  while (true) {
    while (with_descendants && waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    const auto processes = ReadProcesses();
    bool any = false;
    for (const auto& [pid, relative] : processes) {
      if (pid == getpid() || relative.is_dead) continue;
      const bool is_ours = with_descendants && IsOfFamily(pid, getpid(), folder, processes);
      if (!is_ours && VariableOf(pid, kMark) != folder) continue;
      any = true;
      kill(pid, SIGKILL);
    }
    if (!any) return;
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

void CollectOrphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

void EndFamily(const std::string& folder) { EndAll(folder, true); }
void EndMarked(const std::string& folder) { EndAll(folder, false); }

bool AnyMarked(const std::string& folder) {
  const auto processes = ReadProcesses();
  return std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
    return !process.second.is_dead && VariableOf(process.first, kMark) == folder;
  });
}

}  // namespace dbaas::process

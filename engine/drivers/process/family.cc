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

bool HasMark(pid_t pid, const std::string& mark) {
  const auto environment = ReadText("/proc/" + std::to_string(pid) + "/environ");
  if (!environment) return false;
  const std::string wanted = mark + '\0';
  return environment->starts_with(wanted) || environment->find('\0' + wanted) != std::string::npos;
}

/// Whether `ancestor` is above `pid`.
bool DescendsFrom(pid_t pid, pid_t ancestor, const std::map<pid_t, Relative>& processes) {
  for (int height = 0; height < 64; ++height) {
    const auto found = processes.find(pid);
    if (found == processes.end()) return false;
    pid = found->second.parent;
    if (pid == ancestor) return true;
  }
  return false;
}

void EndAll(const std::string& folder, bool with_descendants) {
  const std::string mark = std::string(kMark) + "=" + folder;
  while (true) {
    while (with_descendants && waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    const auto processes = ReadProcesses();
    bool any = false;
    for (const auto& [pid, relative] : processes) {
      if (pid == getpid() || relative.is_dead) continue;
      const bool is_ours = with_descendants && DescendsFrom(pid, getpid(), processes);
      if (!is_ours && !HasMark(pid, mark)) continue;
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
  const std::string mark = std::string(kMark) + "=" + folder;
  const auto processes = ReadProcesses();
  return std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
    return !process.second.is_dead && HasMark(process.first, mark);
  });
}

}  // namespace dbaas::process

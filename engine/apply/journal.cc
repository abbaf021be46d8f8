// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/journal.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace dbaas {

std::string Journal::DefaultFolder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/dbaas/journal";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.local/state/dbaas/journal";
  }
  return {};
}

Journal::Journal(const std::string& folder, const std::string& host, const std::string& cluster,
                 Clock& clock)
    : clock_(clock) {
  if (folder.empty()) return;
  std::error_code ignored;  // open() fails next and says why.
  std::filesystem::create_directories(folder, ignored);
  const std::string path = folder + "/" + host + "-" + cluster + ".jsonl";
  file_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) spdlog::warn("no journal: cannot open {}: {}", path, std::strerror(errno));
}

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

void Journal::Apply(std::int64_t generation, const std::string& who, const std::string& what) {
  generation_ = generation;
  Write({{"event", "apply"}, {"who", who}, {"what", what}}, /*sync=*/true);
}

void Journal::Began(const std::string& action) {
  Write({{"event", "began"}, {"action", action}}, /*sync=*/true);
}

void Journal::Ended(const std::string& action, const std::string& outcome, const std::string& error,
                    Milliseconds elapsed) {
  Json line = {
      {"event", "ended"}, {"action", action}, {"outcome", outcome}, {"ms", elapsed.count()}};
  if (!error.empty()) line["error"] = error;
  Write(std::move(line), /*sync=*/false);
}

void Journal::Write(Json line, bool sync) {
  const std::lock_guard lock(mutex_);
  if (file_ < 0) return;
  line["at"] = ToText(clock_.Now());
  line["generation"] = generation_;
  const std::string text = Dump(line) + "\n";
  const bool written = write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && (!sync || fdatasync(file_) == 0)) return;
  spdlog::warn("the journal cannot be written any more: {}", std::strerror(errno));
  close(file_);
  file_ = -1;
}

}  // namespace dbaas

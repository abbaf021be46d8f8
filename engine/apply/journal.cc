// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/journal.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace dbaas {

std::string Journal::PathOf(const std::string& folder, const std::string& host,
                            const std::string& cluster) {
  return folder + "/" + host + "/" + cluster + ".jsonl";
}

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
  const std::string path = PathOf(folder, host, cluster);
  std::error_code ignored;  // open() fails next and says why.
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  file_ = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) spdlog::warn("no journal: cannot open {}: {}", path, std::strerror(errno));
}

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

void Journal::Apply(std::int64_t generation, const std::string& who, const std::string& what) {
  generation_ = generation;
  began_ = clock_.Now();
  if (file_ >= 0) {
    // Shared, so that it is never refused: one whose lease was taken over may still hold his.
    struct flock at_work = {};
    at_work.l_type = F_RDLCK;
    at_work.l_whence = SEEK_SET;
    fcntl(file_, F_OFD_SETLK, &at_work);
    EndTornLine();
  }
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

void Journal::Done(const std::string& outcome, const std::string& error) {
  if (!began_) return;
  Json line = {{"event", "done"}, {"outcome", outcome}, {"ms", (clock_.Now() - *began_).count()}};
  if (!error.empty()) line["error"] = error;
  Write(std::move(line), /*sync=*/false);
}

/// What a crash left must not take our first line with it.
void Journal::EndTornLine() {
  struct stat status = {};
  char last = '\n';
  if (fstat(file_, &status) != 0 || status.st_size == 0) return;
  if (pread(file_, &last, 1, status.st_size - 1) != 1 || last == '\n') return;
  if (write(file_, "\n", 1) != 1) spdlog::debug("the journal: {}", std::strerror(errno));
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

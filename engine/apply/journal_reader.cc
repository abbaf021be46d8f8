// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/journal_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>

#include "engine/apply/journal.h"
#include "engine/base/json.h"

namespace dbaas {
namespace {

/// Puts the lines of a journal together.
class Reading {
 public:
  explicit Reading(bool goes_further_back) : goes_further_back_(goes_further_back) {}

  void Take(std::string_view line) {
    if (line.empty()) return;
    if (!Understand(line)) ++strange_lines_;
  }

  JournalExcerpt Finish(bool at_work) {
    JournalExcerpt excerpt{.applies = {}, .strange_lines = strange_lines_};
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const bool goes_on = at_work && i + 1 == runs_.size() && runs_[i].apply.end.outcome.empty();
      const char* no_end = goes_on ? "running" : "cut";
      const auto close = [&](JournaledEnd& end) {
        if (end.outcome.empty()) end.outcome = no_end;
      };
      close(runs_[i].apply.end);
      for (auto& action : runs_[i].apply.actions) close(action.end);
      excerpt.applies.push_back(std::move(runs_[i].apply));
    }
    return excerpt;
  }

 private:
  struct Run {
    JournaledApply apply;
    std::multimap<std::string, std::size_t> open;  ///< By title, the actions that have no end yet.
  };

  bool Understand(std::string_view text) {
    if (text.size() > kJournalLine) return false;
    const auto line = ParseJson(text, "a line of the journal");
    if (!line) return false;
    const std::string event = GetString(*line, "event");
    if (event == "apply") return TakeApply(*line);
    if (event != "began" && event != "ended" && event != "done") return false;
    Run* run = Find(GetInt(*line, "generation", -1));
    if (run == nullptr) return goes_further_back_;
    if (event == "began") return TakeBegan(*line, *run);
    if (event == "ended") return TakeEnded(*line, *run);
    return TakeEnd(*line, run->apply.end);
  }

  bool TakeApply(const Json& line) {
    runs_.push_back({.apply = {.generation = GetInt(line, "generation"),
                               .at = GetString(line, "at"),
                               .who = GetString(line, "who"),
                               .what = GetString(line, "what"),
                               .end = {},
                               .actions = {}},
                     .open = {}});
    if (runs_.size() > kJournaledApplies) {
      runs_.pop_front();
      goes_further_back_ = true;
    }
    return true;
  }

  static bool TakeBegan(const Json& line, Run& run) {
    std::string action = GetString(line, "action");
    if (action.empty()) return false;
    run.open.emplace(action, run.apply.actions.size());
    run.apply.actions.push_back(
        {.at = GetString(line, "at"), .action = std::move(action), .end = {}});
    return true;
  }

  static bool TakeEnded(const Json& line, Run& run) {
    // Of several with that title the last: those before it were cut and begun again.
    const auto after = run.open.upper_bound(GetString(line, "action"));
    if (after == run.open.begin()) return false;
    const auto begun = std::prev(after);
    if (begun->first != GetString(line, "action")) return false;
    if (!TakeEnd(line, run.apply.actions[begun->second].end)) return false;
    run.open.erase(begun);
    return true;
  }

  static bool TakeEnd(const Json& line, JournaledEnd& end) {
    std::string outcome = GetString(line, "outcome");
    if (outcome != "ok" && outcome != "failed" && outcome != "cancelled") return false;
    end = {.outcome = std::move(outcome),
           .error = GetString(line, "error"),
           .took = std::max<std::int64_t>(0, GetInt(line, "ms"))};
    return true;
  }

  /// Two applies are told apart by their generation, should their lines be mixed: one that lost its
  /// lease may still write its last. A cluster that was made anew counts from 1 again.
  Run* Find(std::int64_t generation) {
    const auto found = std::find_if(runs_.rbegin(), runs_.rend(), [&](const Run& run) {
      return run.apply.generation == generation;
    });
    return found == runs_.rend() ? nullptr : &*found;
  }

  bool goes_further_back_;  ///< There may be lines of applies that are not kept.
  std::deque<Run> runs_;
  std::size_t strange_lines_ = 0;
};

/// "db1, db2": the hosts of whose cluster of that name there is a journal.
std::string HostsWith(const std::string& folder, const std::string& cluster) {
  std::vector<std::string> hosts;
  std::error_code error;
  for (std::filesystem::directory_iterator host(folder, error), end; !error && host != end;
       host.increment(error)) {
    std::error_code ignored;
    const std::string name = host->path().filename().string();
    if (std::filesystem::exists(Journal::PathOf(folder, name, cluster), ignored)) {
      hosts.push_back(name);
    }
  }
  std::sort(hosts.begin(), hosts.end());
  return fmt::format("{}", fmt::join(hosts, ", "));
}

/// Whether an apply has the journal in hand (Journal::Apply). Asks, and locks nothing itself.
bool IsAtWork(int file) {
  struct flock question = {};
  question.l_type = F_WRLCK;
  question.l_whence = SEEK_SET;
  return fcntl(file, F_OFD_GETLK, &question) == 0 && question.l_type != F_UNLCK;
}

/// The last kJournalTail bytes, or less when somebody makes the file shorter meanwhile.
Result<std::string> ReadTail(int file, off_t size) {
  const off_t begin = std::max<off_t>(0, size - static_cast<off_t>(kJournalTail));
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        pread(file, text.data() + have, text.size() - have, begin + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Denied(fmt::format("the journal cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

Result<JournalExcerpt> ReadOpened(int file, const std::string& path) {
  struct stat status = {};
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return Denied(path + " is not a file");
  }
  // Asked first: what ends in between is then read with its end.
  const bool at_work = IsAtWork(file);
  if (fstat(file, &status) != 0) status.st_size = 0;
  const std::string text = TRY(ReadTail(file, status.st_size));
  return ReadJournal({.text = text,
                      .cut_off = status.st_size > static_cast<off_t>(kJournalTail),
                      .at_work = at_work});
}

}  // namespace

JournalExcerpt ReadJournal(const JournalText& journal) {
  Reading reading(journal.cut_off);
  std::string_view rest = journal.text;
  if (journal.cut_off) rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    reading.Take(rest.substr(0, length));
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return reading.Finish(journal.at_work);
}

Result<JournalExcerpt> ReadJournal(const std::string& folder, const std::string& host,
                                   const std::string& cluster) {
  const std::string path = Journal::PathOf(folder, host, cluster);
  // Not blocking: whatever was put there in its place must not hold us up.
  const int file = folder.empty() ? -1 : open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file >= 0) {
    auto excerpt = ReadOpened(file, path);
    close(file);
    return excerpt;
  }
  if (!folder.empty() && errno != ENOENT) {
    return Denied(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  }
  const std::string others = folder.empty() ? "" : HostsWith(folder, cluster);
  return NotFound(fmt::format("there is no journal of {}/{} on this machine", host, cluster),
                  others.empty() ? "" : "There is one of " + cluster + " on: " + others + ".");
}

}  // namespace dbaas

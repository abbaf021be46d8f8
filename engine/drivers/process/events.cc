// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/events.h"

#include <sys/stat.h>

#include "engine/drivers/process/family.h"
#include "engine/drivers/process/status.h"

namespace dbaas::process {
namespace {

using Kind = InstanceEvent::Kind;

/// A folder that was made anew has another number.
std::uint64_t IncarnationOf(const std::string& folder) {
  struct stat status {};
  return stat((folder + "/object.json").c_str(), &status) == 0
             ? status.st_ino ^ static_cast<std::uint64_t>(status.st_ctim.tv_nsec) << 20
             : 0;
}

InstanceEvent Event(InstanceEvent about, Kind kind, const std::string& detail = {}) {
  about.kind = kind;
  about.detail = detail;
  return about;
}

}  // namespace

EventReader::EventReader(const Store& store) : store_(store), seen_(Look()) {}

std::map<std::string, EventReader::Seen> EventReader::Look() const {
  std::map<std::string, Seen> seen;
  for (const Note& note : store_.List(ObjectKind::kInstance)) {
    const std::string folder = store_.FolderOf(note.id);
    Status status = ReadStatus(folder);
    // Without a supervisor its first process is dead, others perhaps not: that is no end yet.
    if (status.state == RunState::kLost && AnyMarked(folder)) status = ReadStatusFile(folder);
    seen[note.id.name] = {.about = {.instance = note.id.name,
                                    .cluster = note.cluster,
                                    .part = note.part,
                                    .member = note.member},
                          .incarnation = IncarnationOf(folder),
                          .starts = status.starts,
                          .ends = status.ends,
                          .last_end = status.last_end};
  }
  return seen;
}

void EventReader::Read(const std::function<void(const InstanceEvent&)>& on_event) {
  auto now = Look();
  for (const auto& [name, before] : seen_) {
    const auto found = now.find(name);
    if (found != now.end() && found->second.incarnation == before.incarnation) continue;
    // What is removed was stopped first, perhaps a moment ago.
    if (before.starts > before.ends) on_event(Event(before.about, Kind::kEnded, "removed"));
    on_event(Event(before.about, Kind::kRemoved));
  }
  for (const auto& [name, after] : now) {
    const auto found = seen_.find(name);
    const bool is_known = found != seen_.end() && found->second.incarnation == after.incarnation;
    const std::int64_t starts = is_known ? found->second.starts : 0;
    const std::int64_t ends = is_known ? found->second.ends : 0;
    const bool runs = after.starts > after.ends;
    // In the order in which they ended up: whoever runs was started last.
    if (after.starts > starts && !runs) on_event(Event(after.about, Kind::kStarted));
    if (after.ends > ends) on_event(Event(after.about, Kind::kEnded, after.last_end));
    if (after.starts > starts && runs) on_event(Event(after.about, Kind::kStarted));
  }
  seen_ = std::move(now);
}

}  // namespace dbaas::process

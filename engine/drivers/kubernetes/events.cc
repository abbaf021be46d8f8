// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/events.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/drivers/kubernetes/manifests.h"
#include "engine/drivers/kubernetes/observed.h"

namespace dbaas::kubernetes {
namespace {

/// Two collections are followed, each on a thread of its own; the events of both are told on one.
class Mailbox {
 public:
  void Put(InstanceEvent event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    arrived_.notify_all();
  }
  void End(Error error) {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = std::move(error);
    arrived_.notify_all();
  }
  /// The next event; nothing when there will be no more.
  std::optional<InstanceEvent> Take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, stop, [this] { return !events_.empty() || end_.has_value(); });
    if (events_.empty() || stop.stop_requested()) return std::nullopt;
    InstanceEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  std::optional<Error> end() {
    const std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<InstanceEvent> events_;
  std::optional<Error> end_;
};

using OnThing = std::function<void(const Json& thing, bool gone)>;
/// Gets a whole listing: what it lacks is gone.
using OnList = std::function<void(const Json& list)>;

std::string VersionOf(const Json& list) {
  return GetString(GetMember(list, "metadata"), "resourceVersion");
}

/// Until a stop, or until the server stays away. `list` is where to begin.
Error Follow(Place& place, const Resource& resource, Json list, const OnList& on_list,
             const OnThing& on_thing, const std::stop_token& stop) {
  const auto on_event = [&on_thing](const Json& event) {
    on_thing(GetMember(event, "object"), GetString(event, "type") == "DELETED");
  };
  while (true) {
    Error ended = place.client().Watch(place.Collection(resource), Selector(std::nullopt),
                                       VersionOf(list), on_event, stop);
    // What happened since is no longer known one by one: look at all of it.
    if (ended.kind != ErrorKind::kConflict) return ended;
    Result<Json> anew = place.List(resource, Selector(std::nullopt));
    if (!anew.has_value()) return std::move(anew).error();
    list = *std::move(anew);
    on_list(list);
  }
}

class InstanceSets {
 public:
  explicit InstanceSets(const Json& list) { Read(list, known_); }

  void TakeList(const Json& list, Mailbox& mailbox) {
    std::map<std::string, Json> now;
    Read(list, now);
    for (const auto& [uid, set] : known_) {
      if (!now.contains(uid)) Tell(set, mailbox);
    }
    known_ = std::move(now);
  }

  void Take(const Json& set, bool gone, Mailbox& mailbox) {
    const std::string uid = GetString(GetMember(set, "metadata"), "uid");
    if (!gone) {
      known_[uid] = {{"metadata", GetMember(set, "metadata")}};
      return;
    }
    known_.erase(uid);
    Tell(set, mailbox);
  }

 private:
  static void Read(const Json& list, std::map<std::string, Json>& sets) {
    for (const Json& set : GetMember(list, "items")) {
      const Json& metadata = GetMember(set, "metadata");
      sets[GetString(metadata, "uid")] = {{"metadata", metadata}};
    }
  }
  static void Tell(const Json& set, Mailbox& mailbox) {
    if (auto event = EventOf(set, InstanceEvent::Kind::kRemoved)) mailbox.Put(std::move(*event));
  }

  std::map<std::string, Json> known_;  ///< By uid, what tells whose they are.
};

}  // namespace

Result<void> WatchInstances(Place& place, const std::function<void(const InstanceEvent&)>& on_event,
                            std::stop_token stop) {
  const std::string doing = "following the events of host " + place.host();
  const Json pods = TRY_IN(place.List(kPods, Selector(std::nullopt)), doing);
  const Json sets = TRY_IN(place.List(kStatefulSets, Selector(std::nullopt)), doing);
  Mailbox mailbox;
  PodStory story;
  for (const Json& pod : GetMember(pods, "items")) (void)story.Take(pod, false);
  InstanceSets instances(sets);
  on_event({.kind = InstanceEvent::Kind::kAttached});

  const auto take_pod = [&](const Json& pod, bool gone) {
    for (InstanceEvent& event : story.Take(pod, gone)) mailbox.Put(std::move(event));
  };
  const auto take_pods = [&](const Json& list) {
    for (const Json& pod : GetMember(list, "items")) take_pod(pod, false);
  };
  const auto take_set = [&](const Json& set, bool gone) { instances.Take(set, gone, mailbox); };
  const auto take_sets = [&](const Json& list) { instances.TakeList(list, mailbox); };
  std::stop_source ours;
  const std::stop_callback pass_on(stop, [&ours] { ours.request_stop(); });
  const std::jthread of_pods(
      [&] { mailbox.End(Follow(place, kPods, pods, take_pods, take_pod, ours.get_token())); });
  const std::jthread of_sets([&] {
    mailbox.End(Follow(place, kStatefulSets, sets, take_sets, take_set, ours.get_token()));
  });
  while (const auto event = mailbox.Take(stop)) on_event(*event);
  ours.request_stop();
  if (stop.stop_requested()) return Ok();
  return mailbox.end().value_or(Unavailable("the watch has ended")).In(doing);
}

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/leases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/base/process.h"
#include "engine/drivers/docker/place.h"
#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

constexpr const char* kLabelLease = "dbaas/lease";
constexpr const char* kLabelHolder = "dbaas/lease-holder";
constexpr const char* kLabelTtl = "dbaas/lease-ttl-ms";
/// Two files written in turn: while one is being replaced, the other still tells.
constexpr const char* kHeartbeats = "/lease";
constexpr Milliseconds kGrace = std::chrono::seconds(3);

Json ToJson(const Holder& holder) {
  return {{"name", holder.name},
          {"token", holder.token},
          {"machine", holder.machine},
          {"pid", holder.pid},
          {"start_time", holder.start_time}};
}

Holder HolderFromLabel(const std::string& text) {
  const Json json =
      ParseJson(text, "the lease").has_value() ? *ParseJson(text, "the lease") : Json();
  return {.name = GetString(json, "name", "someone unknown"),
          .token = GetString(json, "token"),
          .machine = GetString(json, "machine"),
          .pid = static_cast<int>(GetInt(json, "pid")),
          .start_time = GetInt(json, "start_time")};
}

/// A lease that somebody holds or held.
struct HeldLease {
  std::string container_id;
  bool ours = false;    ///< It is a lease at all, and not someone's container of that name.
  bool ending = false;  ///< Its container is just being removed.
  Holder holder;
  Milliseconds ttl{0};
  TimePoint created{};
};

HeldLease ReadLease(const Json& container) {
  const Json& labels = GetMember(GetMember(container, "Config"), "Labels");
  const std::string state = GetString(GetMember(container, "State"), "Status");
  return {.container_id = GetString(container, "Id"),
          .ours = ReadOwner(labels).managed && !GetString(labels, kLabelLease).empty(),
          .ending = state == "removing" || state == "dead",
          .holder = HolderFromLabel(GetString(labels, kLabelHolder)),
          .ttl = Milliseconds(std::atoll(GetString(labels, kLabelTtl).c_str())),
          .created = ReadEngineTime(GetString(container, "Created")).value_or(TimePoint())};
}

/// Nothing when nobody holds it.
Result<std::optional<HeldLease>> FindLease(DockerClient& client, const std::string& container) {
  const Result<Json> json = client.Get(fmt::format("/containers/{}/json", UrlEscape(container)));
  if (json.has_value()) return std::optional(ReadLease(*json));
  if (json.error().kind == ErrorKind::kNotFound) return std::optional<HeldLease>();
  return json.error();
}

/// Whether it ran out, by the engine's clock.
Result<bool> HasRunOut(DockerClient& client, const HeldLease& lease) {
  TimePoint last_sign = lease.created;
  const Result<std::vector<TarEntry>> files = client.GetArchive(lease.container_id, kHeartbeats);
  if (files.has_value()) {
    for (const TarEntry& file : *files) {
      if (file.is_folder) continue;
      last_sign = std::max(last_sign, TimePoint(std::chrono::seconds(file.mtime)));
    }
  } else if (files.error().kind == ErrorKind::kInternal ||
             files.error().kind == ErrorKind::kConflict) {
    return false;  // So the engine says of a container that is just being removed: released.
  } else if (files.error().kind != ErrorKind::kNotFound) {
    return files.error();
  }
  return client.EngineNow() > last_sign + lease.ttl + kGrace;
}

bool IsDead(const Holder& holder, const Holder& asker) {
  if (holder.machine.empty() || holder.machine != asker.machine) return false;
  return ProcessStartTime(holder.pid) != holder.start_time;
}

class DockerLease final : public Lease {
 public:
  DockerLease(std::shared_ptr<DockerClient> client, std::string name, std::string container_id)
      : client_(std::move(client)), name_(std::move(name)), id_(std::move(container_id)) {}

  ~DockerLease() override {
    // Best effort: a lease that cannot be released runs out.
    (void)client_->Delete(fmt::format("/containers/{}?force=1", id_), kCallTimeout).has_value();
  }

  Result<void> Renew() override {
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(client_->EngineNow().time_since_epoch())
            .count();
    TarWriter tar;
    tar.AddFolder({.path = "lease", .mode = 0755, .mtime = now});
    tar.AddFile({.path = fmt::format("lease/{}", beat_ % 2), .mtime = now});
    Result<void> written = client_->PutArchive(id_, "/", TRY(std::move(tar).Finish()));
    if (!written.has_value()) {
      const std::optional<HeldLease> held = TRY(FindLease(*client_, id_));
      if (held && !held->ending) return written;
      return Conflict(
          fmt::format("the lease on {} was lost", name_),
          "Someone else took it over because it had run out, or removed its container.");
    }
    ++beat_;
    return Ok();
  }

 private:
  const std::shared_ptr<DockerClient> client_;
  const std::string name_;
  const std::string id_;
  int beat_ = 0;
};

}  // namespace

Result<std::unique_ptr<Lease>> AcquireLease(const std::shared_ptr<DockerClient>& client,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl) {
  using Answer = std::unique_ptr<Lease>;
  const std::string container = "dbaas-lease-" + name;
  const Json labels = {{kLabelManagedBy, kManagedBy},
                       {kLabelCluster, name},
                       {kLabelLease, name},
                       {kLabelHolder, Dump(ToJson(holder))},
                       {kLabelTtl, std::to_string(ttl.count())}};
  // The second round is for a lease that was released, or taken over by us, in the first.
  for (int round = 0; round < 2; ++round) {
    const Result<Json> created = CreatePlace(*client, container, labels, Json::object());
    if (created.has_value()) {
      return Answer(std::make_unique<DockerLease>(client, name, GetString(*created, "Id")));
    }
    if (created.error().kind != ErrorKind::kConflict) return created.error();
    const std::optional<HeldLease> held = TRY(FindLease(*client, container));
    if (!held) continue;
    if (!held->ours) {
      return Conflict(fmt::format("container {} on host {} is not managed by dbaas", container,
                                  client->host_name()),
                      fmt::format("a container called {} that is not ours", container));
    }
    if (held->holder.token == holder.token) {  // Our own; the answer to its creation was lost.
      return Answer(std::make_unique<DockerLease>(client, name, held->container_id));
    }
    if (!IsDead(held->holder, holder) && !TRY(HasRunOut(*client, *held))) {
      return Conflict(fmt::format("{} is being changed by someone else", name), held->holder.name);
    }
    const Result<bool> removed =
        client->Delete(fmt::format("/containers/{}?force=1", held->container_id));
    // Conflict: someone else is removing it.
    if (!removed.has_value() && removed.error().kind != ErrorKind::kConflict) {
      return removed.error();
    }
  }
  // Others were quicker, twice. Whoever it is, the next try can name them.
  const std::optional<HeldLease> held = TRY(FindLease(*client, container));
  return Conflict(fmt::format("{} is being changed by someone else", name),
                  held ? held->holder.name : "someone unknown");
}

void RemoveExpiredLeases(DockerClient& client) {
  const Json labels =
      Json::array({fmt::format("{}={}", kLabelManagedBy, kManagedBy), std::string(kLabelLease)});
  const Result<Json> list =
      client.Get("/containers/json?all=1&filters=" + UrlEscape(Dump({{"label", labels}})));
  if (!list.has_value()) return;
  for (const Json& container : *list) {
    const Result<std::optional<HeldLease>> held = FindLease(client, GetString(container, "Id"));
    if (!held.has_value() || !held->has_value() || !(*held)->ours) continue;
    const Result<bool> run_out = HasRunOut(client, **held);
    if (!run_out.has_value() || !*run_out) continue;
    (void)client.Delete(fmt::format("/containers/{}?force=1", (*held)->container_id)).has_value();
  }
}

}  // namespace dbaas::docker

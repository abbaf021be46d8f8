// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/leases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/base/process.h"
#include "engine/drivers/kubernetes/manifests.h"

namespace dbaas::kubernetes {
namespace {

constexpr std::string_view kAnnotationHolder = "dbaas/lease-holder";
constexpr std::string_view kAnnotationTtl = "dbaas/lease-ttl-ms";
constexpr Milliseconds kGrace = std::chrono::seconds(3);

std::string ObjectName(const std::string& name) { return "dbaas-lease-" + name; }

/// "2026-11-21T03:42:00Z", as the API server writes it.
TimePoint ReadTime(const std::string& text) {
  if (text.size() == 20 && text.back() == 'Z') return ToTimePoint(text.substr(0, 19) + ".000Z");
  return ToTimePoint(text);
}

/// MicroTime wants six digits.
std::string MicroTime(TimePoint time) {
  std::string text = ToText(time);
  return text.substr(0, text.size() - 1) + "000Z";
}

Json ToJson(const Holder& holder) {
  return {{"name", holder.name},
          {"token", holder.token},
          {"machine", holder.machine},
          {"pid", holder.pid},
          {"start_time", holder.start_time}};
}

const Json& AnnotationsOf(const Json& lease) {
  return GetMember(GetMember(lease, "metadata"), "annotations");
}

Holder HolderOf(const Json& lease) {
  const Result<Json> read =
      ParseJson(GetString(AnnotationsOf(lease), kAnnotationHolder), "the lease");
  const Json json = read.has_value() ? *read : Json();
  return {.name = GetString(json, "name", "someone unknown"),
          .token = GetString(json, "token"),
          .machine = GetString(json, "machine"),
          .pid = static_cast<int>(GetInt(json, "pid")),
          .start_time = GetInt(json, "start_time")};
}

Json LeaseObject(const std::string& name, const Holder& holder, Milliseconds ttl, TimePoint now) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(ttl).count();
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata",
           {{"name", ObjectName(name)},
            {"labels", {{kLabelManagedBy, kManagedBy}, {kLabelCluster, name}}},
            {"annotations",
             {{kAnnotationHolder, Dump(ToJson(holder))},
              {kAnnotationTtl, std::to_string(ttl.count())}}}}},
          {"spec",
           {{"holderIdentity", holder.name},
            {"leaseDurationSeconds", std::max<std::int64_t>(1, seconds)},
            {"acquireTime", MicroTime(now)},
            {"renewTime", MicroTime(now)}}}};
}

bool IsDead(const Holder& holder, const Holder& asker) {
  if (holder.machine.empty() || holder.machine != asker.machine) return false;
  return ProcessStartTime(holder.pid) != holder.start_time;
}

/// What the API server's clock shows.
Result<TimePoint> ServerNow(Place& place, const Json& lease) {
  Json object = lease;
  object["metadata"]["name"] = "dbaas-time";
  const Json tried = TRY(place.client().Create(place.Collection(kLeases) + "?dryRun=All", object));
  const TimePoint now = ReadTime(GetString(GetMember(tried, "metadata"), "creationTimestamp"));
  if (now == TimePoint()) return Internal("the API server does not say what time it is");
  return now;
}

std::string VersionOf(const Json& object) {
  return GetString(GetMember(object, "metadata"), "resourceVersion");
}

class KubernetesLease final : public Lease {
 public:
  KubernetesLease(std::shared_ptr<Place> place, std::string name, Holder holder, Json object)
      : place_(std::move(place)),
        name_(std::move(name)),
        holder_(std::move(holder)),
        object_(std::move(object)) {}

  ~KubernetesLease() override {
    // Best effort: a lease that cannot be released runs out. Only the version that we know is ours.
    const Json preconditions = {{"uid", GetString(GetMember(object_, "metadata"), "uid")},
                                {"resourceVersion", VersionOf(object_)}};
    (void)place_->Delete(kLeases, ObjectName(name_), {{"preconditions", preconditions}})
        .has_value();
  }

  Result<void> Renew() override {
    // The second round is for a lost answer, or for somebody's edit of the object.
    for (int round = 0;; ++round) {
      Json next = object_;
      next["metadata"].erase("managedFields");
      next["spec"]["renewTime"] = MicroTime(place_->clock().Now());
      Result<Json> written =
          place_->client().Replace(place_->PathOf(kLeases, ObjectName(name_)), next);
      if (written.has_value()) {
        object_ = *std::move(written);
        return Ok();
      }
      const ErrorKind kind = written.error().kind;
      if (kind != ErrorKind::kConflict && kind != ErrorKind::kNotFound) return written.error();
      const std::optional<Json> there = TRY(place_->Find(kLeases, ObjectName(name_)));
      if (!there || HolderOf(*there).token != holder_.token) {
        return Conflict(fmt::format("the lease on {} was lost", name_),
                        "Someone else took it over because it had run out, or removed it.");
      }
      if (round == 1) return written.error();
      object_ = *there;
    }
  }

 private:
  const std::shared_ptr<Place> place_;
  const std::string name_;
  const Holder holder_;
  Json object_;  ///< As the API server last gave it to us.
};

}  // namespace

TimePoint LastWritten(const Json& object) {
  const Json& metadata = GetMember(object, "metadata");
  TimePoint last = ReadTime(GetString(metadata, "creationTimestamp"));
  const Json& fields = GetMember(metadata, "managedFields");
  if (!fields.is_array()) return last;
  for (const Json& field : fields) last = std::max(last, ReadTime(GetString(field, "time")));
  return last;
}

Result<std::unique_ptr<Lease>> AcquireLease(const std::shared_ptr<Place>& place,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl) {
  using Answer = std::unique_ptr<Lease>;
  const auto got = [&](Json object) {
    return Answer(std::make_unique<KubernetesLease>(place, name, holder, std::move(object)));
  };
  std::string held_by = "someone unknown";
  // The second round is for a lease that was released, or taken by another, in the first.
  for (int round = 0; round < 2; ++round) {
    Json wanted = LeaseObject(name, holder, ttl, place->clock().Now());
    Result<Json> created = place->Create(kLeases, wanted);
    if (created.has_value()) return got(*std::move(created));
    if (created.error().kind != ErrorKind::kConflict) return created.error();
    const std::optional<Json> there = TRY(place->Find(kLeases, ObjectName(name)));
    if (!there) continue;
    if (!ReadOwner(*there).managed) {
      return Conflict(fmt::format("lease {} on host {} is not managed by dbaas", ObjectName(name),
                                  place->host()),
                      fmt::format("a Lease called {} that is not ours", ObjectName(name)));
    }
    const Holder other = HolderOf(*there);
    held_by = other.name;
    if (other.token == holder.token) return got(*there);  // The answer to its creation was lost.
    const Milliseconds its_ttl(
        std::atoll(GetString(AnnotationsOf(*there), kAnnotationTtl).c_str()));
    if (!IsDead(other, holder) &&
        TRY(ServerNow(*place, wanted)) <= LastWritten(*there) + its_ttl + kGrace) {
      break;
    }
    wanted["metadata"]["resourceVersion"] = VersionOf(*there);
    Result<Json> taken = place->client().Replace(place->PathOf(kLeases, ObjectName(name)), wanted);
    if (taken.has_value()) return got(*std::move(taken));
    const ErrorKind kind = taken.error().kind;
    if (kind != ErrorKind::kConflict && kind != ErrorKind::kNotFound) return taken.error();
  }
  return Conflict(fmt::format("{} is being changed by someone else", name), held_by);
}

}  // namespace dbaas::kubernetes

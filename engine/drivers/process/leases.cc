// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/leases.h"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/process.h"

namespace dbaas::process {
namespace {

std::string PathOf(const Store& store, const std::string& name) {
  return fmt::format("{}/{}.json", store.Leases(), name);
}

Json ToJson(const Holder& holder, Milliseconds ttl, TimePoint renewed) {
  return {{"name", holder.name},
          {"token", holder.token},
          {"machine", holder.machine},
          {"pid", holder.pid},
          {"start_time", holder.start_time},
          {"ttl_ms", ttl.count()},
          {"renewed_ms", renewed.time_since_epoch().count()}};
}

/// Null when nobody has it.
Result<Json> Load(const Store& store, const std::string& name) {
  auto json = ReadJson(PathOf(store, name));
  if (!json && json.error().kind == ErrorKind::kNotFound) return Json();
  return json;
}

bool IsDead(const Json& held, const Holder& asker) {
  if (asker.machine.empty() || GetString(held, "machine") != asker.machine) return false;
  return ProcessStartTime(static_cast<int>(GetInt(held, "pid"))) != GetInt(held, "start_time");
}

bool HasRunOut(const Json& held, TimePoint now) {
  return now.time_since_epoch().count() > GetInt(held, "renewed_ms") + GetInt(held, "ttl_ms");
}

class FileLease final : public Lease {
 public:
  FileLease(const Store& store, Clock& clock, std::string name, Holder holder, Milliseconds ttl)
      : store_(store),
        clock_(clock),
        name_(std::move(name)),
        holder_(std::move(holder)),
        ttl_(ttl) {}

  ~FileLease() override {
    // Best effort: a lease that cannot be released runs out.
    const ActAs user(store_.user());
    const auto lock = store_.Lock();
    if (!lock) return;
    const auto held = Load(store_, name_);
    if (held && GetString(*held, "token") == holder_.token) unlink(PathOf(store_, name_).c_str());
    rmdir(store_.Leases().c_str());  // Only when it is empty.
  }

  Result<void> Renew() override {
    const ActAs user(store_.user());
    const Descriptor lock = TRY(store_.Lock());
    if (GetString(TRY(Load(store_, name_)), "token") != holder_.token) {
      return Conflict(fmt::format("the lease on {} was lost", name_),
                      "Someone else took it over because it had run out, or removed its file.");
    }
    return WriteText(PathOf(store_, name_), Dump(ToJson(holder_, ttl_, clock_.Now())) + "\n");
  }

 private:
  const Store store_;  ///< A lease may outlive its driver.
  Clock& clock_;
  const std::string name_;
  const Holder holder_;
  const Milliseconds ttl_;
};

}  // namespace

Result<std::unique_ptr<Lease>> AcquireLease(const Store& store, Clock& clock,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl) {
  const Descriptor lock = TRY(store.Lock());
  const Json held = TRY(Load(store, name));
  const bool is_free = held.is_null() || GetString(held, "token") == holder.token ||
                       IsDead(held, holder) || HasRunOut(held, clock.Now());
  if (!is_free) {
    return Conflict(fmt::format("{} is being changed by someone else", name),
                    GetString(held, "name", "someone unknown"));
  }
  TRY(MakeFolders(store.Leases()));
  TRY(WriteText(PathOf(store, name), Dump(ToJson(holder, ttl, clock.Now())) + "\n"));
  return std::unique_ptr<Lease>(std::make_unique<FileLease>(store, clock, name, holder, ttl));
}

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/process_driver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <utility>

#include "engine/base/listening_ports.h"
#include "engine/drivers/process/addresses.h"
#include "engine/drivers/process/events.h"
#include "engine/drivers/process/instances.h"
#include "engine/drivers/process/leases.h"
#include "engine/drivers/process/log_file.h"
#include "engine/drivers/process/records.h"
#include "engine/drivers/process/status.h"

namespace dbaas {
namespace process {
namespace {

constexpr Milliseconds kLookInterval{100};

class ProcessDriver final : public Driver {
 public:
  ProcessDriver(const ProcessOptions& options, SystemUser user, Clock& clock)
      : clock_(clock),
        address_("127.0.0.1"),
        host_{.store = Store(options.directory, options.host_name, std::move(user)),
              .images = options.images,
              .supervisor = options.supervisor} {}

  const std::string& Host() const override { return store().host(); }
  HostTraits Traits() const override { return {}; }
  std::string Address(const std::string&) const override { return address_; }
  std::vector<std::string> OtherNames(const std::string&) const override { return {}; }
  Result<std::int64_t> MemoryBytes() override {
    return std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  }

  Result<Observation> Observe(const std::optional<std::string>& cluster) override {
    const ActAs user(store().user());
    Observation observation{.at = clock_.Now(), .used_ports = ListeningPorts()};
    for (const ObjectKind kind :
         {ObjectKind::kNetwork, ObjectKind::kVolume, ObjectKind::kInstance}) {
      for (const Note& note : store().List(kind)) {
        for (const int port : note.host_ports) observation.used_ports.insert(port);
        if (cluster && note.cluster != *cluster) continue;
        ObservedObject object{.id = note.id,
                              .cluster = note.cluster,
                              .part = note.part,
                              .member = note.member,
                              .fingerprint = note.fingerprint,
                              .directory = note.directory};
        if (kind == ObjectKind::kInstance) {
          Status status = ReadStatus(store().FolderOf(note.id));
          object.state = status.state;
          object.state_detail = std::move(status.detail);
          if (cluster) object.files_fingerprint = ReadMark(store(), note.id.name);
        }
        observation.objects.push_back(std::move(object));
      }
    }
    return observation;
  }

  Result<void> Ensure(const Object& object) override {
    const std::string doing = "making " + object.id.ToText();
    TRY_IN(store().Prepare(), doing);
    const ActAs user(store().user());
    if (object.id.kind == ObjectKind::kInstance) {
      TRY_IN(EnsureInstance(host_, object), doing);
    } else {
      TRY_IN(store().Make(object), doing);
    }
    return Ok();
  }

  Result<void> Remove(const ObjectId& id) override {
    const ActAs user(store().user());
    TRY_IN(RemoveObject(id), "removing " + id.ToText());
    return TidyUp();
  }

  Result<void> Restart(const std::string& instance) override {
    const ActAs user(store().user());
    TRY_IN(RestartInstance(host_, instance), "restarting instance " + instance);
    return Ok();
  }

  Result<void> Kill(const std::string& instance) override {
    const ActAs user(store().user());
    TRY_IN(KillInstance(host_, instance), "killing instance " + instance);
    return Ok();
  }

  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override {
    if (argv.empty()) return Internal("there is no command to run in " + instance);
    const ActAs user(store().user());
    return TRY_IN(RunInInstance(host_, instance, argv, input.Reveal()),
                  fmt::format("running {} in {}", argv.front(), instance));
  }

  Result<std::string> Logs(const std::string& instance, int lines) override {
    const ActAs user(store().user());
    const ObjectId id{ObjectKind::kInstance, instance};
    const auto note = TRY(store().Find(id));
    if (note && note->managed) return ReadLog(store().FolderOf(id), lines);
    return NotFound(fmt::format("instance {} is not on host {}", instance, Host()));
  }

  Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                     std::stop_token stop) override {
    const ActAs user(store().user());
    EventReader reader(store());
    on_event({.kind = InstanceEvent::Kind::kAttached});
    while (clock_.SleepFor(kLookInterval, stop)) reader.Read(on_event);
    return Ok();
  }

  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override {
    const ActAs user(store().user());
    return process::ReadRecord(store(), cluster);
  }
  Result<std::vector<ClusterRecord>> ReadRecords() override {
    const ActAs user(store().user());
    return process::ReadRecords(store());
  }
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected_generation) override {
    TRY(store().Prepare());
    const ActAs user(store().user());
    return process::WriteRecord(store(), record, expected_generation);
  }
  Result<void> RemoveRecord(const std::string& cluster) override {
    const ActAs user(store().user());
    TRY(process::RemoveRecord(store(), cluster));
    return TidyUp();
  }

  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override {
    TRY(store().Prepare());
    const ActAs user(store().user());
    return process::AcquireLease(store(), clock_, name, holder, ttl);
  }

 private:
  const Store& store() const { return host_.store; }

  Result<void> RemoveObject(const ObjectId& id) {
    if (id.kind == ObjectKind::kInstance) return RemoveInstance(host_, id);
    const auto note = TRY(store().Find(id));
    if (!note) return Ok();
    TRY(store().CheckIsOurs(*note, id));
    if (id.kind == ObjectKind::kVolume) TRY(CheckIsUnused(id));
    return store().Remove(id);
  }

  Result<void> CheckIsUnused(const ObjectId& volume) {
    std::vector<std::string> users;
    for (const Note& note : store().List(ObjectKind::kInstance)) {
      for (const auto& used : note.volumes) {
        if (used == volume.name) users.push_back(note.id.name);
      }
    }
    if (users.empty()) return Ok();
    return Conflict(fmt::format("{} on host {} is in use", volume.ToText(), Host()),
                    fmt::format("by {}", fmt::join(users, ", ")));
  }

  Result<void> TidyUp() {
    if (!Exists(store().directory())) return Ok();
    const Descriptor lock = TRY(store().Lock());
    TRY(FreeAddresses(store()));
    store().Tidy();
    return Ok();
  }

  Clock& clock_;
  const std::string address_;
  const process::Host host_;
};

}  // namespace
}  // namespace process

Result<std::shared_ptr<Driver>> MakeProcessDriver(const ProcessOptions& options, Clock& clock) {
  const std::filesystem::path path(options.directory);
  if (!path.is_absolute() || path.lexically_normal() != path || !path.has_filename()) {
    return Invalid("directory", fmt::format("\"{}\" is no directory for a host", options.directory),
                   "It must be absolute, without dots and without a slash at its end: "
                   "/var/lib/dbaas.");
  }
  return std::shared_ptr<Driver>(std::make_shared<process::ProcessDriver>(
      options, TRY(process::ChooseUser(options.user)), clock));
}

}  // namespace dbaas

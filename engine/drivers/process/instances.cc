// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/instances.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "engine/drivers/process/addresses.h"
#include "engine/drivers/process/family.h"
#include "engine/drivers/process/spawn.h"
#include "engine/drivers/process/status.h"
#include "engine/drivers/process/supervisor.h"

namespace dbaas::process {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kPatience = 30s;
/// Commands have limits of their own, a day at most (a backup); this is for one that forgot.
constexpr Milliseconds kCommandPatience = 25h;
/// What the system has for the address of a socket.
constexpr std::size_t kLongestSocket = 107;

std::string FolderOf(const Store& store, const std::string& name) {
  return store.FolderOf({ObjectKind::kInstance, name});
}
std::string RootOf(const Store& store, const std::string& name) {
  return FolderOf(store, name) + "/root";
}

/// What host words mean to the instance. An address that cannot be had is in `failed`.
HostWords WordsOf(const Store& store, const std::string& name, const std::string& address,
                  Result<void>& failed) {
  return {.address =
              [&](const std::string& instance) {
                auto found = AddressFor(store, instance);
                if (found) return *found;
                failed = found.error();
                return std::string();
              },
          .listen = address,
          .local = address,
          .root = RootOf(store, name),
          .user = store.user().name};
}

Result<InstanceSpec> Resolve(const Store& store, const Object& object) {
  const std::string address = TRY(AddressFor(store, object.id.name));
  Result<void> failed = Ok();
  InstanceSpec instance =
      ResolveHostWords(object.instance, WordsOf(store, object.id.name, address, failed));
  TRY(std::move(failed));
  return instance;
}

// ---- Making ------------------------------------------------------------------------------------

Result<void> CheckNeeds(const Store& store, const InstanceSpec& instance) {
  const auto check = [&](const ObjectId& id) -> Result<void> {
    if (TRY(store.Find(id))) return Ok();
    return NotFound(fmt::format("{} is not on host {}", id.ToText(), store.host()));
  };
  for (const Mount& mount : instance.mounts) TRY(check({ObjectKind::kVolume, mount.volume}));
  for (const auto& network : instance.networks) TRY(check({ObjectKind::kNetwork, network}));
  return Ok();
}

Result<RunPlan> PlanRun(const Host& host, const Object& object, const InstanceSpec& instance,
                        const Image& image) {
  const Store& store = host.store;
  const std::string root = RootOf(store, object.id.name);
  RunPlan plan{.argv = instance.command,
               .folder = root,
               .host = store.host(),
               .address = TRY(AddressFor(store, object.id.name)),
               .stop_signal = SignalNumber(instance.stop_signal),
               .stop_timeout_seconds = instance.stop_timeout_seconds};
  // What a container is lent a socket for, a process does with the directory.
  if (instance.control_socket) plan.argv = {kOwnProgram, kWatchVerb, store.directory()};
  plan.environment = {{"PATH", image.path},
                      {"HOME", root + image.home},
                      {"TMPDIR", root + "/tmp"},
                      {"USER", store.user().name},
                      {"LOGNAME", store.user().name},
                      {"LANG", "C.UTF-8"},
                      {kMark, FolderOf(store, object.id.name)}};
  for (const auto& [name, value] : image.environment) plan.environment[name] = value;
  for (const auto& [name, value] : instance.environment) plan.environment[name] = value;
  if (plan.argv.empty()) return Internal("there is nothing to run in " + object.id.name);
  const std::string program = FindProgram(plan.argv.front(), image.path);
  if (program.empty()) {
    return NotFound(fmt::format("{} is not installed on host {}", plan.argv.front(), store.host()));
  }
  plan.argv.front() = program;
  for (const Port& port : instance.ports) {
    if (port.host_port == 0) continue;
    plan.ports.push_back({.host_port = port.host_port,
                          .instance_port = port.container_port,
                          .public_address = port.public_address});
  }
  return plan;
}

Result<void> MakeInstance(const Host& host, const Object& object, const InstanceSpec& instance,
                          const Image& image) {
  const Store& store = host.store;
  TRY(CheckNeeds(store, instance));
  const std::string root = RootOf(store, object.id.name);
  const std::size_t needed = root.size() + image.longest_socket;
  if (needed > kLongestSocket) {
    return Invalid("directory",
                   fmt::format("the directory of host {} has too long a name", store.host()),
                   fmt::format("Sockets in {} would need more than 107 bytes, which is all that "
                               "the system has for their names. Choose a directory whose name is "
                               "{} bytes shorter.",
                               root, needed - kLongestSocket));
  }
  const RunPlan plan = TRY(PlanRun(host, object, instance, image));
  return store.Make(object, {{"run.json", Dump(ToJson(plan)) + "\n"}});
}

/// The instance's own paths, as far as they are not files: volumes, and what programs expect.
Result<void> MakeRoot(const Store& store, const Object& object, const InstanceSpec& instance,
                      const Image& image) {
  const std::string root = RootOf(store, object.id.name);
  for (const char* folder : {"/tmp", "/run", "/var"}) TRY(MakeFolders(root + folder));
  for (const Mount& mount : instance.mounts) {
    const std::string at = root + mount.path;
    TRY(MakeFolders(std::filesystem::path(at).parent_path().string()));
    const std::string target = store.FolderOf({ObjectKind::kVolume, mount.volume}) + "/data";
    if (symlink(target.c_str(), at.c_str()) != 0 && errno != EEXIST) {
      return SystemError("making " + at, errno);
    }
  }
  for (const auto& folder : image.folders) TRY(MakeFolders(root + folder));
  return Ok();
}

// ---- Files -------------------------------------------------------------------------------------

enum class FileChoice { kAll, kCompared };

Result<void> PlaceFiles(const Store& store, const Object& object, const InstanceSpec& instance,
                        FileChoice choice) {
  for (const File& file : instance.files) {
    if (file.create_only && choice == FileChoice::kCompared) continue;
    if (!file.path.starts_with('/')) {
      return Internal(fmt::format("file {} of {} has no absolute path", file.path, object.id.name));
    }
    const std::string path = RootOf(store, object.id.name) + file.path;
    TRY(MakeFolders(std::filesystem::path(path).parent_path().string()));
    TRY(WriteText(path, file.content.Reveal(), file.mode));
  }
  return Ok();
}

Result<void> WriteMark(const Store& store, const Object& object) {
  return WriteText(FolderOf(store, object.id.name) + "/files", object.files_fingerprint);
}

// ---- States ------------------------------------------------------------------------------------

/// A supervisor that was told to stop is gone a moment after it said so.
Result<void> WaitUntilUnlocked(const std::string& folder) {
  for (Milliseconds waited{0}; waited < kPatience; waited += 5ms) {
    if (!IsLocked(folder + "/lock")) return Ok();
    std::this_thread::sleep_for(5ms);
  }
  return Unavailable("the supervisor of " + folder + " does not end");
}

Milliseconds StopTime(const std::string& folder) {
  const auto json = ReadJson(folder + "/run.json");
  const int seconds = json ? RunPlanFromJson(*json).stop_timeout_seconds : 10;
  return std::chrono::seconds(seconds) + kPatience;
}

Result<void> Start(const Host& host, const std::string& name) {
  return StartSupervisor(host.supervisor, FolderOf(host.store, name), host.store.user());
}

Result<void> Restart(const Host& host, const std::string& name) {
  const std::string folder = FolderOf(host.store, name);
  if (TRY(AskSupervisor(folder, "restart", StopTime(folder))) == Answer::kDone) return Ok();
  return Start(host, name);
}

Result<void> UpdateFiles(const Host& host, const Object& object, const InstanceSpec& instance,
                         RunState state) {
  const std::string folder = FolderOf(host.store, object.id.name);
  if (ReadMark(host.store, object.id.name) == object.files_fingerprint) return Ok();
  TRY(PlaceFiles(host.store, object, instance, FileChoice::kCompared));
  // A process that keeps failing reads its files at its next start anyway.
  if (state == RunState::kRunning) {
    if (instance.reload_signal.empty()) {
      TRY(Restart(host, object.id.name));
    } else {
      const std::string request = fmt::format("signal {}", SignalNumber(instance.reload_signal));
      // It ended meanwhile: whoever tries again finds it stopped.
      if (TRY(AskSupervisor(folder, request, kPatience)) == Answer::kNobody) {
        return Unavailable(fmt::format("instance {} just ended", object.id.name));
      }
    }
  }
  return WriteMark(host.store, object);
}

}  // namespace

Fingerprint ReadMark(const Store& store, const std::string& name) {
  return ReadText(FolderOf(store, name) + "/files").has_value()
             ? *ReadText(FolderOf(store, name) + "/files")
             : Fingerprint();
}

Result<void> EnsureInstance(const Host& host, const Object& object) {
  const Store& store = host.store;
  // Before anything else: whose it is if it is there.
  const bool is_there = TRY(store.Find(object.id)).has_value();
  if (is_there) TRY(store.Make(object));
  const InstanceSpec instance = TRY(Resolve(store, object));
  const Image image = TRY(FindImage(host.images, instance.image, store.host()));
  if (!is_there) TRY(MakeInstance(host, object, instance, image));
  const Status status = ReadStatus(FolderOf(store, object.id.name));
  if (status.state == RunState::kRunning || status.state == RunState::kRestarting) {
    return UpdateFiles(host, object, instance, status.state);
  }
  TRY(MakeRoot(store, object, instance, image));
  TRY(PlaceFiles(store, object, instance,
                 status.starts == 0 ? FileChoice::kAll : FileChoice::kCompared));
  TRY(WriteMark(store, object));
  return Start(host, object.id.name);
}

Result<void> RemoveInstance(const Host& host, const ObjectId& id) {
  const auto note = TRY(host.store.Find(id));
  if (!note) return Ok();
  TRY(host.store.CheckIsOurs(*note, id));
  const std::string folder = host.store.FolderOf(id);
  TRY(AskSupervisor(folder, "stop", StopTime(folder)));
  TRY(WaitUntilUnlocked(folder));
  EndMarked(folder);
  return host.store.Remove(id);
}

Result<void> RestartInstance(const Host& host, const std::string& name) {
  const ObjectId id{ObjectKind::kInstance, name};
  const auto note = TRY(host.store.Find(id));
  if (!note) {
    return NotFound(fmt::format("instance {} is not on host {}", name, host.store.host()));
  }
  TRY(host.store.CheckIsOurs(*note, id));
  return Restart(host, name);
}

Result<void> KillInstance(const Host& host, const std::string& name) {
  const ObjectId id{ObjectKind::kInstance, name};
  const auto note = TRY(host.store.Find(id));
  if (!note) return Ok();
  TRY(host.store.CheckIsOurs(*note, id));
  const std::string folder = host.store.FolderOf(id);
  TRY(AskSupervisor(folder, "kill", kPatience));
  TRY(WaitUntilUnlocked(folder));
  EndMarked(folder);
  Status status = ReadStatus(folder);
  if (status.state != RunState::kLost) return Ok();
  // What is left of one whose supervisor was gone already is dead now, and that is as wanted.
  status.state = RunState::kStopped;
  status.detail = status.last_end = "exited (137)";
  return WriteStatus(folder, status);
}

Result<ExecResult> RunInInstance(const Host& host, const std::string& name,
                                 const std::vector<std::string>& argv, const std::string& input) {
  const Store& store = host.store;
  const std::string folder = FolderOf(store, name);
  const auto note = TRY(store.Find({ObjectKind::kInstance, name}));
  if (!note || !note->managed) {
    return NotFound(fmt::format("instance {} is not on host {}", name, store.host()));
  }
  const Status status = ReadStatus(folder);
  if (status.state != RunState::kRunning) {
    return Unavailable(fmt::format("instance {} on host {} is not running", name, store.host()),
                       status.detail);
  }
  const RunPlan plan = RunPlanFromJson(TRY(ReadJson(folder + "/run.json")));
  Result<void> failed = Ok();
  const HostWords words = WordsOf(store, name, plan.address, failed);
  CommandPlan command{.environment = plan.environment, .folder = plan.folder};
  for (const auto& argument : argv) command.argv.push_back(ResolveHostWords(argument, words));
  const std::string resolved_input = ResolveHostWords(input, words);
  TRY(std::move(failed));
  const std::string program = FindProgram(command.argv.front(), plan.environment.at("PATH"));
  if (program.empty()) {
    return ExecResult{.exit_code = 127, .output = {}, .errors = argv.front() + ": not found\n"};
  }
  command.argv.front() = program;
  return RunCommand(command, resolved_input, store.user(), kCommandPatience);
}

}  // namespace dbaas::process

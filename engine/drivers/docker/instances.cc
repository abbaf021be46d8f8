// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/instances.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

/// What matters of GET /containers/{id}/json.
struct Container {
  std::string id;
  std::string state;  ///< created, running, paused, restarting, removing, exited, dead
  Json labels;
  std::set<std::string> networks;
  int stop_timeout_seconds = 10;
};

/// Nothing when there is no container of that name.
Result<std::optional<Container>> Inspect(DockerClient& client, const std::string& name) {
  const Result<Json> json = client.Get(fmt::format("/containers/{}/json", UrlEscape(name)));
  if (!json.has_value()) {
    if (json.error().kind == ErrorKind::kNotFound) return std::optional<Container>();
    return json.error();
  }
  // The engine also takes the beginning of an id for a name.
  if (GetString(*json, "Name") != "/" + name) return std::optional<Container>();
  const Json& config = GetMember(*json, "Config");
  Container container{.id = GetString(*json, "Id"),
                      .state = GetString(GetMember(*json, "State"), "Status"),
                      .labels = GetMember(config, "Labels"),
                      .stop_timeout_seconds = static_cast<int>(GetInt(config, "StopTimeout", 10))};
  const Json& networks = GetMember(GetMember(*json, "NetworkSettings"), "Networks");
  for (const auto& [network, endpoint] : networks.items()) container.networks.insert(network);
  return std::optional(std::move(container));
}

std::string Path(const Container& container, const std::string& verb) {
  return fmt::format("/containers/{}/{}", container.id, verb);
}

Milliseconds StopTime(const Container& container) {
  return std::chrono::seconds(container.stop_timeout_seconds) + kCallTimeout;
}

// ---- Creating ----------------------------------------------------------------------------------

/// The engine would make missing volumes itself, empty and without labels; for data that is worse
/// than an error.
Result<void> CheckNeeds(DockerClient& client, const Object& object) {
  for (const Mount& mount : object.instance.mounts) {
    TRY_IN(client.Get("/volumes/" + UrlEscape(mount.volume)), "looking for volume " + mount.volume);
  }
  for (const std::string& network : object.instance.networks) {
    TRY_IN(client.Get("/networks/" + UrlEscape(network)), "looking for network " + network);
  }
  return Ok();
}

Error MissingImage(DockerClient& client, const std::string& image, const std::string& why) {
  return NotFound(
      fmt::format("image {} is not on host {} and could not be pulled", image, client.host_name()),
      why +
          ". Build the images of this project with `./dev images`, or name another "
          "image.");
}

/// Images of our own name are built, not pulled: that name on a public registry is not ours, and
/// whatever is there would get the databases' secrets.
Result<void> PullImage(DockerClient& client, const std::string& image) {
  if (image.starts_with("dbaas/")) {
    return MissingImage(client, image, "Images called dbaas/… are never pulled");
  }
  const Result<void> pulled = client.Pull(image);
  if (!pulled.has_value()) return MissingImage(client, image, pulled.error().ToLine());
  return Ok();
}

Result<void> CreateContainer(DockerClient& client, const Object& object) {
  TRY(CheckNeeds(client, object));
  const std::string path = "/containers/create?name=" + UrlEscape(object.id.name);
  const Json body = ContainerBody(object, TRY(client.ReadMachine()));
  Result<Json> created = client.Post(path, body, kSlowCallTimeout);
  if (!created.has_value() && created.error().kind == ErrorKind::kNotFound) {
    TRY(PullImage(client, object.instance.image));
    created = client.Post(path, body, kSlowCallTimeout);
  }
  if (!created.has_value()) return created.error();
  return Ok();
}

/// The container, made if need be. Someone else's, or ours with other settings, is kConflict.
Result<Container> FindOrCreate(DockerClient& client, const Object& object) {
  std::optional<Container> container = TRY(Inspect(client, object.id.name));
  if (!container) {
    const Result<void> created = CreateContainer(client, object);
    container = TRY(Inspect(client, object.id.name));
    // A name that was taken meanwhile is looked at like one that was taken before.
    if (!created.has_value() && !(container && created.error().kind == ErrorKind::kConflict)) {
      return created.error();
    }
    if (!container) {
      return Unavailable(fmt::format("container {} vanished while it was made", object.id.name));
    }
  }
  TRY(CheckIsSame(container->labels, object, client.host_name()));
  return std::move(*container);
}

Result<void> ConnectNetworks(DockerClient& client, const Object& object,
                             const Container& container) {
  for (const std::string& network : object.instance.networks) {
    if (container.networks.contains(network)) continue;
    TRY(client.Post(fmt::format("/networks/{}/connect", UrlEscape(network)),
                    {{"Container", container.id},
                     {"EndpointConfig", {{"Aliases", Json::array({object.id.name})}}}}));
  }
  return Ok();
}

// ---- Files -------------------------------------------------------------------------------------

std::string Folder(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Adds the missing ones of `folder` and its parents, outermost first. One that exists is left out:
/// unpacking it would change its owner.
Result<void> AddMissingFolders(DockerClient& client, const Container& container,
                               const std::string& folder, const File& file,
                               std::set<std::string>& known, TarWriter& tar) {
  if (folder == "/" || known.contains(folder)) return Ok();
  const Result<DockerClient::PathStat> stat = client.StatPath(container.id, folder);
  if (stat.has_value()) {
    known.insert(folder);
    return Ok();
  }
  if (stat.error().kind != ErrorKind::kNotFound) return stat.error();
  TRY(AddMissingFolders(client, container, Folder(folder), file, known, tar));
  tar.AddFolder({.path = folder.substr(1), .mode = 0755, .uid = file.uid, .gid = file.gid});
  known.insert(folder);
  return Ok();
}

enum class FileChoice {
  kAll,
  kCompared,
};
/// Whether the archive of the files ends with the mark. Archives are unpacked in order, so it is
/// only there when all the files are.
enum class Mark { kWithFiles, kLater };

void AddMark(const Object& object, TarWriter& tar) {
  tar.AddLink({.path = std::string(kMarkerPath).substr(1),
               .content = kMarkerTarget + object.files_fingerprint,
               .mode = 0777});
}

Result<void> PlaceFiles(DockerClient& client, const Object& object, const Container& container,
                        FileChoice choice, Mark mark) {
  TarWriter tar;
  std::set<std::string> known_folders;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(client.EngineNow().time_since_epoch())
          .count();
  bool any = false;
  for (const File& file : object.instance.files) {
    if (file.create_only && choice == FileChoice::kCompared) continue;
    if (!file.path.starts_with('/')) {
      return Internal(fmt::format("file {} of {} has no absolute path", file.path, object.id.name));
    }
    TRY(AddMissingFolders(client, container, Folder(file.path), file, known_folders, tar));
    tar.AddFile({.path = file.path.substr(1),
                 .content = file.content.Reveal(),
                 .mode = file.mode,
                 .uid = file.uid,
                 .gid = file.gid,
                 .mtime = now});
    any = true;
  }
  if (mark == Mark::kWithFiles) AddMark(object, tar);
  if (!any && mark == Mark::kLater) return Ok();
  return client.PutArchive(container.id, "/", TRY(std::move(tar).Finish()));
}

Result<void> WriteMarker(DockerClient& client, const Object& object, const Container& container) {
  TarWriter tar;
  AddMark(object, tar);
  return client.PutArchive(container.id, "/", TRY(std::move(tar).Finish()));
}

// ---- States ------------------------------------------------------------------------------------

Result<void> WaitUntilRemoved(DockerClient& client, const std::string& id) {
  const Result<Json> gone = client.Post(fmt::format("/containers/{}/wait?condition=removed", id),
                                        nullptr, kSlowCallTimeout);
  if (gone.has_value() || gone.error().kind == ErrorKind::kNotFound) return Ok();
  return gone.error();
}

Result<void> DeleteContainer(DockerClient& client, const Container& container) {
  const Result<bool> deleted =
      client.Delete(fmt::format("/containers/{}?v=1&force=1", container.id));
  if (deleted.has_value()) return Ok();
  // 409: "removal ... is already in progress", by someone else or by our own lost call.
  if (deleted.error().kind == ErrorKind::kConflict) return WaitUntilRemoved(client, container.id);
  return deleted.error();
}

Result<void> Restart(DockerClient& client, const Container& container) {
  const Result<Json> restarted = client.Post(
      fmt::format("{}?t={}", Path(container, "restart"), container.stop_timeout_seconds), nullptr,
      StopTime(container) + kSlowCallTimeout);
  if (restarted.has_value()) return Ok();
  return ExplainStart(restarted.error(), container.labels, client.host_name());
}

Result<void> StartStopped(DockerClient& client, const Object& object, const Container& container) {
  TRY(ConnectNetworks(client, object, container));
  // A container that never ran may never have got its bootstrap files either.
  const bool never_ran = container.state == "created";
  TRY(PlaceFiles(client, object, container, never_ran ? FileChoice::kAll : FileChoice::kCompared,
                 Mark::kWithFiles));
  const Result<Json> started = client.Post(Path(container, "start"), nullptr, kSlowCallTimeout);
  if (!started.has_value())
    return ExplainStart(started.error(), container.labels, client.host_name());
  return Ok();
}

Result<void> UpdateFiles(DockerClient& client, const Object& object, const Container& container) {
  if (TRY(ReadMarker(client, container.id)) == object.files_fingerprint) return Ok();
  TRY(PlaceFiles(client, object, container, FileChoice::kCompared, Mark::kLater));
  // A process that keeps failing reads its files at its next start anyway.
  if (container.state == "running") {
    if (object.instance.reload_signal.empty()) {
      TRY(Restart(client, container));
    } else {
      const Result<Json> told =
          client.Post(Path(container, "kill?signal=" + UrlEscape(object.instance.reload_signal)));
      // It ended meanwhile: whoever tries again finds it stopped or restarted.
      if (!told.has_value() && told.error().kind == ErrorKind::kConflict) {
        return Unavailable(told.error().summary);
      }
      if (!told.has_value()) return told.error();
    }
  }
  return WriteMarker(client, object, container);
}

}  // namespace

Result<Fingerprint> ReadMarker(DockerClient& client, const std::string& container) {
  const Result<DockerClient::PathStat> stat = client.StatPath(container, kMarkerPath);
  if (!stat.has_value()) {
    if (stat.error().kind == ErrorKind::kNotFound) return Fingerprint();
    return stat.error();
  }
  const auto at = stat->link_target.rfind(kMarkerTarget);
  if (at == std::string::npos) return Fingerprint();
  return stat->link_target.substr(at + std::string_view(kMarkerTarget).size());
}

Result<void> EnsureInstance(DockerClient& client, const Object& object) {
  Container container = TRY(FindOrCreate(client, object));
  if (container.state == "removing" || container.state == "dead") {
    // Neither can ever run again.
    TRY(DeleteContainer(client, container));
    container = TRY(FindOrCreate(client, object));
  }
  if (container.state == "paused") {
    TRY(client.Post(Path(container, "unpause")));
    container.state = "running";
  }
  if (container.state == "running" || container.state == "restarting") {
    return UpdateFiles(client, object, container);
  }
  return StartStopped(client, object, container);
}

Result<void> RemoveInstance(DockerClient& client, const ObjectId& id) {
  const std::optional<Container> container = TRY(Inspect(client, id.name));
  if (!container) return Ok();
  TRY(CheckIsOurs(container->labels, id, client.host_name()));
  if (container->state == "paused") TRY(client.Post(Path(*container, "unpause")));
  const Result<Json> stopped =
      client.Post(fmt::format("{}?t={}", Path(*container, "stop"), container->stop_timeout_seconds),
                  nullptr, StopTime(*container));
  if (!stopped.has_value() && stopped.error().kind != ErrorKind::kNotFound &&
      stopped.error().kind != ErrorKind::kConflict) {
    return stopped.error();
  }
  return DeleteContainer(client, *container);
}

Result<void> RestartInstance(DockerClient& client, const std::string& name) {
  const ObjectId id{ObjectKind::kInstance, name};
  const std::optional<Container> container = TRY(Inspect(client, name));
  if (!container) {
    return NotFound(fmt::format("instance {} is not on host {}", name, client.host_name()));
  }
  TRY(CheckIsOurs(container->labels, id, client.host_name()));
  if (container->state == "paused") TRY(client.Post(Path(*container, "unpause")));
  return Restart(client, *container);
}

Result<void> KillInstance(DockerClient& client, const std::string& name) {
  const std::optional<Container> container = TRY(Inspect(client, name));
  if (!container) return Ok();
  TRY(CheckIsOurs(container->labels, {ObjectKind::kInstance, name}, client.host_name()));
  // A paused one dies as well, and without running once more. One that does not run is a conflict.
  const auto is_fine = [](const Result<Json>& done) {
    return done.has_value() || done.error().kind == ErrorKind::kNotFound ||
           done.error().kind == ErrorKind::kConflict;
  };
  const Result<Json> killed = client.Post(Path(*container, "kill?signal=KILL"));
  if (!is_fine(killed)) return killed.error();
  // Waits for its end, and keeps the engine from starting one that it restarts again and again.
  const Result<Json> stopped = client.Post(Path(*container, "stop?t=0"), nullptr, kSlowCallTimeout);
  if (!is_fine(stopped)) return stopped.error();
  return Ok();
}

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/networks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

/// The network of exactly that name; null when there is none. The engine also takes the beginning
/// of an id for a name, hence the check.
Result<Json> FindNetwork(DockerClient& client, const std::string& name) {
  const Result<Json> network = client.Get("/networks/" + UrlEscape(name));
  if (!network.has_value()) {
    if (network.error().kind == ErrorKind::kNotFound) return Json();
    return network.error();
  }
  return GetString(*network, "Name") == name ? *network : Json();
}

std::string ContainerName(const Json& container) {
  const Json& names = GetMember(container, "Names");
  if (!names.is_array() || names.empty()) return GetString(container, "Id");
  const std::string name = names.front();
  return name.starts_with('/') ? name.substr(1) : name;
}

}  // namespace

Result<void> EnsureNetwork(DockerClient& client, const Object& object) {
  const Json existing = TRY(FindNetwork(client, object.id.name));
  if (!existing.is_null()) {
    return CheckIsSame(GetMember(existing, "Labels"), object, client.host_name());
  }
  const Result<Json> created =
      client.Post("/networks/create", NetworkBody(object), kSlowCallTimeout);
  if (created.has_value()) return Ok();
  if (created.error().kind != ErrorKind::kConflict) return created.error();
  // Someone made it between our two calls; perhaps we did, and the answer was lost.
  const Json found = TRY(FindNetwork(client, object.id.name));
  if (found.is_null()) return created.error();
  return CheckIsSame(GetMember(found, "Labels"), object, client.host_name());
}

Result<void> RemoveNetwork(DockerClient& client, const ObjectId& id) {
  const Json network = TRY(FindNetwork(client, id.name));
  if (network.is_null()) return Ok();
  TRY(CheckIsOurs(GetMember(network, "Labels"), id, client.host_name()));
  const std::string path = "/networks/" + GetString(network, "Id");
  for (const auto& [container_id, endpoint] : GetMember(network, "Containers").items()) {
    const Result<Json> container = client.Get(fmt::format("/containers/{}/json", container_id));
    if (!container.has_value()) {
      if (container.error().kind == ErrorKind::kNotFound) continue;
      return container.error();
    }
    if (!ReadOwner(GetMember(GetMember(*container, "Config"), "Labels")).managed) {
      return Conflict(fmt::format("network {} on host {} is used by container {}", id.name,
                                  client.host_name(), GetString(endpoint, "Name")),
                      "It is not managed by dbaas. Disconnect or remove it first.");
    }
    const Result<Json> gone =
        client.Post(path + "/disconnect", {{"Container", container_id}, {"Force", true}});
    if (!gone.has_value() && gone.error().kind != ErrorKind::kNotFound) return gone.error();
  }
  TRY(client.Delete(path));
  return Ok();
}

Result<void> EnsureVolume(DockerClient& client, const Object& object) {
  // Creating a volume that exists changes nothing and answers with the labels that it has.
  const Json volume = TRY(client.Post("/volumes/create", VolumeBody(object)));
  return CheckIsSame(GetMember(volume, "Labels"), object, client.host_name());
}

Result<void> RemoveVolume(DockerClient& client, const ObjectId& id) {
  const Result<Json> volume = client.Get("/volumes/" + UrlEscape(id.name));
  if (!volume.has_value()) {
    if (volume.error().kind == ErrorKind::kNotFound) return Ok();
    return volume.error();
  }
  TRY(CheckIsOurs(GetMember(*volume, "Labels"), id, client.host_name()));
  const Result<bool> deleted = client.Delete("/volumes/" + UrlEscape(id.name));
  if (deleted.has_value()) return Ok();
  if (deleted.error().kind != ErrorKind::kConflict) return deleted.error();

  const Json users = TRY(client.Get("/containers/json?all=1&filters=" +
                                    UrlEscape(Dump({{"volume", Json::array({id.name})}}))));
  std::vector<std::string> names;
  for (const Json& user : users) {
    if (GetString(user, "State") != "removing") names.push_back(ContainerName(user));
  }
  const std::string summary =
      fmt::format("volume {} on host {} is in use", id.name, client.host_name());
  if (names.empty()) return Unavailable(summary, "by a container that is being removed");
  return Conflict(summary, fmt::format("by {}", fmt::join(names, ", ")));
}

}  // namespace dbaas::docker

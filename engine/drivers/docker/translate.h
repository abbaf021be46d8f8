// SPDX-License-Identifier: MPL-2.0
//
// Objects in the words of the Docker Engine API, and the API's listings in ours. Called by the
// files that make the calls. Pure.
//
//   client.Post("/containers/create?name=orders-1", ContainerBody(object, machine));
//
// Everything we make carries the labels of engine/model/object.h; what has none of them, or no
// kLabelObject, is not ours to list.
// Source: https://docs.docker.com/reference/api/engine/version/v1.47/
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/docker/client.h"
#include "engine/model/object.h"
#include "engine/model/state.h"

namespace dbaas::docker {

/// Host ports of an instance, in a label, because a stopped container lists none.
inline constexpr std::string_view kLabelPorts = "dbaas/ports";

Json LabelsOf(const Object& object);
Json NetworkBody(const Object& object);
Json VolumeBody(const Object& object);
Json ContainerBody(const Object& object, const DockerClient::Machine& machine);

/// Whose a thing is, read from its labels.
struct Owner {
  bool managed = false;
  std::string cluster;
  std::string object;  ///< "instance/orders-1"; empty for what is not an object.
  Fingerprint fingerprint;
};
Owner ReadOwner(const Json& labels);

/// kConflict when what is there is not `object`: someone else's, or ours with other settings.
Result<void> CheckIsSame(const Json& labels, const Object& object, const std::string& host);
/// kConflict when what is there under the id's name is not that object of ours.
Result<void> CheckIsOurs(const Json& labels, const ObjectId& id, const std::string& host);

/// Appends the objects in a listing: GET /containers/json, /volumes, /networks. With `cluster`,
/// only its own.
void ReadContainers(const Json& list, const std::optional<std::string>& cluster,
                    std::vector<ObservedObject>& objects);
void ReadVolumes(const Json& list, const std::optional<std::string>& cluster,
                 std::vector<ObservedObject>& objects);
void ReadNetworks(const Json& list, const std::optional<std::string>& cluster,
                  std::vector<ObservedObject>& objects);
/// Host ports that any container publishes, or would if it were started.
void ReadPublishedPorts(const Json& container_list, std::set<int>& ports);

RunState ReadRunState(const std::string& docker_state);

/// An event of GET /events (EventFilter), in our words; nothing for what is no instance of ours.
std::optional<InstanceEvent> ReadEvent(const Json& event);

/// The error of a call that needs a container's volumes. One whose directory is missing or of no
/// use becomes kNotFound on field "backup_directory".
Error ExplainMount(Error error, const std::string& host);

/// The error of a start that failed. A port that is taken becomes kConflict on field "port".
/// `labels` are those of the container.
Error ExplainStart(Error error, const Json& labels, const std::string& host);

/// The `filters` parameter for things with our label, escaped.
std::string ManagedFilter(const std::optional<std::string>& cluster);
/// The `filters` parameter for the events that ReadEvent knows, escaped.
std::string EventFilter();

}  // namespace dbaas::docker

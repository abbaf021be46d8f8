// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/place.h"

#include <fmt/format.h>

namespace dbaas::docker {

Result<Json> CreatePlace(DockerClient& client, const std::string& name, const Json& labels,
                         const Json& host_config) {
  const std::string path = "/containers/create?name=" + UrlEscape(name);
  const Json body = {{"Image", fmt::format("{}:{}", kEmptyImageRepository, kEmptyImageTag)},
                     {"Cmd", Json::array({"/never-started"})},
                     {"NetworkDisabled", true},
                     {"Labels", labels},
                     {"HostConfig", host_config}};
  Result<Json> created = client.Post(path, body, kSlowCallTimeout);
  if (created.has_value() || created.error().kind != ErrorKind::kNotFound) return created;
  TRY(client.ImportImage(kEmptyImageRepository, kEmptyImageTag, TRY(TarWriter().Finish())));
  return client.Post(path, body, kSlowCallTimeout);
}

}  // namespace dbaas::docker

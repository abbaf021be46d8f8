// SPDX-License-Identifier: MPL-2.0
//
// Lifecycle's part about lists: what is on the hosts, whether or not a state has it.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "provider/diagnosis.h"
#include "provider/lifecycle.h"
#include "schemas/checks.h"

namespace dbaas {

Diagnostics Lifecycle::ValidateList(const ListResourceType& list, const Value& config) {
  return CheckValues(list.schema, config);
}

Result<void> Lifecycle::List(const ListResourceType& list, const ResourceType& type,
                             const ListRequest& request,
                             const std::function<Result<void>(const Listed&)>& take) {
  const auto failed = [&](const Error& error) {
    return take({.diagnostics = {ToDiagnostic(error, list.schema)}});
  };
  const auto engine = this->engine();
  if (engine == nullptr) return failed(NotConfigured());
  auto query = list.query(request.config);
  if (!query) return failed(query.error());
  std::string cluster;
  if (!query->cluster.empty()) {
    const auto id = engine->ParseClusterId(query->cluster);
    if (!id) return failed(id.error());
    query->host = id->host;
    cluster = id->cluster;
  }
  const auto hosts = query->host.empty() ? engine->Hosts() : std::vector{query->host};

  const std::stop_token stop = stop_token();
  std::int64_t left = request.limit;
  for (const std::string& host : hosts) {
    if (stop.stop_requested()) return failed(Cancelled("stopped while listing " + type.name));
    const auto views = engine->List(host, ReadDepth::kListing);
    // The other hosts are worth listing, unless it was this one that was asked for.
    if (!views && IsUnreachable(views.error()) && query->host.empty()) {
      TRY(take({.diagnostics = {WarningAt(
                    {}, "The list is incomplete",
                    fmt::format("Host {} does not answer, so what is on it is missing. {}", host,
                                Sentence(views.error())))}}));
      continue;
    }
    if (!views) return failed(views.error());
    bool found = cluster.empty();
    for (const ClusterView& view : *views) {
      if (!cluster.empty() && view.id.cluster != cluster) continue;
      found = true;
      if (view.status == "deleting") continue;  // Whoever took it over would own nothing.
      for (const auto& [key, part] : view.parts) {
        if (!list.lists(part)) continue;
        const PartAddress address{.host = host, .cluster = view.id.cluster, .key = key};
        TRY(take({.state = type.to_state(Value::Null(), view, address, true)}));
        if (--left == 0) return Ok();
      }
    }
    if (!found) {
      return failed(NotFound(fmt::format("cluster {} does not exist on host {}", cluster, host))
                        .On("cluster_id"));
    }
  }
  return Ok();
}

}  // namespace dbaas

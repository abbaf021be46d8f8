// SPDX-License-Identifier: MPL-2.0
//
// dbaas_replica: a member of a cluster that only ever follows.
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/member_size.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct ReplicaConfig {
  // What users say.
  std::string cluster_id;
  std::string name;
  std::optional<std::string> instance_class;
  std::optional<ResourcesConfig> resources;
  // What they get.
  std::string id;
  std::string member;
  std::string host;
  int port = 0;
  std::string endpoint;
  std::vector<std::string> drift;
};

Table<ReplicaConfig> Rows() {
  using C = ReplicaConfig;
  return Resource<C>(
             "dbaas_replica",
             "A read replica: a member of a cluster that follows the primary and never becomes "
             "one, with a port of its own. For reports, exports and whatever else must not "
             "disturb the members that keep the service up.")
      .Add("cluster_id", &C::cluster_id, Required, RequiresReplace, Identity,
           "`id` of the cluster to follow. Changing it makes another replica.", ClusterIdText(),
           SpecFields({"host_name"}))
      .Add("name", &C::name, Required, RequiresReplace, Identity,
           "Name of the replica, unique in its cluster. The member is called "
           "`<cluster>-<name>`.",
           Dns1123(20), NotReserved({"proxy", "haproxy", "etcd", "data"}))
      .Add("instance_class", &C::instance_class, Optional, ConflictsWith({"resources"}),
           "How much CPU and memory the replica may use, by name. That of the cluster when "
           "neither this nor `resources` is set. A change restarts the replica.",
           OneOf(InstanceClassNames()))
      .Add("resources", &C::resources, Optional,
           "CPU and memory in numbers, in place of `instance_class`. A change restarts the "
           "replica.")
      .Add("id", &C::id, Computed, ChangesWith({"cluster_id", "name"}),
           "`host/cluster/name`, such as `local/orders/reports`.")
      .Add("member", &C::member, Computed, ChangesWith({"cluster_id", "name"}),
           "Name of the member, such as `orders-reports`.")
      .Add("host", &C::host, Computed, ChangesWith({"cluster_id"}),
           "Address under which the port is reached.")
      .Add("port", &C::port, Computed, ChangesWith({"cluster_id", "name"}),
           "Port on the host that leads to this replica, for reading only. Chosen when it is "
           "created, and kept.")
      .Add("endpoint", &C::endpoint, Computed, ChangesWith({"host", "port"}), "`host:port`.")
      .Add("drift", &C::drift, Computed, PlannedAs(Value::ListOf({})),
           "Why the host does not match this resource, one reason each. Empty after every apply; "
           "a plan that shows it becoming empty repairs that.")
      .Timeouts();
}

Result<PartAddress> AddressOf(const ReplicaConfig& object) {
  PartAddress address = TRY(ParseClusterAddress(object.cluster_id));
  address.key = ReplicaPartKey(object.name);
  return address;
}

Result<PartSpec> ToSpec(const ReplicaConfig& planned, const ReplicaConfig&) {
  ReplicaSpec spec{.name = planned.name, .instance_class = planned.instance_class.value_or("")};
  if (planned.resources) {
    spec.resources = TRY(ToResources(*planned.resources));
  } else if (planned.instance_class) {
    spec.resources = TRY(ResourcesOfClass(*planned.instance_class));
  }
  return PartSpec(std::move(spec));
}

void FromView(const ClusterView& view, const PartAddress& address, ReplicaConfig& object) {
  const auto& spec = std::get<ReplicaSpec>(view.parts.at(address.key));
  object.cluster_id = view.id.ToText();
  object.name = spec.name;
  object.instance_class.reset();
  object.resources.reset();
  if (!spec.instance_class.empty()) {
    object.instance_class = spec.instance_class;
  } else if (spec.resources) {
    object.resources = FromResources(*spec.resources);
  }
  object.id = PartId(view.id, spec.name);
  for (const MemberView& member : view.members) {
    if (member.part != address.key) continue;
    object.member = member.name;
    object.host = member.address;
    object.port = member.port;
  }
  object.endpoint = Endpoint(object.host, object.port);
  object.drift = view.DriftOf(address.key);
}

}  // namespace

ResourceType ReplicaResource() {
  return ManagedResource<ReplicaConfig>(Rows(), {.address = AddressOf,
                                                 .to_spec = ToSpec,
                                                 .from_view = FromView,
                                                 .parse_id = ParseReplicaAddress});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/kubernetes_driver.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "engine/drivers/kubernetes/events.h"
#include "engine/drivers/kubernetes/instances.h"
#include "engine/drivers/kubernetes/leases.h"
#include "engine/drivers/kubernetes/manifests.h"
#include "engine/drivers/kubernetes/observed.h"
#include "engine/drivers/kubernetes/place.h"
#include "engine/drivers/kubernetes/records.h"
#include "engine/drivers/kubernetes/volumes.h"

namespace dbaas {
namespace kubernetes {
namespace {

constexpr const char* kClusterIp = "ClusterIP";
constexpr const char* kNodePort = "NodePort";
// An API server's own range, unless its --service-node-port-range says another one.
constexpr int kFirstNodePort = 30000;
constexpr int kLastNodePort = 32767;

/// "https://10.0.0.1:6443" → "10.0.0.1", "https://[::1]:6443/k8s" → "::1".
std::string HostOf(const std::string& url) {
  const auto scheme = url.find("://");
  std::string host = scheme == std::string::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

class KubernetesDriver final : public Driver {
 public:
  KubernetesDriver(const std::string& host_name, KubernetesOptions options, Clock& clock,
                   Random& random)
      : host_(host_name),
        address_(options.address.empty() ? HostOf(options.access.server) : options.address),
        clock_(clock),
        shared_place_(std::make_shared<Place>(host_name, std::move(options), clock, random)),
        place_(*shared_place_),
        words_{.address = [this](const std::string& instance) {
          return AddressOf(instance, place_.options());
        }} {}

  const std::string& Host() const override { return host_; }
  HostTraits Traits() const override {
    HostTraits traits{.control_socket = false, .directories = false, .shared_volumes = false};
    if (place_.options().service_type == kNodePort) {
      traits.first_port = kFirstNodePort;
      traits.last_port = kLastNodePort;
    } else {
      traits.own_addresses = true;
    }
    return traits;
  }

  std::string Address(const std::string& instance) const override {
    if (place_.options().service_type == kNodePort) return address_;
    return AddressOf(PublishedOf(instance), place_.options());
  }

  /// As the pods of its own namespace, and those of others, may call it.
  std::vector<std::string> OtherNames(const std::string& instance) const override {
    const std::string name = PublishedOf(instance);
    const std::string in_namespace = name + "." + place_.name();
    return {name, in_namespace, in_namespace + ".svc", AddressOf(name, place_.options()),
            AddressOf(instance, place_.options())};
  }

  Result<std::int64_t> MemoryBytes() override {
    const Result<Json> nodes = place_.client().List("/api/v1/nodes");
    if (!nodes.has_value()) {
      // Whoever may not list nodes learns from the scheduler when there is not enough.
      if (nodes.error().kind == ErrorKind::kDenied) return std::numeric_limits<std::int64_t>::max();
      return nodes.error();
    }
    std::int64_t bytes = 0;
    for (const Json& node : GetMember(*nodes, "items")) {
      bytes +=
          ReadQuantity(GetString(GetMember(GetMember(node, "status"), "allocatable"), "memory"));
    }
    return bytes;
  }

  Result<Observation> Observe(const std::optional<std::string>& cluster) override {
    Observation observation{.at = clock_.Now()};
    const std::string selector = Selector(cluster);
    Listings listings;
    listings.policies = TRY(place_.List(kPolicies, selector));
    listings.pods = TRY(place_.List(kPods, selector));
    listings.stateful_sets = TRY(place_.List(kStatefulSets, selector));
    // Of all clusters, for their ports.
    listings.services = TRY(place_.List(kServices, Selector(std::nullopt)));
    const std::string files = selector + fmt::format(",{}=files", kLabelStore);
    listings.secrets =
        TRY(cluster ? place_.List(kSecrets, files) : place_.ListMetadata(kSecrets, files));
    ReadObjects(listings.policies, ObjectKind::kNetwork, observation.objects);
    ReadObjects(TRY(place_.List(kClaims, selector)), ObjectKind::kVolume, observation.objects);
    ReadInstances(cluster ? Depth::kDeep : Depth::kShallow, listings, observation.objects);
    ReadPublishedPorts(listings.services, observation.used_ports);
    return observation;
  }

  Result<void> Ensure(const Object& wanted) override {
    Object object = wanted;
    object.instance = ResolveHostWords(std::move(object.instance), words_);
    const std::string doing = "making " + object.id.ToText();
    TRY_IN(CheckCanBe(object), doing);
    switch (object.id.kind) {
      case ObjectKind::kNetwork: TRY_IN(EnsureNetwork(place_, object), doing); break;
      case ObjectKind::kVolume: TRY_IN(EnsureVolume(place_, object), doing); break;
      case ObjectKind::kInstance: TRY_IN(EnsureInstance(place_, object), doing); break;
    }
    return Ok();
  }

  Result<void> Remove(const ObjectId& id) override {
    const std::string doing = "removing " + id.ToText();
    switch (id.kind) {
      case ObjectKind::kNetwork: TRY_IN(RemoveNetwork(place_, id), doing); break;
      case ObjectKind::kVolume: TRY_IN(RemoveVolume(place_, id), doing); break;
      case ObjectKind::kInstance: TRY_IN(RemoveInstance(place_, id), doing); break;
    }
    return Ok();
  }

  Result<void> Restart(const std::string& instance) override {
    TRY_IN(RestartInstance(place_, instance), "restarting instance " + instance);
    return Ok();
  }

  Result<void> Kill(const std::string& instance) override {
    TRY_IN(KillInstance(place_, instance), "killing instance " + instance);
    return Ok();
  }

  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override {
    if (argv.empty()) return Internal("there is no command to run in " + instance);
    std::vector<std::string> command;
    for (const auto& argument : argv) command.push_back(ResolveHostWords(argument, words_));
    return TRY_IN(ExecIn(place_, instance, command, ResolveHostWords(input.Reveal(), words_)),
                  fmt::format("running {} in {}", argv.front(), instance));
  }

  Result<std::string> Logs(const std::string& instance, int lines) override {
    return TRY_IN(LogsOf(place_, instance, lines), "reading the log of " + instance);
  }

  Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                     std::stop_token stop) override {
    return WatchInstances(place_, on_event, std::move(stop));
  }

  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override {
    return kubernetes::ReadRecord(place_, cluster);
  }
  Result<std::vector<ClusterRecord>> ReadRecords() override {
    return kubernetes::ReadRecords(place_);
  }
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected_generation) override {
    return kubernetes::WriteRecord(place_, record, expected_generation);
  }
  Result<void> RemoveRecord(const std::string& cluster) override {
    return kubernetes::RemoveRecord(place_, cluster);
  }

  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override {
    return kubernetes::AcquireLease(shared_place_, name, holder, ttl);
  }

 private:
  const std::string host_;
  const std::string address_;
  Clock& clock_;
  const std::shared_ptr<Place> shared_place_;  ///< Shared with leases, which may outlive us.
  Place& place_;
  const HostWords words_;
};

}  // namespace
}  // namespace kubernetes

Result<std::shared_ptr<Driver>> MakeKubernetesDriver(const std::string& host_name,
                                                     KubernetesOptions options, Clock& clock,
                                                     Random& random) {
  if (options.service_type != kubernetes::kClusterIp &&
      options.service_type != kubernetes::kNodePort) {
    return Invalid("service_type", fmt::format("there is no service_type {}", options.service_type),
                   "It is ClusterIP or NodePort.");
  }
  if (options.volume_bytes <= 0) {
    return Invalid("volume_size", "a volume of no size holds nothing");
  }
  if (options.namespace_name.empty()) options.namespace_name = options.access.namespace_name;
  if (options.namespace_name.empty()) options.namespace_name = "default";
  return std::shared_ptr<Driver>(
      std::make_shared<kubernetes::KubernetesDriver>(host_name, std::move(options), clock, random));
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/docker_driver.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "engine/base/listening_ports.h"
#include "engine/drivers/docker/client.h"
#include "engine/drivers/docker/endpoint.h"
#include "engine/drivers/docker/instances.h"
#include "engine/drivers/docker/leases.h"
#include "engine/drivers/docker/networks.h"
#include "engine/drivers/docker/records.h"
#include "engine/drivers/docker/translate.h"

namespace dbaas {
namespace docker {
namespace {

/// Commands reach an instance only while it runs; one that is just starting again will run soon.
Error ExplainExec(Error error, const std::string& instance, const std::string& host) {
  if (error.kind == ErrorKind::kNotFound) {
    return NotFound(fmt::format("instance {} is not on host {}", instance, host), error.summary);
  }
  if (error.kind == ErrorKind::kConflict) {
    return Unavailable(fmt::format("instance {} on host {} is not running", instance, host),
                       error.summary);
  }
  return error;
}

class DockerDriver final : public Driver {
 public:
  DockerDriver(Endpoint endpoint, std::string host, Clock& clock)
      : clock_(clock),
        host_(std::move(host)),
        address_(endpoint.Address()),
        client_(std::make_shared<DockerClient>(std::move(endpoint), host_, clock)),
        records_(client_) {}

  const std::string& Host() const override { return host_; }
  HostTraits Traits() const override { return {}; }
  std::string Address(const std::string&) const override { return address_; }
  std::vector<std::string> OtherNames(const std::string&) const override { return {}; }
  Result<std::int64_t> MemoryBytes() override { return TRY(client_->ReadMachine()).memory_bytes; }

  Result<Observation> Observe(const std::optional<std::string>& cluster) override {
    Observation observation{.at = clock_.Now()};
    // All containers, ours or not: the others' ports count too.
    const Json containers = TRY(client_->Get("/containers/json?all=1"));
    const std::string filter = ManagedFilter(cluster);
    ReadNetworks(TRY(client_->Get("/networks?filters=" + filter)), cluster, observation.objects);
    ReadVolumes(TRY(client_->Get("/volumes?filters=" + filter)), cluster, observation.objects);
    ReadContainers(containers, cluster, observation.objects);
    ReadPublishedPorts(containers, observation.used_ports);
    if (client_->endpoint().IsLocal()) observation.used_ports.merge(ListeningPorts());
    if (!cluster) return observation;
    for (ObservedObject& object : observation.objects) {
      if (object.id.kind != ObjectKind::kInstance) continue;
      object.files_fingerprint = TRY_IN(ReadMarker(*client_, object.id.name),
                                        "reading the files of " + object.id.ToText());
    }
    return observation;
  }

  Result<void> Ensure(const Object& wanted) override {
    Object object = wanted;
    object.instance = ResolveHostWords(std::move(object.instance));
    const std::string doing = "making " + object.id.ToText();
    switch (object.id.kind) {
      case ObjectKind::kNetwork: TRY_IN(EnsureNetwork(*client_, object), doing); break;
      case ObjectKind::kVolume: TRY_IN(EnsureVolume(*client_, object), doing); break;
      case ObjectKind::kInstance:
        if (auto made = EnsureInstance(*client_, object); !made) {
          return ExplainMount(std::move(made).error(), host_).In(doing);
        }
        break;
    }
    return Ok();
  }

  Result<void> Remove(const ObjectId& id) override {
    const std::string doing = "removing " + id.ToText();
    switch (id.kind) {
      case ObjectKind::kNetwork: TRY_IN(RemoveNetwork(*client_, id), doing); break;
      case ObjectKind::kVolume: TRY_IN(RemoveVolume(*client_, id), doing); break;
      case ObjectKind::kInstance: TRY_IN(RemoveInstance(*client_, id), doing); break;
    }
    return Ok();
  }

  Result<void> Restart(const std::string& instance) override {
    TRY_IN(RestartInstance(*client_, instance), "restarting instance " + instance);
    return Ok();
  }

  Result<void> Kill(const std::string& instance) override {
    TRY_IN(KillInstance(*client_, instance), "killing instance " + instance);
    return Ok();
  }

  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override {
    if (argv.empty()) return Internal("there is no command to run in " + instance);
    std::vector<std::string> command;
    for (const auto& argument : argv) command.push_back(ResolveHostWords(argument));
    Result<ExecResult> result = client_->Exec(instance, command, ResolveHostWords(input.Reveal()));
    if (result.has_value()) return result;
    return ExplainExec(std::move(result).error(), instance, host_)
        .In(fmt::format("running {} in {}", argv.front(), instance));
  }

  Result<std::string> Logs(const std::string& instance, int lines) override {
    return TRY_IN(client_->Logs(instance, lines), "reading the log of " + instance);
  }

  Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                     std::stop_token stop) override {
    const auto take = [&on_event](const Json& event) {
      if (event.is_null()) return on_event({.kind = InstanceEvent::Kind::kAttached});
      if (const auto read = ReadEvent(event)) on_event(*read);
    };
    Error ended = client_->Follow(EventFilter(), take, std::move(stop));
    if (ended.kind == ErrorKind::kCancelled) return Ok();
    return std::move(ended).In("following the events of host " + host_);
  }

  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override {
    return records_.Read(cluster);
  }
  Result<std::vector<ClusterRecord>> ReadRecords() override { return records_.ReadAll(); }
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected_generation) override {
    return records_.Write(record, expected_generation);
  }
  Result<void> RemoveRecord(const std::string& cluster) override {
    TRY(records_.Remove(cluster));
    RemoveExpiredLeases(*client_);
    return Ok();
  }

  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override {
    return docker::AcquireLease(client_, name, holder, ttl);
  }

 private:
  Clock& clock_;
  const std::string host_;
  const std::string address_;
  const std::shared_ptr<DockerClient> client_;  ///< Shared with leases, which may outlive us.
  RecordStore records_;
};

}  // namespace
}  // namespace docker

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

DockerOptions FromEnvironment(DockerOptions options, const ReadVariable& read) {
  if (!options.endpoint.empty()) return options;
  options.endpoint = read("DOCKER_HOST").value_or("");
  if (options.cert_path.empty()) {
    options.cert_path = read("DOCKER_CERT_PATH").value_or("");
  }
  if (!options.tls_verify && !read("DOCKER_TLS_VERIFY").value_or("").empty()) {
    options.tls_verify = true;
    // Without a folder of its own it means the one of the docker command's settings.
    const std::string settings =
        read("DOCKER_CONFIG").value_or(read("HOME").value_or("") + "/.docker");
    if (options.cert_path.empty()) options.cert_path = settings;
  }
  return options;
}

Result<std::shared_ptr<Driver>> MakeDockerDriver(const DockerOptions& options, Clock& clock) {
  return std::shared_ptr<Driver>(std::make_shared<docker::DockerDriver>(
      TRY(docker::ParseEndpoint(options)), options.host_name, clock));
}

}  // namespace dbaas

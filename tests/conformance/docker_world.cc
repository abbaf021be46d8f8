// SPDX-License-Identifier: MPL-2.0
// The conformance suite against a real Docker engine: the one that DOCKER_HOST names, or the
// default socket. Needs busybox-static for its image. Everything made here starts with one random
// name and is removed again, also when a test fails.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "engine/base/random.h"
#include "engine/drivers/docker/client.h"
#include "engine/drivers/docker/docker_driver.h"
#include "engine/drivers/docker/endpoint.h"
#include "tests/conformance/driver_conformance.h"
#include "tests/conformance/test_image.h"

namespace dbaas {
namespace {

DockerOptions Options() { return FromEnvironment({}, ReadEnvironment); }

std::string LowerCase(std::string text) {
  for (char& character : text) character = static_cast<char>(std::tolower(character));
  return text;
}

class DockerWorld final : public DriverWorld {
 public:
  DockerWorld()
      : client_(*docker::ParseEndpoint(Options()), "local", clock_),
        driver_(*MakeDockerDriver(Options(), clock_)),
        other_driver_(*MakeDockerDriver(Options(), clock_)),
        cluster_("test-" + LowerCase(SystemRandom().Token(8))) {
    missing_ = EnsureTestImage(client_);
  }

  ~DockerWorld() override {  // NOLINT(bugprone-exception-escape): then the test has failed
    if (missing_.empty()) CleanUp();
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  std::string Missing() const override { return missing_; }
  Driver& driver() override { return *driver_; }
  Driver& other_driver() override { return *other_driver_; }
  std::string image() const override { return kTestImage; }
  std::string cluster() const override { return cluster_; }

  void LetTimePass(Milliseconds duration) override { std::this_thread::sleep_for(duration); }

  void AddForeign(const ObjectId& id) override {
    switch (id.kind) {
      case ObjectKind::kNetwork: Call("/networks/create", {{"Name", id.name}}); break;
      case ObjectKind::kVolume: Call("/volumes/create", {{"Name", id.name}}); break;
      case ObjectKind::kInstance:
        Call("/containers/create?name=" + id.name,
             {{"Image", image()}, {"Cmd", Json::array({kBusybox})}});
        break;
    }
  }

  std::string MakeDirectory() override {
    directory_ = "/tmp/dbaas-conformance-XXXXXX";
    return mkdtemp(directory_.data());
  }

  void StopByHand(const std::string& instance) override {
    Call(fmt::format("/containers/{}/kill", instance));
    Call(fmt::format("/containers/{}/wait?condition=not-running", instance));
  }

  void Prune() override {
    // What `docker system prune --all` does to us; for everybody else's containers and images it
    // would do more than a test may.
    (void)client_.Delete("/containers/dbaas-records?force=1").has_value();
    (void)client_.Delete("/images/dbaas/records:1").has_value();
  }

 private:
  void Call(const std::string& path, const Json& body = nullptr) {
    const Result<Json> answer = client_.Post(path, body);
    EXPECT_TRUE(answer.has_value()) << answer.error().ToLine();
  }

  void CleanUp() {
    const auto ours = [this](std::string name) {
      if (name.starts_with('/')) name.erase(0, 1);
      return name.starts_with(cluster_) || name.starts_with("dbaas-lease-" + cluster_);
    };
    const Json containers = *client_.Get("/containers/json?all=1");
    for (const Json& container : containers) {
      if (!ours(container["Names"][0])) continue;
      (void)client_.Delete("/containers/" + GetString(container, "Id") + "?force=1&v=1")
          .has_value();
    }
    const Json volumes = *client_.Get("/volumes");
    for (const Json& volume : GetMember(volumes, "Volumes")) {
      if (ours(volume["Name"])) (void)client_.Delete("/volumes/" + GetString(volume, "Name"));
    }
    const Json networks = *client_.Get("/networks");
    for (const Json& network : networks) {
      if (ours(network["Name"])) (void)client_.Delete("/networks/" + GetString(network, "Id"));
    }
    const Result<std::vector<ClusterRecord>> records = driver_->ReadRecords();
    if (records.has_value()) {
      for (const ClusterRecord& record : *records) {
        if (!ours(record.cluster)) continue;
        EXPECT_TRUE(driver_->RemoveRecord(record.cluster).has_value());
      }
    }
    // Also clears the store away when a reader made it again at the wrong moment.
    EXPECT_TRUE(driver_->RemoveRecord(cluster_).has_value());
  }

  SystemClock clock_;
  docker::DockerClient client_;
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<Driver> other_driver_;
  const std::string cluster_;
  std::string missing_;
  std::string directory_;
};

std::unique_ptr<DriverWorld> MakeDockerWorld() { return std::make_unique<DockerWorld>(); }

INSTANTIATE_TEST_SUITE_P(Docker, DriverConformance, testing::Values(MakeDockerWorld));

}  // namespace
}  // namespace dbaas

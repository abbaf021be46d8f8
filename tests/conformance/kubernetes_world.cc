// SPDX-License-Identifier: MPL-2.0
// The conformance suite against a real Kubernetes cluster: the testbed of `./dev kubernetes up`, or
// the one that DBAAS_TEST_KUBECONFIG names, with the image dbaas/test-pod:1 in its nodes and a
// default storage class. Everything made here is in one namespace and starts with one random name,
// and is removed again, also when a test fails.
#include <fmt/format.h>

#include <thread>

#include "engine/drivers/kubernetes/place.h"
#include "tests/conformance/driver_conformance.h"
#include "tests/conformance/kubernetes_testbed.h"

namespace dbaas {
namespace {

using kubernetes::Place;

class KubernetesWorld final : public DriverWorld {
 public:
  KubernetesWorld() : cluster_(NewTestCluster()) {
    auto options = TestbedOptions();
    if (!options) {
      missing_ = options.error().ToLine();
      return;
    }
    // Only these ports can be taken: every Service inside has an address for itself.
    options->service_type = "NodePort";
    place_ = std::make_unique<Place>("testbed", *options, clock_, random_);
    driver_ = *MakeKubernetesDriver("testbed", *options, clock_, random_);
    other_driver_ = *MakeKubernetesDriver("testbed", *options, clock_, random_);
  }

  ~KubernetesWorld() override {  // NOLINT(bugprone-exception-escape): then the test has failed
    if (missing_.empty()) CleanUp();
  }

  std::string Missing() const override { return missing_; }
  Driver& driver() override { return *driver_; }
  Driver& other_driver() override { return *other_driver_; }
  std::string image() const override { return kTestPodImage; }
  std::string cluster() const override { return cluster_; }
  /// A pod runs as one user: the first that its files name.
  std::string OwnerOf(const File&) const override { return "999:998"; }
  void LetTimePass(Milliseconds duration) override { std::this_thread::sleep_for(duration); }

  void AddForeign(const ObjectId& id) override {
    const Json metadata = {{"name", id.name}};
    const Json labels = {{"app", id.name}};
    switch (id.kind) {
      case ObjectKind::kNetwork:
        Create(kubernetes::kPolicies, {{"apiVersion", "networking.k8s.io/v1"},
                                       {"kind", "NetworkPolicy"},
                                       {"metadata", metadata},
                                       {"spec", {{"podSelector", {{"matchLabels", labels}}}}}});
        break;
      case ObjectKind::kVolume:
        Create(kubernetes::kClaims, {{"apiVersion", "v1"},
                                     {"kind", "PersistentVolumeClaim"},
                                     {"metadata", metadata},
                                     {"spec",
                                      {{"accessModes", {"ReadWriteOnce"}},
                                       {"resources", {{"requests", {{"storage", "1Mi"}}}}}}}});
        break;
      case ObjectKind::kInstance:
        Create(kubernetes::kStatefulSets,
               {{"apiVersion", "apps/v1"},
                {"kind", "StatefulSet"},
                {"metadata", metadata},
                {"spec",
                 {{"replicas", 0},
                  {"serviceName", id.name},
                  {"selector", {{"matchLabels", labels}}},
                  {"template",
                   {{"metadata", {{"labels", labels}}},
                    {"spec",
                     {{"containers", Json::array({{{"name", "main"}, {"image", image()}}})}}}}}}}});
        break;
    }
  }

  void StopByHand(const std::string& instance) override {
    const auto scaled =
        place_->Patch(kubernetes::kStatefulSets, instance, {{"spec", {{"replicas", 0}}}});
    EXPECT_TRUE(scaled.has_value()) << scaled.error().ToLine();
    const auto gone =
        place_->WaitUntilGone(kubernetes::kPods, instance + "-0", std::chrono::seconds(60));
    EXPECT_TRUE(gone.has_value()) << gone.error().ToLine();
  }
  std::string EndedByHand() const override { return "exited (0)"; }
  std::string StoppedByHand() const override { return "scaled to 0"; }
  std::pair<int, int> Ports() const override { return {30000, 32767}; }
  bool KeepsScratch() const override { return false; }

 private:
  void Create(const kubernetes::Resource& resource, const Json& object) {
    const auto made = place_->Create(resource, object);
    EXPECT_TRUE(made.has_value()) << made.error().ToLine();
  }

  void CleanUp() {
    for (const auto& resource :
         {kubernetes::kStatefulSets, kubernetes::kServices, kubernetes::kSecrets,
          kubernetes::kClaims, kubernetes::kPolicies, kubernetes::kLeases, kubernetes::kPods}) {
      const auto list = place_->List(resource, "");
      if (!list.has_value()) continue;
      for (const Json& thing : GetMember(*list, "items")) {
        const std::string name = GetString(GetMember(thing, "metadata"), "name");
        if (name.find(cluster_) == std::string::npos) continue;
        Json how = {{"propagationPolicy", "Background"}};
        if (resource.plural == kubernetes::kPods.plural) how["gracePeriodSeconds"] = 1;
        (void)place_->Delete(resource, name, how).has_value();
      }
    }
  }

  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Place> place_;
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<Driver> other_driver_;
  const std::string cluster_;
  std::string missing_;
};

std::unique_ptr<DriverWorld> MakeKubernetesWorld() { return std::make_unique<KubernetesWorld>(); }

INSTANTIATE_TEST_SUITE_P(Kubernetes, DriverConformance, testing::Values(MakeKubernetesWorld));

}  // namespace
}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
// What only Kubernetes has, on a real cluster: edits by hand, fields of others, volumes that grow,
// ports of the nodes, names. The rest is tests/conformance/.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "engine/drivers/kubernetes/manifests.h"
#include "engine/drivers/kubernetes/observed.h"
#include "engine/drivers/kubernetes/place.h"
#include "tests/conformance/kubernetes_testbed.h"
#include "tests/conformance/skip.h"

namespace dbaas::kubernetes {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kNodePort = 31432;

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto options = TestbedOptions();
    if (!options) DBAAS_SKIP(options.error().ToLine());
    options_ = *options;
    place_ = std::make_unique<Place>("testbed", options_, clock_, random_);
    driver_ = *MakeKubernetesDriver("testbed", options_, clock_, random_);
  }

  void TearDown() override {
    if (!driver_) return;
    for (const ObjectId& id : made_) {
      const auto removed = driver_->Remove(id);
      EXPECT_TRUE(removed.has_value()) << removed.error().ToLine();
    }
  }

  Object Instance(const std::string& suffix = "-1") {
    Object object{.id = {ObjectKind::kInstance, cluster_ + suffix}, .cluster = cluster_};
    object.part = "cluster";
    object.instance.image = kTestPodImage;
    object.instance.command = {"/bin/busybox", "sh", "-c",
                               "trap 'exit 0' TERM; while true; do sleep 3600 & wait $!; done"};
    object.instance.files = {
        {.path = "/etc/dbaas/a.conf", .content = Secret<std::string>("hunter2")}};
    object.instance.ports = {{.name = "write", .container_port = 80, .host_port = kNodePort}};
    object.instance.reload_signal = "SIGHUP";
    Seal(object, "salt");
    return object;
  }

  void Make(const Object& object) { Make(*driver_, object); }
  void Make(Driver& driver, const Object& object) {
    made_.insert(object.id);
    const auto made = driver.Ensure(object);
    ASSERT_TRUE(made.has_value()) << made.error().ToLine() << " " << made.error().detail;
  }

  Fingerprint FilesOfInstance(const Object& object) { return FilesOfInstance(object, cluster_); }
  /// Without a cluster: in the listing of the whole host.
  Fingerprint FilesOfInstance(const Object& object, const std::optional<std::string>& cluster) {
    const auto seen = driver_->Observe(cluster);
    const ObservedObject* const found = seen->Find(object.id);
    return found == nullptr ? "there is no " + object.id.name : found->files_fingerprint;
  }

  Json Get(const Resource& resource, const std::string& name) {
    const auto found = place_->Find(resource, name);
    return found->value_or(Json());
  }

  SystemClock clock_;
  SystemRandom random_;
  const std::string cluster_ = NewTestCluster();
  KubernetesOptions options_;
  std::unique_ptr<Place> place_;
  std::shared_ptr<Driver> driver_;
  std::set<ObjectId> made_;
};

TEST_F(ClusterTest, WhatWasEditedByHandIsSeenAndMended) {
  const Object object = Instance();
  Make(object);
  ASSERT_EQ(FilesOfInstance(object), object.files_fingerprint);
  const std::string& name = object.id.name;
  const std::string pod = GetString(Get(kPods, PodOf(name))["metadata"], "uid");

  const std::vector<std::pair<const char*, std::function<bool()>>> edits = {
      {"a Service's selector",
       [&] {
         return place_->Patch(kServices, name, {{"spec", {{"selector", {{"a", "b"}}}}}})
                    .has_value() &&
                place_
                    ->Patch(kServices, name,
                            {{"spec", {{"selector", {{kLabelInstance, "somebody-else"}}}}}})
                    .has_value();
       }},
      {"a Service", [&] { return place_->Delete(kServices, PublishedOf(name)).has_value(); }},
      {"a policy", [&] { return place_->Delete(kPolicies, PublishedOf(name)).has_value(); }},
      {"the Secret", [&] { return place_->Delete(kSecrets, FilesOf(name)).has_value(); }},
      {"the Secret's content",
       [&] {
         return place_->Patch(kSecrets, FilesOf(name), {{"data", {{"files", Base64("end\n")}}}})
             .has_value();
       }},
      {"the StatefulSet's template", [&] {
         return place_
             ->Patch(
                 kStatefulSets, name,
                 {{"spec", {{"template", {{"spec", {{"terminationGracePeriodSeconds", 77}}}}}}}})
             .has_value();
       }}};
  for (const auto& [what, edit] : edits) {
    ASSERT_TRUE(edit()) << what;
    EXPECT_EQ(FilesOfInstance(object), kNotAsApplied) << what;
    if (std::string_view(what) != "the Secret's content") {
      EXPECT_EQ(FilesOfInstance(object, std::nullopt), kNotAsApplied) << what << ", from afar";
    }
    Make(object);
    EXPECT_EQ(FilesOfInstance(object), object.files_fingerprint) << what;
  }
  EXPECT_EQ(Get(kServices, name)["spec"]["selector"][std::string(kLabelInstance)], name);
  EXPECT_EQ(Get(kStatefulSets, name)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
            10);
  EXPECT_EQ(GetString(Get(kPods, PodOf(name))["metadata"], "uid"), pod) << "it was not restarted";
}

TEST_F(ClusterTest, WhatOthersAddStays) {
  const Object object = Instance();
  Make(object);
  const std::string& name = object.id.name;
  ASSERT_TRUE(
      place_->Patch(kStatefulSets, name, {{"metadata", {{"annotations", {{"team", "blue"}}}}}})
          .has_value());
  ASSERT_TRUE(
      place_->Patch(kServices, name, {{"spec", {{"sessionAffinity", "ClientIP"}}}}).has_value());
  EXPECT_EQ(FilesOfInstance(object), object.files_fingerprint);
  Make(object);
  EXPECT_EQ(Get(kStatefulSets, name)["metadata"]["annotations"]["team"], "blue");
  EXPECT_EQ(Get(kServices, name)["spec"]["sessionAffinity"], "ClientIP");
}

TEST_F(ClusterTest, AStatefulSetThatWasDeletedFromOverItsPodIsMadeAgainAroundIt) {
  const Object object = Instance();
  Make(object);
  const std::string& name = object.id.name;
  const std::string pod = GetString(Get(kPods, PodOf(name))["metadata"], "uid");
  ASSERT_TRUE(place_->Delete(kStatefulSets, name, {{"propagationPolicy", "Orphan"}}).has_value());
  ASSERT_TRUE(place_->WaitUntilGone(kStatefulSets, name, 20s).has_value());
  EXPECT_EQ(driver_->Observe(cluster_)->Find(object.id), nullptr);
  Make(object);
  EXPECT_EQ(GetString(Get(kPods, PodOf(name))["metadata"], "uid"), pod);
  EXPECT_EQ(FilesOfInstance(object), object.files_fingerprint);

  ASSERT_TRUE(place_->Delete(kStatefulSets, name, {{"propagationPolicy", "Orphan"}}).has_value());
  ASSERT_TRUE(place_->WaitUntilGone(kStatefulSets, name, 20s).has_value());
  ASSERT_TRUE(driver_->Remove(object.id).has_value());
  EXPECT_TRUE(Get(kPods, PodOf(name)).is_null()) << "an orphan goes too";
}

TEST_F(ClusterTest, AVolumeGrowsAndNeverShrinks) {
  Object volume{.id = {ObjectKind::kVolume, cluster_ + "-data"}, .cluster = cluster_};
  Seal(volume, "salt");
  Make(volume);
  KubernetesOptions larger = options_;
  larger.volume_bytes = options_.volume_bytes * 2;
  const auto driver = *MakeKubernetesDriver("testbed", larger, clock_, random_);
  const auto requested = [&] {
    return ReadQuantity(Get(kClaims, volume.id.name)["spec"]["resources"]["requests"]["storage"]);
  };
  // A claim grows only when it has a volume.
  for (int look = 0; look < 100 && Get(kClaims, volume.id.name)["status"]["phase"] != "Bound";
       ++look) {
    std::this_thread::sleep_for(100ms);
  }
  Make(*driver, volume);
  EXPECT_EQ(requested(), larger.volume_bytes);
  Make(volume);
  EXPECT_EQ(requested(), larger.volume_bytes);
}

TEST_F(ClusterTest, APortOfTheNodesIsTakenOnce) {
  KubernetesOptions options = options_;
  options.service_type = "NodePort";
  const auto driver = *MakeKubernetesDriver("testbed", options, clock_, random_);
  const Json foreign = {{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"metadata", {{"name", cluster_ + "-foreign"}}},
                        {"spec",
                         {{"type", "NodePort"},
                          {"selector", {{"a", "b"}}},
                          {"ports", Json::array({{{"port", 80}, {"nodePort", kNodePort}}})}}}};
  ASSERT_TRUE(place_->Create(kServices, foreign).has_value());
  const Object object = Instance();
  const auto made = driver->Ensure(object);
  ASSERT_TRUE(place_->Delete(kServices, cluster_ + "-foreign").has_value());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, ErrorKind::kConflict) << made.error().ToLine();
  EXPECT_EQ(made.error().field, "port");
  EXPECT_THAT(made.error().summary, HasSubstr(std::to_string(kNodePort)));
  Make(*driver, object);
  EXPECT_EQ(Get(kServices, PublishedOf(object.id.name))["spec"]["ports"][0]["nodePort"], kNodePort);
}

TEST_F(ClusterTest, InstancesKnowEachOtherByNameAndPublishTheSamePort) {
  const Object first = Instance("-1");
  Object second = first;
  second.id.name = cluster_ + "-2";
  Seal(second, "salt");
  Make(first);
  Make(second);
  std::string answer;
  for (int attempt = 0; attempt < 40; ++attempt) {
    const auto asked = driver_->Exec(second.id.name,
                                     {"/bin/busybox", "nslookup", AddressOfInstance(first.id.name)},
                                     Secret<std::string>());
    ASSERT_TRUE(asked.has_value()) << asked.error().ToLine();
    answer = asked->output + asked->errors;
    if (asked->exit_code == 0) break;
    std::this_thread::sleep_for(250ms);
  }
  EXPECT_THAT(answer, HasSubstr(GetString(Get(kPods, PodOf(first.id.name))["status"], "podIP")));
}

TEST_F(ClusterTest, ManifestsAreValidStrictlyAndUnderTheRestrictedLevel) {
  const Json ns = {
      {"apiVersion", "v1"},
      {"kind", "Namespace"},
      {"metadata",
       {{"name", cluster_}, {"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
  ASSERT_TRUE(place_->client().Create("/api/v1/namespaces", ns).has_value());
  KubernetesOptions options = options_;
  options.namespace_name = cluster_;
  Place place("testbed", options, clock_, random_);
  Object object = Instance();
  object.instance.stop_signal = "SIGINT";
  object.instance.shm_bytes = 1 << 20;
  object.instance.resources = {.cpu = 0.1, .memory_bytes = 64 << 20};
  const std::vector<std::pair<Resource, Json>> manifests = {
      {kStatefulSets, StatefulSetOf(object, options)},
      {kServices, ServiceOf(object, options)},
      {kServices, *PublishedServiceOf(object, options)},
      {kPolicies, *PublishedPolicyOf(object, options)},
      {kPolicies, PolicyOf(object, options)},
      {kSecrets, SecretOf(object, options)},
      {kClaims, ClaimOf(object, options)}};
  for (const auto& [resource, manifest] : manifests) {
    const auto tried = place.client().Create(
        place.Collection(resource) + "?dryRun=All&fieldValidation=Strict", manifest);
    EXPECT_TRUE(tried.has_value()) << resource.plural << ": " << tried.error().ToLine();
  }
  const Json pod = {{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata", {{"name", "tried"}}},
                    {"spec", StatefulSetOf(object, options)["spec"]["template"]["spec"]}};
  const auto tried = place.client().Create(place.Collection(kPods) + "?dryRun=All", pod);
  EXPECT_TRUE(tried.has_value()) << tried.error().ToLine();
  EXPECT_TRUE(place_->client().Delete("/api/v1/namespaces/" + cluster_).has_value());
}

}  // namespace
}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/manifests.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "engine/drivers/kubernetes/files.h"

namespace dbaas::kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

KubernetesOptions Options() {
  KubernetesOptions options;
  options.namespace_name = "databases";
  options.storage_class = "fast";
  return options;
}

Object Member() {
  Object object{.id = {ObjectKind::kInstance, "orders-1"},
                .cluster = "orders",
                .part = "replica/reports",
                .member = "orders-1"};
  object.instance = {.image = "dbaas/postgresql:17",
                     .command = {"patroni", "/etc/dbaas"},
                     .environment = {{"PGDATA", "/var/lib/postgresql/17"}},
                     .mounts = {{.volume = "orders-1-data", .path = "/var/lib/postgresql"}},
                     .networks = {"orders", "dbaas-management"},
                     .ports = {{.name = "write", .container_port = 5432, .host_port = 15432},
                               {.name = "rest", .container_port = 8008}},
                     .files = {{.path = "/etc/dbaas/secret",
                                .content = Secret<std::string>("hunter2"),
                                .uid = 999,
                                .gid = 998},
                               {.path = "/etc/dbaas/bootstrap.yml",
                                .content = Secret<std::string>("once"),
                                .mode = 0640,
                                .uid = 999,
                                .gid = 998,
                                .create_only = true}},
                     .resources = {.cpu = 1.5, .memory_bytes = 512 << 20},
                     .shm_bytes = 64 << 20,
                     .stop_signal = "SIGINT",
                     .stop_timeout_seconds = 60,
                     .reload_signal = "SIGHUP"};
  object.fingerprint = "f1";
  object.files_fingerprint = "f2";
  return object;
}

/// A file of golden/. DBAAS_UPDATE_GOLDEN=1 writes it anew; then look at the difference.
void ExpectGolden(const std::string& name, const Json& made) {
  const std::string path =
      std::string(DBAAS_SOURCE_DIR) + "/tests/drivers/kubernetes/golden/" + name + ".json";
  const std::string text = made.dump(2) + "\n";
  if (std::getenv("DBAAS_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {})) << path;
}

TEST(ManifestsTest, AnInstanceIsAStatefulSetAndWhatIsWithIt) {
  ExpectGolden("stateful_set", StatefulSetOf(Member(), Options()));
  ExpectGolden("service", ServiceOf(Member(), Options()));
  ExpectGolden("published_service", *PublishedServiceOf(Member(), Options()));
  ExpectGolden("published_policy", *PublishedPolicyOf(Member(), Options()));
}

TEST(ManifestsTest, VolumesAreClaimsAndNetworksArePolicies) {
  Object object{.cluster = "orders", .part = "cluster", .member = "orders-1", .fingerprint = "f"};
  object.id = {ObjectKind::kVolume, "orders-1-data"};
  ExpectGolden("claim", ClaimOf(object, Options()));
  object.id = {ObjectKind::kNetwork, "orders"};
  object.member = "";
  ExpectGolden("policy", PolicyOf(object, Options()));
}

TEST(ManifestsTest, SecretsAreInSecretsOnly) {
  const Object member = Member();
  for (const Json& manifest :
       {StatefulSetOf(member, Options()), ServiceOf(member, Options()),
        *PublishedServiceOf(member, Options()), *PublishedPolicyOf(member, Options())}) {
    EXPECT_THAT(Dump(manifest), Not(HasSubstr("hunter2")));
    EXPECT_THAT(Dump(manifest), Not(HasSubstr(Base64("hunter2"))));
  }
  const Json data = SecretOf(member, Options())["data"];
  EXPECT_EQ(DecodeBase64(GetString(data, kFilesKey)), "600 /etc/dbaas/secret\naHVudGVyMg==\nend\n");
  EXPECT_EQ(DecodeBase64(GetString(data, kOnceKey)),
            "640 /etc/dbaas/bootstrap.yml\nb25jZQ==\nend\n");
}

TEST(ManifestsTest, ASecretThatWasEditedIsNotIntact) {
  Json data = SecretOf(Member(), Options())["data"];
  EXPECT_TRUE(IsIntact(data));
  data[kFilesKey] = Base64("end\n");
  EXPECT_FALSE(IsIntact(data));
  EXPECT_FALSE(IsIntact(Json()));
}

TEST(ManifestsTest, APortOfTheNodesIsAskedForOnlyWhereThatIsWanted) {
  KubernetesOptions options = Options();
  options.service_type = "NodePort";
  EXPECT_EQ((*PublishedServiceOf(Member(), options))["spec"]["ports"][0]["nodePort"], 15432);
  Object inner = Member();
  inner.instance.ports[0].host_port = 0;
  EXPECT_FALSE(PublishedServiceOf(inner, options).has_value());
  EXPECT_FALSE(PublishedPolicyOf(inner, options).has_value());
}

TEST(ManifestsTest, WhatIsKilledGetsNoHookAndTheLeastTime) {
  Object object = Member();
  object.instance.stop_signal = "SIGKILL";
  const Json pod = StatefulSetOf(object, Options())["spec"]["template"]["spec"];
  EXPECT_EQ(pod["terminationGracePeriodSeconds"], 1);
  EXPECT_FALSE(pod["containers"][0].contains("lifecycle"));
}

TEST(FilesTest, OwnFoldersAreApartFromEachOtherAndFromVolumes) {
  InstanceSpec instance;
  instance.mounts = {{.volume = "data", .path = "/data"}};
  for (const char* path : {"/srv/deep/down/a", "/srv/b", "/srv-too/c", "/data/d", "/tmp/x/e"}) {
    instance.files.push_back({.path = path});
  }
  EXPECT_THAT(OwnFolders(instance), ElementsAre("/run", "/srv", "/srv-too", "/tmp", "/var"));
  EXPECT_EQ(MountsWithFiles(instance).size(), 1u);
  instance.mounts.push_back({.volume = "more", .path = "/more"});
  EXPECT_EQ(MountsWithFiles(instance).size(), 1u);
  EXPECT_TRUE(CheckFiles(instance).has_value());
  instance.files.push_back({.path = "/passwd"});
  EXPECT_FALSE(CheckFiles(instance).has_value());
}

TEST(ManifestsTest, WhatKubernetesCannotHoldIsSaidBefore) {
  Object object = Member();
  EXPECT_TRUE(CheckCanBe(object).has_value());
  object.id.name = std::string(53, 'a');
  EXPECT_EQ(CheckCanBe(object).error().field, "name");
  object = Member();
  object.instance.control_socket = true;
  EXPECT_FALSE(CheckCanBe(object).has_value());
  Object volume{.id = {ObjectKind::kVolume, "v"}, .cluster = "orders", .directory = "/srv"};
  EXPECT_EQ(CheckCanBe(volume).error().field, "backup_directory");
}

TEST(ManifestsTest, WhoseAThingIs) {
  const Object member = Member();
  const Json set = StatefulSetOf(member, Options());
  EXPECT_TRUE(CheckIsSame(set, member, "prod").has_value());
  Object other = member;
  other.fingerprint = "f9";
  EXPECT_THAT(CheckIsSame(set, other, "prod").error().ToLine(), HasSubstr("other settings"));
  other.cluster = "another";
  EXPECT_THAT(CheckIsSame(set, other, "prod").error().ToLine(),
              HasSubstr("belongs to cluster orders"));
  Json foreign = set;
  foreign["metadata"].erase("labels");
  EXPECT_EQ(CheckIsOurs(foreign, member.id, "prod").error().summary,
            "statefulset orders-1 on host prod is not managed by dbaas");
}

}  // namespace
}  // namespace dbaas::kubernetes

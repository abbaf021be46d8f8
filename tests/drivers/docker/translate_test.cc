// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/translate.h"

#include <gmock/gmock.h>

namespace dbaas::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Object Member() {
  Object object{.id = {ObjectKind::kInstance, "orders-1"},
                .cluster = "orders",
                .part = "cluster",
                .member = "orders-1"};
  object.instance = {
      .image = "dbaas/postgresql:17",
      .environment = {{"HOME", "/var/lib/postgresql"}},
      .mounts = {{.volume = "orders-1-data", .path = "/var/lib/postgresql"}},
      .networks = {"orders", "dbaas-management"},
      .ports =
          {{.name = "write", .container_port = 5432, .host_port = 15432},
           {.name = "read", .container_port = 5433, .host_port = 15433, .public_address = true},
           {.name = "rest", .container_port = 8008}},
      .files = {{.path = "/etc/dbaas/secret", .content = Secret<std::string>("hunter2")}},
      .resources = {.cpu = 1.5, .memory_bytes = 512 << 20},
      .shm_bytes = 64 << 20,
      .stop_signal = "SIGINT",
      .stop_timeout_seconds = 60};
  object.fingerprint = "f1";
  return object;
}

TEST(TranslateTest, AnInstanceBecomesAContainer) {
  const Json body = ContainerBody(Member(), {.cpus = 8, .has_init = true});
  const Json expected = Json::parse(R"({
    "Image": "dbaas/postgresql:17",
    "Hostname": "orders-1",
    "Env": ["HOME=/var/lib/postgresql"],
    "ExposedPorts": {"5432/tcp": {}, "5433/tcp": {}, "8008/tcp": {}},
    "Labels": {
      "app.kubernetes.io/managed-by": "dbaas",
      "dbaas/cluster": "orders",
      "dbaas/part": "cluster",
      "dbaas/member": "orders-1",
      "dbaas/object": "instance/orders-1",
      "dbaas/fingerprint": "f1",
      "dbaas/ports": "15432,15433"
    },
    "StopSignal": "SIGINT",
    "StopTimeout": 60,
    "NetworkingConfig": {"EndpointsConfig": {"orders": {"Aliases": ["orders-1"]}}},
    "HostConfig": {
      "NetworkMode": "orders",
      "Mounts": [{"Type": "volume", "Source": "orders-1-data", "Target": "/var/lib/postgresql"}],
      "PortBindings": {
        "5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "15432"}],
        "5433/tcp": [{"HostIp": "", "HostPort": "15433"}]
      },
      "RestartPolicy": {"Name": "unless-stopped"},
      "SecurityOpt": ["no-new-privileges"],
      "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
      "Init": true,
      "Memory": 536870912,
      "NanoCpus": 1500000000,
      "ShmSize": 67108864
    }
  })");
  EXPECT_EQ(body, expected) << Json::diff(expected, body).dump(2);
}

TEST(TranslateTest, AWatcherIsLentTheEnginesSocket) {
  Object watcher{.id = {ObjectKind::kInstance, "dbaas-management-watch"}};
  watcher.instance.control_socket = true;
  const Json body = ContainerBody(watcher, {.control_socket = "/run/user/1000/docker.sock"});
  EXPECT_EQ(body["HostConfig"]["Mounts"], Json::parse(R"([{"Type": "bind",
    "Source": "/run/user/1000/docker.sock", "Target": "/var/run/docker.sock"}])"));
}

TEST(TranslateTest, WhatIsNotAskedForIsNotSaid) {
  Object object = Member();
  object.instance = {.image = "a"};
  const Json body = ContainerBody(object, {});
  for (const char* key : {"Cmd", "StopSignal", "NetworkingConfig"}) {
    EXPECT_FALSE(body.contains(key)) << key;
  }
  for (const char* key : {"Init", "Memory", "NanoCpus", "ShmSize", "NetworkMode", "Privileged"}) {
    EXPECT_FALSE(body["HostConfig"].contains(key)) << key;
  }
  EXPECT_FALSE(body["Labels"].contains("dbaas/ports"));
}

TEST(TranslateTest, NoFileContentLeavesForTheEngineWithTheContainer) {
  EXPECT_EQ(Dump(ContainerBody(Member(), {.cpus = 8})).find("hunter2"), std::string::npos);
}

TEST(TranslateTest, ACpuLimitBeyondTheMachineIsTheWholeMachine) {
  EXPECT_EQ(ContainerBody(Member(), {.cpus = 1})["HostConfig"]["NanoCpus"], 1'000'000'000);
  EXPECT_EQ(ContainerBody(Member(), {.cpus = 0})["HostConfig"]["NanoCpus"], 1'500'000'000);
}

TEST(TranslateTest, ContainersAreListedWithTheirState) {
  const Json list = Json::parse(R"json([
    {"Id": "1", "State": "exited", "Status": "Exited (137) 3 minutes ago",
     "Labels": {"app.kubernetes.io/managed-by": "dbaas", "dbaas/object": "instance/orders-1",
                "dbaas/cluster": "orders", "dbaas/part": "cluster", "dbaas/member": "orders-1",
                "dbaas/fingerprint": "f1"}},
    {"Id": "2", "State": "paused", "Status": "Up 2 hours (Paused)",
     "Labels": {
  "app.kubernetes.io/managed-by" : "dbaas",
                                   "dbaas/object" : "instance/users-1",
                                                    "dbaas/cluster" : "users"}},
    {"Id": "3", "State": "running", "Labels": {"app.kubernetes.io/managed-by": "dbaas"}},
    {"Id": "4", "State": "running", "Labels": {"dbaas/object": "instance/x"}},
    {"Id": "5", "State": "running", "Labels": null}
  ])json");
  std::vector<ObservedObject> objects;
  ReadContainers(list, std::nullopt, objects);
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].id.ToText(), "instance orders-1");
  EXPECT_EQ(objects[0].cluster, "orders");
  EXPECT_EQ(objects[0].part, "cluster");
  EXPECT_EQ(objects[0].member, "orders-1");
  EXPECT_EQ(objects[0].fingerprint, "f1");
  EXPECT_EQ(objects[0].state, RunState::kStopped);
  EXPECT_EQ(objects[0].state_detail, "exited (137) 3 minutes ago");
  EXPECT_EQ(objects[1].state_detail, "paused");
  objects.clear();
  ReadContainers(list, "users", objects);
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].id.name, "users-1");
}

TEST(TranslateTest, EveryDockerStateHasItsMeaning) {
  EXPECT_EQ(ReadRunState("running"), RunState::kRunning);
  EXPECT_EQ(ReadRunState("restarting"), RunState::kRestarting);
  for (const char* state : {"created", "exited", "paused", "removing", "dead", "news to us"}) {
    EXPECT_EQ(ReadRunState(state), RunState::kStopped) << state;
  }
}

TEST(TranslateTest, VolumesAndNetworksAreListedAndNullListsAreEmpty) {
  std::vector<ObservedObject> objects;
  ReadVolumes(Json::parse(R"({"Volumes": [
    {"Name": "v", "Options": {"device": "/srv/v", "o": "bind", "type": "none"},
                  "Labels": {"app.kubernetes.io/managed-by": "dbaas",
                             "dbaas/object": "volume/v", "dbaas/cluster": "orders"}},
    {"Name": "other", "Labels": null}]})"),
              "orders", objects);
  ReadNetworks(Json::parse(R"([
    {"Name": "n", "Labels": {"app.kubernetes.io/managed-by": "dbaas",
                             "dbaas/object": "network/n", "dbaas/cluster": "orders"}}])"),
               "orders", objects);
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].id.ToText(), "volume v");
  EXPECT_EQ(objects[0].directory, "/srv/v");
  EXPECT_EQ(objects[1].id.ToText(), "network n");
  objects.clear();
  ReadVolumes(Json::parse(R"({"Volumes": null})"), std::nullopt, objects);
  ReadNetworks(Json(), std::nullopt, objects);
  ReadContainers(Json(), std::nullopt, objects);
  EXPECT_THAT(objects, IsEmpty());
}

TEST(TranslateTest, PortsOfRunningAndOfStoppedContainersAreTaken) {
  std::set<int> ports;
  ReadPublishedPorts(Json::parse(R"([
    {"Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 81}]},
    {"Ports": [], "Labels": {"dbaas/ports": "15432,15433"}},
    {"Ports": null, "Labels": {"dbaas/ports": "nonsense,,0,-1"}}
  ])"),
                     ports);
  EXPECT_THAT(ports, ElementsAre(8080, 15432, 15433));
}

TEST(TranslateTest, APortThatIsTakenIsNamedInBothOfTheEnginesWordings) {
  const Json labels = {{"dbaas/ports", "1543,15432"}};
  for (const char* message :
       {"driver failed programming external connectivity on endpoint orders-1 (abc): Bind for "
        "127.0.0.1:15432 failed: port is already allocated",
        "Error starting userland proxy: listen tcp4 127.0.0.1:15432: bind: address already in "
        "use"}) {
    const Error error = ExplainStart(Internal(message), labels, "local");
    EXPECT_EQ(error.kind, ErrorKind::kConflict);
    EXPECT_EQ(error.field, "port");
    EXPECT_EQ(error.summary, "port 15432 of host local is in use");
  }
  EXPECT_EQ(ExplainStart(Internal("no space left on device"), labels, "local").kind,
            ErrorKind::kInternal);
}

TEST(TranslateTest, AVolumeWhoseDirectoryIsNotThereIsSaid) {
  const Error error = ExplainMount(
      Internal("failed to mount local volume: mount /srv/orders:/var/lib/docker/volumes/orders/"
               "_data, flags: 0x1000: no such file or directory"),
      "local");
  EXPECT_EQ(error.kind, ErrorKind::kNotFound);
  EXPECT_EQ(error.field, "backup_directory");
  EXPECT_EQ(error.ToLine(),
            "directory /srv/orders of host local cannot be used: no such file or directory");
  EXPECT_EQ(ExplainMount(Internal("no space left on device"), "local").kind, ErrorKind::kInternal);
}

TEST(TranslateTest, OwnershipIsSaidInWords) {
  const Object object = Member();
  EXPECT_TRUE(CheckIsSame(LabelsOf(object), object, "local").has_value());

  EXPECT_EQ(CheckIsSame(Json(), object, "local").error().ToLine(),
            "container orders-1 on host local is not managed by dbaas: Rename or remove it, or "
            "choose another name.");
  Object other = object;
  other.cluster = "users";
  EXPECT_EQ(CheckIsSame(LabelsOf(other), object, "local").error().summary,
            "container orders-1 on host local belongs to cluster users");
  other = object;
  other.fingerprint = "f2";
  EXPECT_EQ(CheckIsSame(LabelsOf(other), object, "local").error().summary,
            "container orders-1 on host local exists with other settings");
}

TEST(TranslateTest, AnEventSaysWhatHappenedToWhichMember) {
  Json attributes = LabelsOf(Member());
  attributes["exitCode"] = "137";
  Json event = {{"Action", "die"}, {"Actor", {{"Attributes", attributes}}}};
  const auto died = ReadEvent(event);
  ASSERT_TRUE(died.has_value());
  EXPECT_EQ(died->kind, InstanceEvent::Kind::kEnded);
  EXPECT_EQ(died->instance, "orders-1");
  EXPECT_EQ(died->cluster, "orders");
  EXPECT_EQ(died->member, "orders-1");
  EXPECT_EQ(died->detail, "exited (137)");

  event["Action"] = "exec_die";
  EXPECT_FALSE(ReadEvent(event).has_value());
  event = {{"Action", "die"}, {"Actor", {{"Attributes", {{"name", "someone-elses"}}}}}};
  EXPECT_FALSE(ReadEvent(event).has_value());
}

}  // namespace
}  // namespace dbaas::docker

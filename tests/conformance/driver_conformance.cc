// SPDX-License-Identifier: MPL-2.0
#include "tests/conformance/driver_conformance.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "engine/base/process.h"
#include "tests/conformance/skip.h"

namespace dbaas {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kBusybox = "/bin/busybox";
constexpr const char* kSalt = "salt";

template <typename T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result.has_value()) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << ToString(result.error().kind) << ": " << result.error().ToLine() << " ("
         << result.error().detail << ")";
}

template <typename T>
testing::AssertionResult FailsWith(ErrorKind kind, const Result<T>& result) {
  if (result.has_value()) return testing::AssertionFailure() << "it succeeded";
  if (result.error().kind == kind) return testing::AssertionSuccess();
  return IsOk(result);
}

ClusterRecord MakeRecord(const std::string& cluster, std::int64_t generation) {
  ClusterRecord record;
  record.cluster = cluster;
  record.uid = "uid-of-" + cluster;
  record.generation = generation;
  record.parts["cluster"] =
      ClusterSpec{.name = cluster, .engine = "postgresql", .engine_version = "17"};
  record.secrets["password.admin"] = Secret<std::string>("s3cret");
  record.ports["write"] = 15432;
  record.history.push_back({.generation = generation, .who = "test", .what = "cluster: created"});
  return record;
}

Holder ThisProcessAs(const std::string& token) {
  return {.name = "holder " + token,
          .token = token,
          .machine = "this machine",
          .pid = getpid(),
          .start_time = ProcessStartTime(getpid())};
}

/// A holder whose process ended a moment ago.
Holder DeadProcessAs(const std::string& token) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const std::int64_t start_time = ProcessStartTime(getpid());  // Not later than the child's.
  waitpid(child, nullptr, 0);
  Holder holder = ThisProcessAs(token);
  holder.pid = child;
  holder.start_time = start_time;
  return holder;
}

}  // namespace

void DriverConformance::SetUp() {
  world_ = GetParam()();
  if (const std::string missing = world_->Missing(); !missing.empty()) DBAAS_SKIP(missing);
  cluster_ = world_->cluster();
}

Object DriverConformance::Network(const std::string& suffix) const {
  Object object{.id = {ObjectKind::kNetwork, cluster_ + suffix}, .cluster = cluster_};
  object.part = "cluster";
  Seal(object, kSalt);
  return object;
}

Object DriverConformance::Volume(const std::string& suffix) const {
  Object object{.id = {ObjectKind::kVolume, cluster_ + suffix}, .cluster = cluster_};
  object.part = "cluster";
  object.member = cluster_ + "-1";
  Seal(object, kSalt);
  return object;
}

Object DriverConformance::Instance(const std::string& suffix) const {
  Object object{.id = {ObjectKind::kInstance, cluster_ + suffix}, .cluster = cluster_};
  object.part = "cluster";
  object.member = cluster_ + suffix;
  object.instance.image = world_->image();
  object.instance.command = {kBusybox, "sh", "-c",
                             "/bin/busybox cat /proc/uptime > " + OwnPath("/tmp/uptime") +
                                 "; echo start >> " + OwnPath("/tmp/starts") +
                                 "; echo hello from the log; trap 'echo reload >> " +
                                 OwnPath("/tmp/reloads") +
                                 "' HUP; trap 'exit 0' TERM; "
                                 "while true; do /bin/busybox sleep 3600 & wait $!; done"};
  object.instance.stop_timeout_seconds = 5;
  object.instance.reload_signal = "SIGHUP";
  return object;
}

void DriverConformance::Make(Object& object) {
  Seal(object, kSalt);
  ASSERT_TRUE(IsOk(driver().Ensure(object)));
}

std::string DriverConformance::Run(const std::string& instance,
                                   const std::vector<std::string>& argv, const std::string& input) {
  std::vector<std::string> command = {kBusybox};
  command.insert(command.end(), argv.begin(), argv.end());
  const Result<ExecResult> result = driver().Exec(instance, command, Secret(input));
  if (!result.has_value()) return "error: " + result.error().ToLine();
  return result->output;
}

std::string DriverConformance::Read(const std::string& instance, const std::string& path) {
  return Run(instance, {"cat", OwnPath(path)});
}

int DriverConformance::FreePort() const {
  static std::atomic<int> next = getpid();
  const auto [first, last] = world_->Ports();
  return first + next++ % (last - first + 1);
}

std::string DriverConformance::Starts(int count) const {
  std::string starts;
  for (int start = world_->KeepsScratch() ? 0 : count - 1; start < count; ++start) {
    starts += "start\n";
  }
  return starts;
}

std::string DriverConformance::ReadUntil(const std::string& instance, const std::string& path,
                                         const std::string& expected) {
  std::string content;
  for (int attempt = 0; attempt < 100; ++attempt) {
    content = Read(instance, path);
    if (content == expected) break;
    std::this_thread::sleep_for(50ms);
  }
  return content;
}

std::optional<ObservedObject> DriverConformance::Find(const ObjectId& id) {
  const Result<Observation> observation = driver().Observe(cluster_);
  EXPECT_TRUE(IsOk(observation));
  if (!observation.has_value() || observation->Find(id) == nullptr) return std::nullopt;
  return *observation->Find(id);
}

TEST_P(DriverConformance, TheHostHasMemory) {
  const auto bytes = driver().MemoryBytes();
  ASSERT_TRUE(IsOk(bytes));
  EXPECT_GT(*bytes, std::int64_t{64} << 20);
}

// ---- Objects -----------------------------------------------------------------------------------

TEST_P(DriverConformance, AClusterThatWasNeverMadeHasNoObjects) {
  const Result<Observation> observation = driver().Observe(cluster());
  ASSERT_TRUE(IsOk(observation));
  EXPECT_THAT(observation->objects, IsEmpty());
}

TEST_P(DriverConformance, MadeObjectsAreListedWithWhatTheyAre) {
  Object network = Network();
  Object volume = Volume();
  Object instance = Instance();
  instance.instance.networks = {network.id.name};
  instance.instance.mounts = {{.volume = volume.id.name, .path = "/data"}};
  Make(network);
  Make(volume);
  Make(instance);

  for (const Object& made : {network, volume, instance}) {
    const auto found = Find(made.id);
    ASSERT_TRUE(found.has_value()) << made.id.ToText();
    EXPECT_EQ(found->cluster, cluster());
    EXPECT_EQ(found->part, "cluster");
    EXPECT_EQ(found->member, made.member);
    EXPECT_EQ(found->fingerprint, made.fingerprint);
    EXPECT_EQ(found->state, RunState::kRunning);
  }
  EXPECT_EQ(Find(instance.id)->files_fingerprint, instance.files_fingerprint);
}

TEST_P(DriverConformance, AListingOfAllHasEveryClusterAndNoFileFingerprints) {
  Object instance = Instance();
  Make(instance);
  Object volume = Volume();
  volume.cluster = cluster() + "b";
  volume.id.name = cluster() + "b-data";
  Make(volume);

  const Result<Observation> all = driver().Observe(std::nullopt);
  ASSERT_TRUE(IsOk(all));
  ASSERT_NE(all->Find(instance.id), nullptr);
  EXPECT_EQ(all->Find(instance.id)->files_fingerprint, "");
  ASSERT_NE(all->Find(volume.id), nullptr);
  EXPECT_EQ(all->Find(volume.id)->cluster, cluster() + "b");
  EXPECT_FALSE(Find(volume.id).has_value()) << "it belongs to another cluster";
  EXPECT_TRUE(IsOk(driver().Remove(volume.id)));
}

TEST_P(DriverConformance, RepeatingEnsureChangesNothing) {
  Object network = Network();
  Object volume = Volume();
  Object instance = Instance();
  instance.instance.files = {{.path = "/etc/dbaas/a.conf", .content = Secret<std::string>("a")}};
  for (int round = 0; round < 3; ++round) {
    Make(network);
    Make(volume);
    Make(instance);
  }
  EXPECT_EQ(ReadUntil(instance.id.name, "/tmp/starts", "start\n"), "start\n");
  EXPECT_THAT(Read(instance.id.name, "/tmp/reloads"), Not(HasSubstr("reload\n")));
}

TEST_P(DriverConformance, AnObjectWithOtherSettingsIsAConflict) {
  std::vector<Object> objects = {Network(), Volume(), Instance()};
  for (Object& object : objects) {
    Make(object);
    object.fingerprint = "0123456789abcdef";
    EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().Ensure(object))) << object.id.ToText();
  }
}

TEST_P(DriverConformance, ANameThatIsNotOursIsAConflictAndStays) {
  for (Object object : {Network(), Volume(), Instance()}) {
    world_->AddForeign(object.id);
    Seal(object, kSalt);
    const Result<void> made = driver().Ensure(object);
    ASSERT_TRUE(FailsWith(ErrorKind::kConflict, made)) << object.id.ToText();
    EXPECT_THAT(made.error().ToLine(), HasSubstr(object.id.name));
    EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().Remove(object.id))) << object.id.ToText();
    EXPECT_FALSE(Find(object.id).has_value());
  }
}

TEST_P(DriverConformance, ANameOfAnotherClusterIsAConflict) {
  for (Object object : {Network(), Volume(), Instance()}) {
    Make(object);
    object.cluster = "another";
    EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().Ensure(object))) << object.id.ToText();
  }
}

TEST_P(DriverConformance, RemovedObjectsAreGoneAndRemovingAgainIsFine) {
  Object network = Network();
  Object volume = Volume();
  Object instance = Instance();
  instance.instance.networks = {network.id.name};
  instance.instance.mounts = {{.volume = volume.id.name, .path = "/data"}};
  Make(network);
  Make(volume);
  Make(instance);
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().Remove(volume.id))) << "it is in use";
  for (const ObjectId& id : {instance.id, volume.id, network.id}) {
    EXPECT_TRUE(IsOk(driver().Remove(id))) << id.ToText();
    EXPECT_FALSE(Find(id).has_value()) << id.ToText();
    EXPECT_TRUE(IsOk(driver().Remove(id))) << id.ToText();
  }
}

TEST_P(DriverConformance, AVolumeOutlivesTheInstance) {
  Object volume = Volume();
  Object instance = Instance();
  instance.instance.mounts = {{.volume = volume.id.name, .path = "/data"}};
  Make(volume);
  Make(instance);
  ASSERT_TRUE(IsOk(driver().Remove(instance.id)));
  EXPECT_TRUE(Find(volume.id).has_value());
}

TEST_P(DriverConformance, AVolumeThatIsADirectoryLeavesItBehind) {
  const std::string directory = world_->MakeDirectory();
  if (directory.empty()) GTEST_SKIP() << "this host has no files";
  Object volume = Volume();
  volume.directory = directory;
  Object instance = Instance();
  instance.instance.mounts = {{.volume = volume.id.name, .path = "/data"}};
  Make(volume);
  Make(instance);
  ASSERT_TRUE(Find(volume.id).has_value());
  EXPECT_EQ(Find(volume.id)->directory, directory);
  Run(instance.id.name, {"sh", "-c", "echo kept > " + OwnPath("/data/note")});
  EXPECT_EQ(Read(instance.id.name, "/data/note"), "kept\n");
  ASSERT_TRUE(IsOk(driver().Remove(instance.id)));
  ASSERT_TRUE(IsOk(driver().Remove(volume.id)));
  Make(volume);
  Make(instance);
  EXPECT_EQ(Read(instance.id.name, "/data/note"), "kept\n");
}

TEST_P(DriverConformance, ADirectoryThatIsNotThereIsSaidAndCanBeMadeLater) {
  const std::string directory = world_->MakeDirectory();
  if (directory.empty()) GTEST_SKIP() << "this host has no files";
  Object volume = Volume();
  volume.directory = directory + "/later";
  Seal(volume, kSalt);
  Object instance = Instance();
  instance.instance.mounts = {{.volume = volume.id.name, .path = "/data"}};
  Seal(instance, kSalt);
  auto made = driver().Ensure(volume);  // Either of them may notice.
  if (made) made = driver().Ensure(instance);
  ASSERT_TRUE(FailsWith(ErrorKind::kNotFound, made));
  EXPECT_EQ(made.error().field, "backup_directory");
  EXPECT_THAT(made.error().ToLine(),
              AllOf(HasSubstr(volume.directory + " "), HasSubstr("o such file or directory")));
  ASSERT_TRUE(std::filesystem::create_directory(volume.directory));
  std::filesystem::permissions(volume.directory, std::filesystem::perms::all);
  Make(volume);
  Make(instance);
}

TEST_P(DriverConformance, AnInstanceNeedsItsVolumesNetworksAndImage) {
  Object no_volume = Instance("-1");
  no_volume.instance.mounts = {{.volume = cluster() + "-lost", .path = "/data"}};
  Seal(no_volume, kSalt);
  EXPECT_TRUE(FailsWith(ErrorKind::kNotFound, driver().Ensure(no_volume)));
  EXPECT_FALSE(Find({ObjectKind::kVolume, cluster() + "-lost"}).has_value());

  Object no_network = Instance("-2");
  no_network.instance.networks = {cluster() + "-lost"};
  Seal(no_network, kSalt);
  EXPECT_TRUE(FailsWith(ErrorKind::kNotFound, driver().Ensure(no_network)));

  Object no_image = Instance("-3");
  no_image.instance.image = "dbaas/there-is-no-such-image:1";
  Seal(no_image, kSalt);
  const Result<void> made = driver().Ensure(no_image);
  ASSERT_TRUE(FailsWith(ErrorKind::kNotFound, made));
  EXPECT_THAT(made.error().summary, HasSubstr("dbaas/there-is-no-such-image:1"));
}

// ---- Files -------------------------------------------------------------------------------------

TEST_P(DriverConformance, FilesHaveTheirContentModeAndOwner) {
  Object instance = Instance();
  instance.instance.files = {{.path = "/srv/deep/down/secret.conf",
                              .content = Secret<std::string>("key = \"välue\"\n"),
                              .mode = 0600,
                              .uid = 999,
                              .gid = 998},
                             {.path = "/srv/open.conf",
                              .content = Secret<std::string>(std::string(70'000, 'x')),
                              .mode = 0644}};
  Make(instance);
  const std::string& name = instance.id.name;
  EXPECT_EQ(Read(name, "/srv/deep/down/secret.conf"), instance.instance.files[0].content.Reveal());
  const auto stat = [&](const std::string& format, const std::string& path) {
    return Run(name, {"stat", "-c", format, OwnPath(path)});
  };
  const std::string owner = world_->OwnerOf(instance.instance.files[0]) + "\n";
  EXPECT_EQ(stat("%a %u:%g", "/srv/deep/down/secret.conf"), "600 " + owner);
  EXPECT_EQ(stat("%u:%g", "/srv/deep/down"), owner);
  EXPECT_EQ(Read(name, "/srv/open.conf").size(), 70'000u);
  EXPECT_EQ(stat("%a %u:%g", "/srv/open.conf"),
            "644 " + world_->OwnerOf(instance.instance.files[1]) + "\n");
}

TEST_P(DriverConformance, ChangedFilesArePlacedAndTheInstanceIsTold) {
  Object instance = Instance();
  instance.instance.files = {
      {.path = "/etc/dbaas/a.conf", .content = Secret<std::string>("old")},
      {.path = "/etc/dbaas/first", .content = Secret<std::string>("once"), .create_only = true}};
  Make(instance);
  const std::string& name = instance.id.name;
  ASSERT_EQ(ReadUntil(name, "/tmp/starts", "start\n"), "start\n");
  EXPECT_EQ(Read(name, "/etc/dbaas/first"), "once");
  const Fingerprint before = Find(instance.id)->files_fingerprint;

  instance.instance.files[0].content = Secret<std::string>("new");
  instance.instance.files[1].content = Secret<std::string>("twice");
  Make(instance);
  EXPECT_EQ(Read(name, "/etc/dbaas/a.conf"), "new");
  EXPECT_EQ(Read(name, "/etc/dbaas/first"), "once");
  EXPECT_EQ(ReadUntil(name, "/tmp/reloads", "reload\n"), "reload\n");
  EXPECT_EQ(Read(name, "/tmp/starts"), "start\n");
  EXPECT_NE(Find(instance.id)->files_fingerprint, before);
  EXPECT_EQ(Find(instance.id)->files_fingerprint, instance.files_fingerprint);
}

TEST_P(DriverConformance, ChangedFilesRestartAnInstanceThatTakesNoSignal) {
  Object instance = Instance();
  instance.instance.reload_signal = "";
  instance.instance.files = {{.path = "/etc/dbaas/a.conf", .content = Secret<std::string>("old")}};
  Make(instance);
  ASSERT_EQ(ReadUntil(instance.id.name, "/tmp/starts", "start\n"), "start\n");
  instance.instance.files[0].content = Secret<std::string>("new");
  const std::string first = Read(instance.id.name, "/tmp/uptime");
  Make(instance);
  EXPECT_EQ(ReadUntil(instance.id.name, "/tmp/starts", Starts(2)), Starts(2));
  EXPECT_NE(Read(instance.id.name, "/tmp/uptime"), first);
  EXPECT_EQ(Read(instance.id.name, "/etc/dbaas/a.conf"), "new");
}

TEST_P(DriverConformance, AStoppedInstanceIsStartedWithItsNewFiles) {
  Object instance = Instance();
  instance.instance.files = {{.path = "/etc/dbaas/a.conf", .content = Secret<std::string>("old")}};
  Make(instance);
  ASSERT_EQ(ReadUntil(instance.id.name, "/tmp/starts", "start\n"), "start\n");
  world_->StopByHand(instance.id.name);
  ASSERT_TRUE(Find(instance.id).has_value());
  EXPECT_EQ(Find(instance.id)->state, RunState::kStopped);
  EXPECT_THAT(Find(instance.id)->state_detail, HasSubstr(world_->StoppedByHand()));

  instance.instance.files[0].content = Secret<std::string>("new");
  Make(instance);
  EXPECT_EQ(Find(instance.id)->state, RunState::kRunning);
  EXPECT_EQ(Read(instance.id.name, "/etc/dbaas/a.conf"), "new");
  EXPECT_EQ(ReadUntil(instance.id.name, "/tmp/starts", Starts(2)), Starts(2));
}

// ---- Running instances -------------------------------------------------------------------------

TEST_P(DriverConformance, RestartStartsAnewAndStartsWhatIsStopped) {
  Object instance = Instance();
  Make(instance);
  const std::string& name = instance.id.name;
  ASSERT_EQ(ReadUntil(name, "/tmp/starts", "start\n"), "start\n");
  const std::string first = Read(name, "/tmp/uptime");
  EXPECT_TRUE(IsOk(driver().Restart(name)));
  EXPECT_EQ(ReadUntil(name, "/tmp/starts", Starts(2)), Starts(2));
  EXPECT_NE(Read(name, "/tmp/uptime"), first);
  world_->StopByHand(name);
  EXPECT_TRUE(IsOk(driver().Restart(name)));
  EXPECT_EQ(Find(instance.id)->state, RunState::kRunning);
  EXPECT_TRUE(FailsWith(ErrorKind::kNotFound, driver().Restart(cluster() + "-none")));
}

TEST_P(DriverConformance, AKilledInstanceStaysStoppedAndKillingAgainIsFine) {
  Object instance = Instance();
  Make(instance);
  const std::string& name = instance.id.name;
  EXPECT_TRUE(IsOk(driver().Kill(name)));
  EXPECT_EQ(Find(instance.id)->state, RunState::kStopped);
  EXPECT_TRUE(IsOk(driver().Kill(name)));
  EXPECT_TRUE(IsOk(driver().Kill(cluster() + "-none")));
  EXPECT_TRUE(IsOk(driver().Restart(name)));
  EXPECT_EQ(Find(instance.id)->state, RunState::kRunning);
}

TEST_P(DriverConformance, ACommandGetsItsInputAndItsAnswerComesBackWhole) {
  Object instance = Instance();
  Make(instance);
  const std::string& name = instance.id.name;
  EXPECT_EQ(Run(name, {"cat"}, "to be, or not to be\n"), "to be, or not to be\n");
  EXPECT_EQ(Run(name, {"cat"}), "");
  // More than any pipe or buffer on the way holds.
  std::string large;
  for (int line = 0; large.size() < (3 << 20); ++line) large += fmt::format("line {}\n", line);
  EXPECT_TRUE(Run(name, {"cat"}, large) == large);
}

TEST_P(DriverConformance, ACommandThatFailsIsAValue) {
  Object instance = Instance();
  Make(instance);
  const Result<ExecResult> result =
      driver().Exec(instance.id.name, {kBusybox, "sh", "-c", "echo out; echo err >&2; exit 3"},
                    Secret<std::string>());
  ASSERT_TRUE(IsOk(result));
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err\n");
}

TEST_P(DriverConformance, ACommandNeedsARunningInstance) {
  EXPECT_TRUE(FailsWith(ErrorKind::kNotFound, driver().Exec(cluster() + "-none", {kBusybox, "cat"},
                                                            Secret<std::string>())));
  Object instance = Instance();
  Make(instance);
  world_->StopByHand(instance.id.name);
  EXPECT_TRUE(FailsWith(ErrorKind::kUnavailable,
                        driver().Exec(instance.id.name, {kBusybox, "cat"}, Secret<std::string>())));
}

TEST_P(DriverConformance, ManyCommandsRunAtOnce) {
  Object instance = Instance();
  Make(instance);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int number = 0; number < 8; ++number) {
      threads.emplace_back([&, number] {
        const std::string text = fmt::format("thread {}\n", number);
        if (Run(instance.id.name, {"cat"}, text) == text) ++right;
      });
    }
  }
  EXPECT_EQ(right, 8);
}

TEST_P(DriverConformance, LogsShowWhatAnInstanceSaid) {
  Object instance = Instance();
  Make(instance);
  ASSERT_EQ(ReadUntil(instance.id.name, "/tmp/starts", "start\n"), "start\n");
  std::string log;
  for (int attempt = 0; attempt < 50 && log.empty(); ++attempt) {
    const Result<std::string> read = driver().Logs(instance.id.name, 10);
    ASSERT_TRUE(IsOk(read));
    log = *read;
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(log, "hello from the log\n");
  EXPECT_TRUE(FailsWith(ErrorKind::kNotFound, driver().Logs(cluster() + "-none", 10)));
}

TEST_P(DriverConformance, PublishedPortsAreUsedEvenWhileTheInstanceIsStopped) {
  const int port = FreePort();
  Object instance = Instance();
  instance.instance.ports = {{.name = "write", .container_port = 80, .host_port = port},
                             {.name = "inner", .container_port = 81}};
  Make(instance);
  Result<Observation> seen = driver().Observe(cluster());
  ASSERT_TRUE(IsOk(seen));
  EXPECT_THAT(seen->used_ports, Contains(port));
  world_->StopByHand(instance.id.name);
  seen = driver().Observe(std::nullopt);
  ASSERT_TRUE(IsOk(seen));
  EXPECT_THAT(seen->used_ports, Contains(port));
}

TEST_P(DriverConformance, APortThatIsTakenIsAConflictThatNamesIt) {
  const int port = FreePort();
  Object first = Instance("-1");
  first.instance.ports = {{.name = "write", .container_port = 80, .host_port = port}};
  Make(first);
  Object second = Instance("-2");
  second.instance.ports = first.instance.ports;
  Seal(second, kSalt);
  const Result<void> made = driver().Ensure(second);
  ASSERT_TRUE(FailsWith(ErrorKind::kConflict, made));
  EXPECT_EQ(made.error().field, "port");
  EXPECT_THAT(made.error().summary, HasSubstr(std::to_string(port)));
  // Once the port is free, the same call goes on where it stopped.
  ASSERT_TRUE(IsOk(driver().Remove(first.id)));
  EXPECT_TRUE(IsOk(driver().Ensure(second)));
  EXPECT_EQ(Find(second.id)->state, RunState::kRunning);
}

// ---- Events ------------------------------------------------------------------------------------

/// Somebody who watches a host, on a thread of its own, and remembers what was told of one cluster.
class Onlooker {
 public:
  Onlooker(Driver& driver, std::string cluster)
      : cluster_(std::move(cluster)), thread_([this, &driver](std::stop_token stop) {
          Result<void> ended = driver.Watch([this](const auto& event) { Take(event); }, stop);
          const std::lock_guard lock(mutex_);
          ended_ = std::move(ended);
        }) {
    WaitFor("attached ");
  }

  /// Whether an event came, as "ended orders-1"; not later than ten seconds from now.
  bool WaitFor(const std::string& event) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, 10s, [&] {
      return std::find(events_.begin(), events_.end(), event) != events_.end();
    });
  }

  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::optional<InstanceEvent> last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  Result<void> Stop() {
    thread_.request_stop();
    thread_.join();
    return *ended_;
  }

 private:
  void Take(const InstanceEvent& event) {
    const std::lock_guard lock(mutex_);
    const bool is_attached = event.kind == InstanceEvent::Kind::kAttached;
    if (!is_attached && event.cluster != cluster_) return;  // Of another test on the same host.
    events_.push_back(fmt::format("{} {}", ToString(event.kind), event.instance));
    last_ = event;
    told_.notify_all();
  }

  const std::string cluster_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> events_;
  std::optional<InstanceEvent> last_;
  std::optional<Result<void>> ended_;
  std::jthread thread_;  // Last: it ends first.
};

TEST_P(DriverConformance, WhoeverWatchesIsToldWhatHappensToInstances) {
  Onlooker onlooker(driver(), cluster());
  Object instance = Instance();
  Make(instance);
  const std::string& name = instance.id.name;
  EXPECT_TRUE(onlooker.WaitFor("started " + name));
  world_->StopByHand(name);
  ASSERT_TRUE(onlooker.WaitFor("ended " + name));
  const auto ended = onlooker.last();
  EXPECT_EQ(ended->cluster, cluster());
  EXPECT_EQ(ended->part, "cluster");
  EXPECT_EQ(ended->member, instance.member);
  EXPECT_EQ(ended->detail, world_->EndedByHand());
  for (int look = 0; look < 200 && Find(instance.id)->state == RunState::kRunning; ++look) {
    std::this_thread::sleep_for(10ms);  // "Soon after" is all that is promised.
  }
  EXPECT_EQ(Find(instance.id)->state, RunState::kStopped);
  ASSERT_TRUE(IsOk(driver().Remove(instance.id)));
  EXPECT_TRUE(onlooker.WaitFor("removed " + name));
  EXPECT_THAT(onlooker.events().front(), "attached ");
  EXPECT_TRUE(IsOk(onlooker.Stop()));
}

TEST_P(DriverConformance, TwoWhoWatchAreBothTold) {
  Onlooker first(driver(), cluster());
  Onlooker second(world_->other_driver(), cluster());
  Object instance = Instance();
  Make(instance);
  EXPECT_TRUE(first.WaitFor("started " + instance.id.name));
  EXPECT_TRUE(second.WaitFor("started " + instance.id.name));
  EXPECT_TRUE(IsOk(first.Stop()));
  world_->StopByHand(instance.id.name);
  EXPECT_TRUE(second.WaitFor("ended " + instance.id.name));
}

TEST_P(DriverConformance, NobodyIsToldOfWhatIsNoInstanceOfOurs) {
  Onlooker onlooker(driver(), cluster());
  Object volume = Volume();
  Make(volume);
  const ObjectId foreign{ObjectKind::kInstance, cluster() + "-foreign"};
  world_->AddForeign(foreign);
  auto lease = driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s);
  lease->reset();
  Object instance = Instance();
  Make(instance);
  EXPECT_TRUE(onlooker.WaitFor("started " + instance.id.name));
  EXPECT_THAT(onlooker.events(), testing::ElementsAre("attached ", "started " + instance.id.name));
}

// ---- Records -----------------------------------------------------------------------------------

TEST_P(DriverConformance, ARecordIsReadAsItWasWritten) {
  Result<std::optional<ClusterRecord>> read = driver().ReadRecord(cluster());
  ASSERT_TRUE(IsOk(read));
  EXPECT_FALSE(read->has_value());

  const ClusterRecord record = MakeRecord(cluster(), 1);
  ASSERT_TRUE(IsOk(driver().WriteRecord(record, 0)));
  read = world_->other_driver().ReadRecord(cluster());
  ASSERT_TRUE(IsOk(read));
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ(ToJson(**read), ToJson(record));
}

TEST_P(DriverConformance, ARecordThatMovedIsAConflict) {
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 1), 0)));
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().WriteRecord(MakeRecord(cluster(), 2), 0)));
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 2), 1)));
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().WriteRecord(MakeRecord(cluster(), 3), 1)));
  EXPECT_EQ((*driver().ReadRecord(cluster()))->generation, 2);
}

TEST_P(DriverConformance, AGenerationIsSettledByWritingItAgain) {
  ClusterRecord record = MakeRecord(cluster(), 1);
  ASSERT_TRUE(IsOk(driver().WriteRecord(record, 0)));
  EXPECT_TRUE(IsOk(driver().WriteRecord(record, 0))) << "a repetition after a lost answer";
  record.settled = 1;
  record.history.back().outcome = "ok";
  EXPECT_TRUE(IsOk(driver().WriteRecord(record, 1)));
  EXPECT_EQ((*driver().ReadRecord(cluster()))->settled, 1);
}

TEST_P(DriverConformance, ManyGenerationsLeaveTheLast) {
  for (int generation = 1; generation <= 12; ++generation) {
    ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), generation), generation - 1)));
    ASSERT_EQ((*driver().ReadRecord(cluster()))->generation, generation);
  }
}

TEST_P(DriverConformance, AllRecordsAreReadAtOnce) {
  const std::string second = cluster() + "b";
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 1), 0)));
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(second, 4), 0)));
  const Result<std::vector<ClusterRecord>> records = driver().ReadRecords();
  ASSERT_TRUE(IsOk(records));
  std::map<std::string, std::int64_t> generations;
  for (const ClusterRecord& record : *records) generations[record.cluster] = record.generation;
  EXPECT_EQ(generations[cluster()], 1);
  EXPECT_EQ(generations[second], 4);
  EXPECT_TRUE(IsOk(driver().RemoveRecord(second)));
}

TEST_P(DriverConformance, ARemovedRecordIsGoneAndItsClusterCanBeMadeAgain) {
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 7), 0)));
  EXPECT_TRUE(IsOk(driver().RemoveRecord(cluster())));
  EXPECT_FALSE(driver().ReadRecord(cluster())->has_value());
  EXPECT_TRUE(IsOk(driver().RemoveRecord(cluster())));
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 1), 0)));
  EXPECT_EQ((*driver().ReadRecord(cluster()))->generation, 1);
}

TEST_P(DriverConformance, ARecordOutlivesTheCleaningOfUnusedThings) {
  ASSERT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 1), 0)));
  world_->Prune();
  EXPECT_TRUE(driver().ReadRecord(cluster())->has_value());
  world_->Prune();
  EXPECT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 2), 1)));
  world_->Prune();
  EXPECT_EQ((*world_->other_driver().ReadRecord(cluster()))->generation, 2);
  world_->Prune();
  EXPECT_TRUE(IsOk(driver().RemoveRecord(cluster())));
  EXPECT_FALSE(driver().ReadRecord(cluster())->has_value());
}

TEST_P(DriverConformance, RecordsOfDifferentClustersDoNotDisturbEachOther) {
  // Each thread makes, changes and removes its own record. The store is cleared away whenever the
  // last one goes, in the middle of what the others do.
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&, number] {
        Driver& own = number % 2 == 0 ? driver() : world_->other_driver();
        const std::string name = fmt::format("{}-{}", cluster(), number);
        for (int round = 0; round < 5; ++round) {
          for (int generation = 1; generation <= 2; ++generation) {
            const auto written = own.WriteRecord(MakeRecord(name, generation), generation - 1);
            EXPECT_TRUE(IsOk(written));
            const auto read = own.ReadRecord(name);
            EXPECT_TRUE(IsOk(read));
            if (!read.has_value() || !read->has_value() || (*read)->generation != generation) {
              ++wrong;
            }
          }
          EXPECT_TRUE(IsOk(own.RemoveRecord(name)));
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

// ---- Leases ------------------------------------------------------------------------------------

TEST_P(DriverConformance, ALeaseHasOneHolderWhoIsNamed) {
  auto first = driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s);
  ASSERT_TRUE(IsOk(first));
  const auto second = world_->other_driver().AcquireLease(cluster(), ThisProcessAs("b"), 60s);
  ASSERT_TRUE(FailsWith(ErrorKind::kConflict, second));
  EXPECT_EQ(second.error().detail, "holder a");
  EXPECT_TRUE(IsOk((*first)->Renew()));
  first->reset();
  EXPECT_TRUE(IsOk(world_->other_driver().AcquireLease(cluster(), ThisProcessAs("b"), 60s)));
}

TEST_P(DriverConformance, LeasesOfDifferentNamesAreIndependent) {
  const auto first = driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s);
  EXPECT_TRUE(IsOk(first));
  EXPECT_TRUE(IsOk(driver().AcquireLease(cluster() + "b", ThisProcessAs("b"), 60s)));
}

TEST_P(DriverConformance, ALeaseIsNoObject) {
  const auto lease = driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s);
  ASSERT_TRUE(IsOk(lease));
  EXPECT_TRUE(IsOk(driver().WriteRecord(MakeRecord(cluster(), 1), 0)));
  EXPECT_THAT(driver().Observe(cluster())->objects, IsEmpty());
}

TEST_P(DriverConformance, AskingAgainWithOnesOwnTokenIsFine) {
  const auto first = driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s);
  ASSERT_TRUE(IsOk(first));
  EXPECT_TRUE(IsOk(driver().AcquireLease(cluster(), ThisProcessAs("a"), 60s)));
}

TEST_P(DriverConformance, OfManyWhoAskAtOnceOneGetsTheLease) {
  std::atomic<int> got = 0;
  std::mutex mutex;
  std::vector<std::unique_ptr<Lease>> leases;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int number = 0; number < 8; ++number) {
      threads.emplace_back([&, number] {
        Driver& own = number % 2 == 0 ? driver() : world_->other_driver();
        auto lease =
            own.AcquireLease(cluster(), ThisProcessAs(fmt::format("holder-{}", number)), 60s);
        if (!lease.has_value()) {
          EXPECT_TRUE(FailsWith(ErrorKind::kConflict, lease));
          return;
        }
        ++got;
        const std::lock_guard lock(mutex);
        leases.push_back(*std::move(lease));
      });
    }
  }
  EXPECT_EQ(got, 1);
}

TEST_P(DriverConformance, ALeaseThatRanOutIsTakenOverAndItsHolderLearnsOfIt) {
  auto first = driver().AcquireLease(cluster(), ThisProcessAs("a"), 2s);
  ASSERT_TRUE(IsOk(first));
  world_->LetTimePass(1s);
  ASSERT_TRUE(IsOk((*first)->Renew()));
  EXPECT_TRUE(
      FailsWith(ErrorKind::kConflict, driver().AcquireLease(cluster(), ThisProcessAs("b"), 60s)));
  world_->LetTimePass(7s);
  auto second = world_->other_driver().AcquireLease(cluster(), ThisProcessAs("b"), 60s);
  ASSERT_TRUE(IsOk(second));
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, (*first)->Renew()));
  // What the old holder lets go of is no longer its own.
  first->reset();
  EXPECT_TRUE(IsOk((*second)->Renew()));
  EXPECT_TRUE(
      FailsWith(ErrorKind::kConflict, driver().AcquireLease(cluster(), ThisProcessAs("c"), 60s)));
}

TEST_P(DriverConformance, RenewingKeepsALeaseForAsLongAsOneLikes) {
  auto lease = driver().AcquireLease(cluster(), ThisProcessAs("a"), 3s);
  ASSERT_TRUE(IsOk(lease));
  for (int beat = 0; beat < 8; ++beat) {
    world_->LetTimePass(1s);
    ASSERT_TRUE(IsOk((*lease)->Renew()));
    ASSERT_TRUE(
        FailsWith(ErrorKind::kConflict, driver().AcquireLease(cluster(), ThisProcessAs("b"), 60s)));
  }
}

TEST_P(DriverConformance, ADeadHolderOfThisMachineIsReplacedAtOnce) {
  auto first = driver().AcquireLease(cluster(), DeadProcessAs("a"), 3600s);
  ASSERT_TRUE(IsOk(first));
  Holder elsewhere = ThisProcessAs("b");
  elsewhere.machine = "another machine";
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, driver().AcquireLease(cluster(), elsewhere, 60s)))
      << "it cannot know";
  const auto second = driver().AcquireLease(cluster(), ThisProcessAs("c"), 60s);
  ASSERT_TRUE(IsOk(second));
  EXPECT_TRUE(FailsWith(ErrorKind::kConflict, (*first)->Renew()));
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
// Every call of the driver, cut at every one of its requests to a real Docker engine, before and
// after the engine did it. Another driver then makes the same call, as the next apply would, and
// everything must be as if nothing had happened.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/random.h"
#include "engine/drivers/docker/client.h"
#include "engine/drivers/docker/docker_driver.h"
#include "engine/drivers/docker/endpoint.h"
#include "engine/drivers/docker/records.h"
#include "tests/conformance/skip.h"
#include "tests/conformance/test_image.h"
#include "tests/drivers/docker/cutting_proxy.h"

namespace dbaas::docker {
namespace {

using namespace std::chrono_literals;
using Side = CuttingProxy::Side;

constexpr const char* kSocket = "/var/run/docker.sock";

class CutTest : public testing::Test {
 protected:
  void SetUp() override {
    direct_ = *MakeDockerDriver({.endpoint = std::string("unix://") + kSocket}, clock_);
    if (const auto seen = direct_->Observe(std::nullopt); !seen.has_value()) {
      DBAAS_SKIP(seen.error().ToLine());
    }
    proxy_ = std::make_unique<CuttingProxy>(kSocket);
    cluster_ = "cut-";
    for (int letter = 0; letter < 8; ++letter) {
      cluster_ += static_cast<char>('a' + random_.Next() % 26);
    }
  }

  /// Runs `call` cut at its first request, its second ... until it gets through. `reset` brings the
  /// host to where the call begins; `check` says whether it is where the call should end.
  void CutEverywhere(const std::function<Result<void>(const std::string& endpoint)>& call,
                     const std::function<void()>& reset, const std::function<void()>& check) {
    for (const Side side : {Side::kBefore, Side::kAfter}) {
      for (int request = 1;; ++request) {
        SCOPED_TRACE(
            fmt::format("cut {} request {}", side == Side::kBefore ? "before" : "after", request));
        ASSERT_LT(request, 100) << "the call never got through";
        reset();
        proxy_->CutAt(request, side);
        const Result<void> first = call(proxy_->endpoint());
        if (!proxy_->was_cut()) {
          proxy_->CutAt(0, side);  // Never, from here on.
          EXPECT_TRUE(first.has_value()) << first.error().ToLine();
          check();
          break;
        }
        const Result<void> second = call(std::string("unix://") + kSocket);
        EXPECT_TRUE(second.has_value()) << second.error().ToLine();
        check();
        if (HasFailure()) return;
        ++cuts_;
      }
    }
  }

  /// `call` with a new driver over the endpoint.
  std::function<Result<void>(const std::string&)> Over(std::function<Result<void>(Driver&)> call) {
    return [this, call = std::move(call)](const std::string& endpoint) {
      const auto driver = *MakeDockerDriver({.endpoint = endpoint}, clock_);
      return call(*driver);
    };
  }

  SystemClock clock_;
  SystemRandom random_;
  std::shared_ptr<Driver> direct_;
  std::unique_ptr<CuttingProxy> proxy_;
  std::string cluster_;
  int cuts_ = 0;
};

ClusterRecord RecordOf(const std::string& cluster, std::int64_t generation) {
  ClusterRecord record;
  record.cluster = cluster;
  record.generation = generation;
  record.secrets["password"] = Secret<std::string>("s3cret");
  return record;
}

TEST_F(CutTest, EnsureAndRemoveOfAnInstanceAndWhatItNeeds) {
  DockerClient client(*ParseEndpoint({}), "local", clock_);
  if (const std::string missing = EnsureTestImage(client); !missing.empty()) DBAAS_SKIP(missing);
  Object network{.id = {ObjectKind::kNetwork, cluster_}, .cluster = cluster_};
  Object second_network{.id = {ObjectKind::kNetwork, cluster_ + "-b"}, .cluster = cluster_};
  Object volume{.id = {ObjectKind::kVolume, cluster_ + "-data"}, .cluster = cluster_};
  Object instance{.id = {ObjectKind::kInstance, cluster_ + "-1"}, .cluster = cluster_};
  instance.instance = {
      .image = kTestImage,
      .command =
          {"/bin/busybox", "sh", "-c",
           "trap 'exit 0' TERM; trap : HUP; while true; do busybox sleep 99 & wait $!; done"},
      .mounts = {{.volume = volume.id.name, .path = "/data"}},
      .networks = {network.id.name, second_network.id.name},
      .files = {{.path = "/srv/new/a", .content = Secret<std::string>("one"), .uid = 7},
                {.path = "/srv/new/b",
                 .content = Secret<std::string>("boot"),
                 .create_only = true}},
      .reload_signal = "SIGHUP"};
  for (Object* object : {&network, &second_network, &volume, &instance}) Seal(*object, "salt");
  Object changed = instance;
  changed.instance.files[0].content = Secret<std::string>("two");
  Seal(changed, "salt");

  const auto make = [&](Driver& driver) -> Result<void> {
    TRY(driver.Ensure(network));
    TRY(driver.Ensure(second_network));
    TRY(driver.Ensure(volume));
    return driver.Ensure(instance);
  };
  const auto remove = [&](Driver& driver) -> Result<void> {
    TRY(driver.Remove(instance.id));
    TRY(driver.Remove(volume.id));
    TRY(driver.Remove(network.id));
    return driver.Remove(second_network.id);
  };
  const auto read = [&](const std::string& path) {
    const auto result =
        direct_->Exec(instance.id.name, {"/bin/busybox", "cat", path}, Secret<std::string>());
    return result.has_value() ? result->output : result.error().ToLine();
  };
  const auto check = [&](const Object& expected, const std::string& content) {
    const Result<Observation> seen = direct_->Observe(cluster_);
    ASSERT_TRUE(seen.has_value());
    ASSERT_EQ(seen->objects.size(), 4u);
    const ObservedObject* found = seen->Find(instance.id);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->state, RunState::kRunning);
    EXPECT_EQ(found->files_fingerprint, expected.files_fingerprint);
    EXPECT_EQ(read("/srv/new/a"), content);
    EXPECT_EQ(read("/srv/new/b"), "boot");
    const Json container = *client.Get("/containers/" + instance.id.name + "/json");
    EXPECT_EQ(container["NetworkSettings"]["Networks"].size(), 2u);
    EXPECT_EQ(container["RestartCount"], 0);
  };

  CutEverywhere(
      Over(make), [&] { ASSERT_TRUE(remove(*direct_).has_value()); },
      [&] { check(instance, "one"); });
  if (HasFailure()) return;
  // Files changed in place.
  CutEverywhere(
      Over([&](Driver& driver) { return driver.Ensure(changed); }),
      [&] { ASSERT_TRUE(make(*direct_).has_value()); }, [&] { check(changed, "two"); });
  if (HasFailure()) return;
  CutEverywhere(
      Over(remove), [&] { ASSERT_TRUE(make(*direct_).has_value()); },
      [&] { EXPECT_TRUE(direct_->Observe(cluster_)->objects.empty()); });
  EXPECT_GT(cuts_, 60);
  EXPECT_TRUE(remove(*direct_).has_value());
}

TEST_F(CutTest, RecordsAreWrittenAndRemovedWhole) {
  // A store of its own: the first record makes it, the last one takes it away.
  const std::string name = cluster_ + "-records";
  const auto client_over = [&](const std::string& endpoint) {
    return std::make_shared<DockerClient>(*ParseEndpoint({.endpoint = endpoint}), "local", clock_);
  };
  const auto client = client_over(std::string("unix://") + kSocket);
  RecordStore store(client, name);
  const auto write = [&](RecordStore& to, std::int64_t generation) {
    return to.Write(RecordOf(cluster_, generation), generation - 1);
  };
  const auto generation = [&]() -> std::int64_t {
    const auto read = store.Read(cluster_);
    EXPECT_TRUE(read.has_value());
    return read.has_value() && read->has_value() ? (*read)->generation : 0;
  };
  const auto remove = [&] { ASSERT_TRUE(store.Remove(cluster_).has_value()); };
  const auto over = [&](const std::function<Result<void>(RecordStore&)>& call) {
    return [&, call](const std::string& endpoint) {
      // The store's lock outlives the cut; here it need not run out first.
      (void)client->Delete("/containers/dbaas-lease-" + name + "?force=1").has_value();
      RecordStore through(client_over(endpoint), name);
      return call(through);
    };
  };

  CutEverywhere(over([&](RecordStore& through) { return write(through, 1); }), remove,
                [&] { EXPECT_EQ(generation(), 1); });
  if (HasFailure()) return;
  CutEverywhere(
      over([&](RecordStore& through) { return write(through, 2); }),
      [&] {
        remove();
        ASSERT_TRUE(write(store, 1).has_value());
      },
      [&] { EXPECT_EQ(generation(), 2); });
  if (HasFailure()) return;
  CutEverywhere(
      over([&](RecordStore& through) { return through.Remove(cluster_); }),
      [&] {
        remove();
        ASSERT_TRUE(write(store, 1).has_value());
      },
      [&] {
        EXPECT_EQ(generation(), 0);
        EXPECT_FALSE(client->Get("/volumes/" + name).has_value());
        EXPECT_FALSE(client->Get("/containers/" + name + "/json").has_value());
      });
  EXPECT_GT(cuts_, 20);
  remove();
}

TEST_F(CutTest, ALeaseIsTakenByWhoeverAskedWhateverWasLost) {
  const Holder holder{.name = "cut test", .token = cluster_, .machine = "this", .pid = 1};
  std::unique_ptr<Lease> lease;
  CutEverywhere(
      Over([&](Driver& driver) -> Result<void> {
        lease = TRY(driver.AcquireLease(cluster_, holder, 60s));
        return lease->Renew();
      }),
      [&] {
        lease.reset();
        // What a cut left behind is there until it runs out; here it is ours to take and release.
        ASSERT_TRUE(direct_->AcquireLease(cluster_, holder, 60s).has_value());
      },
      [&] {
        ASSERT_NE(lease, nullptr);
        EXPECT_TRUE(lease->Renew().has_value());
        Holder other = holder;
        other.token = "other";
        other.machine = "another";
        EXPECT_FALSE(direct_->AcquireLease(cluster_, other, 60s).has_value());
      });
  EXPECT_GE(cuts_, 6);
}

}  // namespace
}  // namespace dbaas::docker

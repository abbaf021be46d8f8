// SPDX-License-Identifier: MPL-2.0
//
// Each cluster's reports at its own receiver, which are real HTTP servers on this machine.
#include "engine/watch/own_webhooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/base/hash.h"
#include "engine/model/record.h"
#include "tests/drivers/docker/test_server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using docker::TestAnswer;
using docker::TestRequest;
using docker::TestServer;
using testing::IsEmpty;
using testing::SizeIs;

class OwnWebhooksTest : public testing::Test {
 protected:
  static std::string UrlOf(const TestServer& server) {
    return "http" + server.endpoint().substr(std::string("tcp").size()) + "/hook";
  }
  void Store(const std::string& cluster, const std::string& url, const std::string& secret = "") {
    ClusterRecord record{.cluster = cluster, .uid = "x", .generation = 1, .settled = 1};
    record.parts["cluster"] =
        ClusterSpec{.name = cluster, .engine = "postgresql", .webhook_url = Secret(url)};
    if (!secret.empty()) record.secrets.emplace(kWebhookSecret, Secret(secret));
    (void)host_.RemoveRecord(cluster);
    ASSERT_TRUE(host_.WriteRecord(record, 0).has_value());
  }
  static WatchReport Of(const std::string& cluster) {
    return {.kind = WatchReport::Kind::kFailover, .host = "local", .cluster = cluster};
  }
  static bool Soon(const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) std::this_thread::sleep_for(Milliseconds(10));
    return done();
  }

  FakeClock clock_;
  SeededRandom random_;
  FakeDriver host_{clock_};
  std::atomic<bool> is_slow_ = true;
  TestServer quick_{TestServer::Transport::kTcp,
                    [](const TestRequest&) { return TestAnswer{.status = 204, .body = ""}; }};
  TestServer slow_{TestServer::Transport::kTcp, [this](const TestRequest&) {
                     while (is_slow_) std::this_thread::sleep_for(Milliseconds(10));
                     return TestAnswer{.status = 204, .body = ""};
                   }};
  OwnWebhooks webhooks_{host_, clock_, random_, RealThreads()};
};

TEST_F(OwnWebhooksTest, EachReportGoesToItsOwnClustersWebhookSigned) {
  is_slow_ = false;
  Store("orders", UrlOf(quick_), "open sesame");
  Store("bills", UrlOf(slow_));
  webhooks_.Put(Of("orders"));
  webhooks_.Put(Of("bills"));
  webhooks_.Put({.kind = WatchReport::Kind::kWatching, .host = "local"});
  webhooks_.Flush();
  ASSERT_THAT(quick_.requests(), SizeIs(1));
  ASSERT_THAT(slow_.requests(), SizeIs(1));
  const TestRequest got = quick_.requests()[0];
  EXPECT_EQ(got.body, Dump(ToJson(Of("orders"))));
  EXPECT_EQ(got.headers.at("webhook-signature"),
            "v1," + Base64(HmacSha256("open sesame", got.headers.at("webhook-id") + "." +
                                                         got.headers.at("webhook-timestamp") + "." +
                                                         got.body)));
  EXPECT_EQ(slow_.requests()[0].body, Dump(ToJson(Of("bills"))));
  EXPECT_FALSE(slow_.requests()[0].headers.contains("webhook-signature"));
}

TEST_F(OwnWebhooksTest, ASlowReceiverHoldsUpNoOther) {
  Store("bills", UrlOf(slow_));
  Store("orders", UrlOf(quick_));
  webhooks_.Put(Of("bills"));
  ASSERT_TRUE(Soon([&] { return slow_.connections() > 0; }));
  webhooks_.Put(Of("orders"));
  EXPECT_TRUE(Soon([&] { return quick_.requests().size() == 1; }));
  is_slow_ = false;
  webhooks_.Flush();
}

TEST_F(OwnWebhooksTest, AChangedUrlCountsFromTheNextReportOn) {
  is_slow_ = false;
  Store("orders", UrlOf(slow_));
  webhooks_.Put(Of("orders"));
  ASSERT_TRUE(Soon([&] { return slow_.requests().size() == 1; }));
  Store("orders", UrlOf(quick_));
  webhooks_.Put(Of("orders"));
  EXPECT_TRUE(Soon([&] { return quick_.requests().size() == 1; }));
  EXPECT_THAT(slow_.requests(), SizeIs(1));
}

TEST_F(OwnWebhooksTest, WhoAskedForNoneGetsNone) {
  Store("orders", "");
  webhooks_.Put(Of("orders"));
  webhooks_.Put(Of("gone"));
  webhooks_.Flush();
  EXPECT_THAT(quick_.requests(), IsEmpty());
}

TEST_F(OwnWebhooksTest, AHostThatIsAwayIsWaitedFor) {
  Store("orders", UrlOf(quick_));
  host_.SetReachable(false);
  webhooks_.Put(Of("orders"));
  std::this_thread::sleep_for(Milliseconds(400));  // It was tried by now.
  host_.SetReachable(true);
  clock_.Tick(std::chrono::seconds(10));
  EXPECT_TRUE(Soon([&] { return quick_.requests().size() == 1; }));
}

}  // namespace
}  // namespace dbaas

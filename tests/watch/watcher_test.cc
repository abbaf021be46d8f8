// SPDX-License-Identifier: MPL-2.0
//
// When a watcher acts and when it does not, one rule a test, against a host in memory and a page of
// etcd played by hand.
#include "engine/watch/watcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/base/hash.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kEtcd[] = "dbaas-management-etcd";

/// The two keys that matter, each with its revision, behind `etcdctl txn`.
class Claims {
 public:
  void Set(const std::string& leader) { leader_ = {leader, ++revision_}; }
  void Configure(const std::string& configuration) {
    configuration_ = {configuration, ++revision_};
  }
  const std::string& leader() const { return leader_.first; }

  Result<ExecResult> Answer(const FakeExec& exec) {
    if (exec.instance != kEtcd) return ExecResult{.exit_code = 1};
    const bool is_attempt = exec.input.find("\ndel ") != std::string::npos;
    if (is_attempt && Holds(exec.input)) {
      leader_ = {};
      return ExecResult{.output = R"({"responses":[{"Response":{"response_delete_range":
                                     {"deleted":1}}}]})"};
    }
    Json responses = Json::array();
    for (const auto& [key, entry] : {std::pair("leader", leader_), {"config", configuration_}}) {
      Json range = Json::object();
      if (!entry.first.empty()) {
        range["kvs"] = Json::array({{{"key", Base64(fmt::format("/dbaas/orders-x/{}", key))},
                                     {"value", Base64(entry.first)},
                                     {"mod_revision", entry.second}}});
      }
      responses.push_back({{"Response", {{"response_range", range}}}});
    }
    return ExecResult{.output = Dump({{"responses", responses}})};
  }

 private:
  bool Holds(const std::string& input) const {
    const auto says = [&](const std::string& condition) {
      return input.find(condition) != std::string::npos;
    };
    return says(fmt::format("value(\"/dbaas/orders-x/leader\") = \"{}\"", leader_.first)) &&
           says(fmt::format("mod(\"/dbaas/orders-x/leader\") = \"{}\"", leader_.second)) &&
           says(fmt::format("mod(\"/dbaas/orders-x/config\") = \"{}\"", configuration_.second));
  }

  int revision_ = 10;
  std::pair<std::string, int> leader_;
  std::pair<std::string, int> configuration_;
};

/// The cluster orders: three candidates, a replica, orders-1 leading, and who watches them.
class WatcherTest : public testing::Test {
 protected:
  WatcherTest() : host_(clock_) {
    record_.cluster = "orders";
    record_.uid = "x";
    record_.generation = 1;
    record_.parts["cluster"] = ClusterSpec{
        .name = "orders", .engine = "postgresql", .engine_version = "17", .node_count = 3};
    EXPECT_TRUE(host_.WriteRecord(record_, 0).has_value());
    Make("dbaas-management", "", kEtcd, "");
    for (const char* name : {"orders-1", "orders-2", "orders-3"}) {
      Make("orders", "cluster", name, name);
    }
    Make("orders", "replica/reports", "orders-reports", "orders-reports");
    Make("orders", "cluster", "orders-proxy", "");
    claims_.Configure(R"({"ttl":20})");
    claims_.Set("orders-1");
    host_.OnExec([this](const FakeExec& exec) { return claims_.Answer(exec); });
    host_.ForgetCalls();
  }

  void Make(const std::string& cluster, const std::string& part, const std::string& name,
            const std::string& member) {
    Object object{
        .id = {ObjectKind::kInstance, name}, .cluster = cluster, .part = part, .member = member};
    Seal(object, "salt");
    EXPECT_TRUE(host_.Ensure(object).has_value());
  }

  /// The runtime tells of the death of an instance, whatever is true by now.
  void TellOfDeath(const std::string& name, const std::string& part = "cluster") {
    watcher_.Take({.kind = InstanceEvent::Kind::kEnded,
                   .instance = name,
                   .cluster = "orders",
                   .part = part,
                   .member = name == "orders-proxy" ? "" : name,
                   .detail = "exited (137)"});
  }
  void Kill(const std::string& name) {
    host_.StopInstance(name);
    TellOfDeath(name);
  }

  std::string Said() const {
    std::string all;
    for (const auto& report : reports_) {
      all += fmt::format("{}: {}\n", ToString(report.kind), report.text);
    }
    return all;
  }
  void ExpectLeftAlone(const std::string& reason) const {
    EXPECT_EQ(Said(),
              "left alone: orders-1, the primary, ended: exited (137); left to the timeout: " +
                  reason + "\n");
    EXPECT_EQ(claims_.leader(), "orders-1");
  }

  FakeClock clock_;
  FakeDriver host_;
  SeededRandom random_;
  ClusterRecord record_;
  Claims claims_;
  std::vector<WatchReport> reports_;
  Watcher watcher_{{.driver = host_,
                    .clock = clock_,
                    .random = random_,
                    .report = [this](const WatchReport& report) { reports_.push_back(report); }}};
};

TEST_F(WatcherTest, TheClaimOfADeadPrimaryIsTakenAway) {
  Kill("orders-1");
  EXPECT_EQ(claims_.leader(), "");
  EXPECT_EQ(Said(), "failover: orders-1, the primary, ended: exited (137); the others elect\n");
  EXPECT_EQ(reports_.front().cluster, "orders");
  EXPECT_EQ(reports_.front().member, "orders-1");
}

TEST_F(WatcherTest, SoIsThatOfOneThatWasRemoved) {
  host_.RemoveByHand({ObjectKind::kInstance, "orders-1"});
  TellOfDeath("orders-1");
  EXPECT_EQ(claims_.leader(), "");
}

TEST_F(WatcherTest, AStandbysDeathIsNobodysFailover) {
  Kill("orders-2");
  EXPECT_EQ(claims_.leader(), "orders-1");
  EXPECT_EQ(Said(), "");
}

TEST_F(WatcherTest, NobodyIsAskedWhenAReplicaOrTheProxyDies) {
  host_.StopInstance("orders-reports");
  TellOfDeath("orders-reports", "replica/reports");
  Kill("orders-proxy");
  EXPECT_THAT(host_.Calls(), IsEmpty());
}

TEST_F(WatcherTest, OnlyThoseThatAskForItAreFailedOverWhenToldSo) {
  Watcher placed({.driver = host_,
                  .clock = clock_,
                  .random = random_,
                  .declared_only = true,
                  .report = [](const auto&) {}});
  const InstanceEvent death{.kind = InstanceEvent::Kind::kEnded,
                            .instance = "orders-1",
                            .cluster = "orders",
                            .part = "cluster",
                            .member = "orders-1"};
  auto& spec = std::get<ClusterSpec>(record_.parts["cluster"]);
  spec.watch = false;
  ASSERT_TRUE(host_.WriteRecord(record_, 1).has_value());
  host_.StopInstance("orders-1");
  placed.Take(death);
  EXPECT_EQ(claims_.leader(), "orders-1");
  spec.watch.reset();  // Three members: by default they do.
  ASSERT_TRUE(host_.WriteRecord(record_, 1).has_value());
  placed.Take(death);
  EXPECT_EQ(claims_.leader(), "");
}

TEST_F(WatcherTest, OtherClustersAreLeftAloneWhenSomeAreNamed) {
  Watcher picky({.driver = host_, .clock = clock_, .random = random_, .clusters = {"users"}});
  host_.StopInstance("orders-1");
  picky.Take({.kind = InstanceEvent::Kind::kEnded,
              .instance = "orders-1",
              .cluster = "orders",
              .part = "cluster",
              .member = "orders-1"});
  EXPECT_THAT(host_.Calls(), IsEmpty());
}

TEST_F(WatcherTest, AClaimThatWasMadeAgainStands) {
  host_.StopInstance("orders-1");
  // Between our look and the deletion it is started by hand, and claims again.
  bool came_back = false;
  host_.OnCall([&](const FakeCall& call) {
    if (call.method != "Observe" || came_back) return;
    came_back = true;
    claims_.Set("orders-1");
  });
  int observed = 0;
  host_.OnFault([&](const FakeCall& call) {
    // The first look at the host still finds it dead; by the second it runs.
    if (call.method == "Observe" && ++observed == 2) {
      EXPECT_TRUE(host_.Restart("orders-1").has_value());
    }
    return FakeFault::kNone;
  });
  TellOfDeath("orders-1");
  ExpectLeftAlone("it runs");
}

TEST_F(WatcherTest, AChangeOfSettingsMeanwhileIsReadAndTheClaimStillGoes) {
  host_.StopInstance("orders-1");
  bool changed = false;
  host_.OnCall([&](const FakeCall& call) {
    if (call.method == "Observe" && !std::exchange(changed, true)) {
      claims_.Configure(R"({"ttl":30})");
    }
  });
  TellOfDeath("orders-1");
  EXPECT_EQ(claims_.leader(), "");
}

TEST_F(WatcherTest, APauseThatComesAtTheLastMomentCounts) {
  host_.StopInstance("orders-1");
  bool changed = false;
  host_.OnCall([&](const FakeCall& call) {
    if (call.method == "Observe" && !std::exchange(changed, true)) {
      claims_.Configure(R"({"pause":true})");
    }
  });
  TellOfDeath("orders-1");
  ExpectLeftAlone("failover is paused");
}

TEST_F(WatcherTest, NothingHappensWhileFailoverIsPaused) {
  claims_.Configure(R"({"ttl":20,"pause":true})");
  Kill("orders-1");
  ExpectLeftAlone("failover is paused");
}

TEST_F(WatcherTest, NothingHappensToAClusterThatIsBeingDestroyed) {
  record_.deleting = true;
  ASSERT_TRUE(host_.WriteRecord(record_, 1).has_value());
  Kill("orders-1");
  ExpectLeftAlone("the cluster is being destroyed");
}

TEST_F(WatcherTest, NothingHappensWithoutAnotherCandidateThatRuns) {
  host_.StopInstance("orders-2");
  host_.StopInstance("orders-3");
  Kill("orders-1");
  ExpectLeftAlone("no other candidate runs");
}

TEST_F(WatcherTest, ARuntimeThatStartsItAgainIsLeftToDoSo) {
  host_.CrashInstance("orders-1");
  TellOfDeath("orders-1");
  ExpectLeftAlone("its runtime starts it again");
}

TEST_F(WatcherTest, OneThatCannotStayUpLosesItsClaim) {
  for (int death = 1; death <= 3; ++death) {
    host_.CrashInstance("orders-1");
    TellOfDeath("orders-1");
    EXPECT_EQ(claims_.leader(), death < 3 ? "orders-1" : "") << "after death " << death;
    clock_.Tick(std::chrono::seconds(10));
  }
}

TEST_F(WatcherTest, CrashesFarApartAreNoLoop) {
  for (int death = 1; death <= 5; ++death) {
    host_.CrashInstance("orders-1");
    TellOfDeath("orders-1");
    clock_.Tick(std::chrono::minutes(5));
  }
  EXPECT_EQ(claims_.leader(), "orders-1");
}

TEST_F(WatcherTest, OneThatRunsByTheTimeItIsLookedAtKeepsItsClaim) {
  TellOfDeath("orders-1");
  ExpectLeftAlone("it runs");
  EXPECT_GE(clock_.Slept(), std::chrono::seconds(3)) << "the runtime may be slow to say it";
}

TEST_F(WatcherTest, ARuntimeThatIsSlowToSayItIsWaitedFor) {
  int observed = 0;
  host_.OnCall([&](const FakeCall& call) {
    if (call.method == "Observe" && ++observed == 5) host_.StopInstance("orders-1");
  });
  TellOfDeath("orders-1");
  EXPECT_EQ(claims_.leader(), "");
}

TEST_F(WatcherTest, ASilentHostIsNoReasonToAct) {
  for (const char* method : {"ReadRecord", "Exec", "Observe"}) {
    reports_.clear();
    host_.StopInstance("orders-1");
    host_.FailNext(method, FakeFault::kBefore);
    TellOfDeath("orders-1");
    EXPECT_EQ(claims_.leader(), "orders-1") << method;
    EXPECT_THAT(Said(), HasSubstr("left alone: ")) << method;
    EXPECT_THAT(Said(), HasSubstr("does not answer")) << method;
  }
}

TEST_F(WatcherTest, ASecondWatcherFindsNothingLeftToDo) {
  host_.StopInstance("orders-1");
  std::vector<WatchReport> second_reports;
  Watcher second({.driver = host_,
                  .clock = clock_,
                  .random = random_,
                  .report = [&](const WatchReport& report) { second_reports.push_back(report); }});
  // The other one acts between this one's look and its deletion, and somebody is elected.
  bool overtaken = false;
  host_.OnCall([&](const FakeCall& call) {
    if (call.method != "Observe" || std::exchange(overtaken, true)) return;
    second.Take({.kind = InstanceEvent::Kind::kEnded,
                 .instance = "orders-1",
                 .cluster = "orders",
                 .part = "cluster",
                 .member = "orders-1"});
    claims_.Set("orders-2");
  });
  TellOfDeath("orders-1");
  EXPECT_EQ(claims_.leader(), "orders-2");
  EXPECT_EQ(second_reports.size(), 1U);
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(WatcherTest, AClusterWithoutARecordIsNotOurs) {
  ASSERT_TRUE(host_.RemoveRecord("orders").has_value());
  Kill("orders-1");
  EXPECT_EQ(claims_.leader(), "orders-1");
  EXPECT_EQ(Said(), "");
}

TEST_F(WatcherTest, AHostThatWentAwayIsComeBackTo) {
  std::stop_source stop;
  host_.FailNext("Watch", FakeFault::kBefore);
  host_.FailNext("Watch", FakeFault::kBefore);
  host_.OnCall([&](const FakeCall& call) {
    // On the third try it answers; then the test is over.
    if (call.method == "Watch" && host_.CallsOf("Watch").size() == 3) stop.request_stop();
  });
  watcher_.Run(stop.get_token());
  EXPECT_THAT(host_.CallsOf("Watch"), ElementsAre("local", "local", "local"));
  EXPECT_EQ(Said(),
            "interrupted: host local does not answer: a planned fault\n"
            "watching: whatever happens to its instances is seen\n");
  EXPECT_GT(clock_.Slept(), Milliseconds(0));
}

}  // namespace
}  // namespace dbaas

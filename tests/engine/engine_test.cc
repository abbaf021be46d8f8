// SPDX-License-Identifier: MPL-2.0
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/apply/fixture.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EngineTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  SeededRandom random_{1};
  std::shared_ptr<FakeDriver> host_ = std::make_shared<FakeDriver>(clock_);
  Engine engine_{std::vector<std::shared_ptr<Driver>>{host_}, clock_, random_};
};

TEST_F(EngineTest, RefreshOfAGoneClusterClearsTheLockOfItsKilledRemover) {
  host_->OnAlive([](const Holder&) { return false; });
  const auto killed =
      host_->AcquireLease("orders", {.name = "killed", .token = "t"}, Milliseconds(30'000));
  ASSERT_TRUE(killed.has_value());
  host_->LoseLeases();
  clock_.Tick(Milliseconds(60'000));
  const auto view = engine_.Read({"local", "orders"}, ReadDepth::kListing);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->has_value());
  EXPECT_FALSE(host_->LeaseHolder("orders").has_value());
}

TEST_F(EngineTest, RefreshLeavesTheLockOfALivingHolderAlone) {
  const auto held =
      host_->AcquireLease("orders", {.name = "alive", .token = "t"}, Milliseconds(30'000));
  ASSERT_TRUE(held.has_value());
  ASSERT_TRUE(engine_.Read({"local", "orders"}, ReadDepth::kListing).has_value());
  ASSERT_TRUE(host_->LeaseHolder("orders").has_value());
  EXPECT_EQ(host_->LeaseHolder("orders")->name, "alive");
}

TEST_F(EngineTest, ARefreshOfManyClustersIsOneListing) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(engine_.Read({"local", "c" + std::to_string(i)}, ReadDepth::kProbe).has_value());
  }
  EXPECT_EQ(host_->CallsOf("Observe").size(), 1U);
  EXPECT_EQ(host_->CallsOf("ReadRecords").size(), 1U);
}

TEST_F(EngineTest, APlanOfManyNewClustersLooksForFreePortsOnce) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    ClusterSpec spec = Spec(1);
    spec.name = name;
    const auto preview = engine_.Plan(
        {.id = {"local", name}, .key = "cluster", .verb = Verb::kCreate, .spec = spec});
    ASSERT_TRUE(preview.has_value()) << preview.error().ToLine();
  }
  EXPECT_EQ(host_->CallsOf("ReadRecords").size(), 1U);
  EXPECT_EQ(host_->CallsOf("Observe").size(), 101U) << "one for each, and one for all";
}

TEST_F(EngineTest, AnApplyThatNeedsNoPortDoesNotLookForOne) {
  FakePatroni patroni(*host_);
  SilentProgress silent;
  ASSERT_TRUE(engine_.Apply(Change(Verb::kCreate, Spec(1)), silent, {}).has_value());
  host_->ForgetCalls();
  ASSERT_TRUE(engine_.Apply(Change(Verb::kUpdate, Spec(2)), silent, {}).has_value());
  EXPECT_THAT(host_->CallsOf("ReadRecords"), IsEmpty());
}

TEST_F(EngineTest, AppliesOfOneProcessAskForALeaseWhenItIsTheirTurn) {
  FakePatroni patroni(*host_);
  Notes notes;
  {
    std::vector<std::jthread> applies;
    for (int i = 0; i < 8; ++i) {
      applies.emplace_back([&, i] {
        const std::string name = "c" + std::to_string(i);
        ClusterSpec spec = Spec(1);
        spec.name = name;
        const auto applied = engine_.Apply({.id = {"local", name},
                                            .key = "cluster",
                                            .verb = Verb::kCreate,
                                            .spec = spec,
                                            .who = "test"},
                                           notes, {});
        EXPECT_TRUE(applied.has_value()) << applied.error().ToLine();
      });
    }
  }
  EXPECT_THAT(notes.All(), Not(Contains(HasSubstr("waiting for the lease"))));
}

TEST_F(EngineTest, ThoseWhoWaitTogetherForASilentHostHearOfItTogether) {
  constexpr int kReaders = 20;
  std::atomic<int> asking = 0;
  host_->SetReachable(false);
  host_->OnCall([&](const FakeCall&) {
    // The first call to the host takes until all the others wait for its answer.
    for (int i = 0; i < 1000 && asking < kReaders; ++i)
      std::this_thread::sleep_for(Milliseconds(1));
    std::this_thread::sleep_for(Milliseconds(20));
  });
  std::vector<std::jthread> readers;
  readers.reserve(kReaders);
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      ++asking;
      const auto view = engine_.Read({"local", "c" + std::to_string(i)}, ReadDepth::kListing);
      EXPECT_FALSE(view.has_value());
    });
  }
  readers.clear();
  EXPECT_LT(host_->CallsOf("Observe").size(), std::size_t{3 * kReaders / 2}) << "3 for each alone";

  // Who asks later is not told of what was.
  host_->SetReachable(true);
  EXPECT_TRUE(engine_.Read({"local", "orders"}, ReadDepth::kListing).has_value());
}

TEST_F(EngineTest, PlanForASilentHostWarnsAndApplyFails) {
  host_->SetReachable(false);
  const auto preview = engine_.Plan(Change(Verb::kCreate, Spec(1)));
  ASSERT_TRUE(preview.has_value());
  ASSERT_EQ(preview->warnings.size(), 1U);
  EXPECT_THAT(preview->warnings[0], HasSubstr("Host local does not answer"));
}

TEST_F(EngineTest, AHostIsCheckedAsIfNothingWereThereYet) {
  host_->SetMemory(std::int64_t{4} << 30);
  ClusterSpec big = Spec(1);
  big.instance_class.clear();
  big.resources.memory_bytes = std::int64_t{8} << 30;
  const auto too_big = engine_.CheckHost(Change(Verb::kCreate, big));
  ASSERT_FALSE(too_big.has_value());
  EXPECT_EQ(too_big.error().field, "resources.memory");
  FakePatroni patroni(*host_);
  SilentProgress progress;
  ASSERT_TRUE(engine_.Apply(Change(Verb::kCreate, Spec(1)), progress, {}).has_value());
  EXPECT_TRUE(engine_.CheckHost(Change(Verb::kCreate, Spec(1))).has_value());
}

TEST_F(EngineTest, AppliedClusterRunsWithoutDriftAndIsNotAskedForAgain) {
  FakePatroni patroni(*host_);
  SilentProgress progress;
  const auto view = engine_.Apply(Change(Verb::kCreate, Spec(1)), progress, {});
  ASSERT_TRUE(view.has_value()) << view.error().ToLine();
  EXPECT_EQ(view->status, "running");
  EXPECT_TRUE(view->drift.empty());
  // A kill between settling and the answer would leave a cluster that nobody knows of: nothing that
  // takes time stands between the two.
  std::vector<std::string> methods;
  for (const auto& call : host_->Calls()) methods.push_back(call.method);
  EXPECT_EQ(methods.back(), "WriteRecord");
}

class SettleAfterAnswerTest : public EngineTest {
 protected:
  static PartChange Create() {
    PartChange change = Change(Verb::kCreate, Spec(1));
    change.settles_after_answer = true;
    return change;
  }

  /// What another process sees.
  bool IsSettled() {
    const auto record = host_->ReadRecord("orders");
    return record.has_value() && record->has_value() && (*record)->settled == (*record)->generation;
  }

  FakePatroni patroni_{*host_};
  SilentProgress progress_;
};

TEST_F(SettleAfterAnswerTest, KilledBeforeItIsSettledTheNextCreateCarriesOn) {
  // Nothing can be written any more after the intent: as if the process were gone by then.
  std::atomic<bool> is_gone = false;
  host_->OnFault([&](const FakeCall& call) {
    return is_gone && call.method == "WriteRecord" ? FakeFault::kBefore : FakeFault::kNone;
  });
  host_->OnCall([&](const FakeCall& call) { is_gone = is_gone || call.method == "Ensure"; });
  ASSERT_TRUE(engine_.Apply(Create(), progress_, {}).has_value());
  engine_.Settle();
  EXPECT_FALSE(IsSettled());

  host_->OnFault({});
  Engine next({host_}, clock_, random_);
  const auto preview = next.Plan(Create());
  ASSERT_TRUE(preview.has_value()) << preview.error().ToLine();
  ASSERT_TRUE(next.Apply(Create(), progress_, {}).has_value());
  next.Settle();
  EXPECT_TRUE(IsSettled());
  const auto again = next.Plan(Create());
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().ToLine(), HasSubstr("already exists"));
}

TEST_F(SettleAfterAnswerTest, WhoAsksNextFindsItSettled) {
  ASSERT_TRUE(engine_.Apply(Create(), progress_, {}).has_value());
  const auto view = engine_.Read({"local", "orders"}, ReadDepth::kListing);
  ASSERT_TRUE(view.has_value() && view->has_value());
  EXPECT_THAT((*view)->drift, ::testing::IsEmpty());
  EXPECT_TRUE(IsSettled());
}

TEST_F(SettleAfterAnswerTest, TheNextApplyBuildsOnAnEndedOne) {
  ASSERT_TRUE(engine_.Apply(Create(), progress_, {}).has_value());
  const PartChange replica =
      Change(Verb::kCreate, ReplicaSpec{.name = "reports"}, "replica/reports");
  ASSERT_TRUE(engine_.Apply(replica, progress_, {}).has_value());
  const auto record = host_->ReadRecord("orders");
  ASSERT_TRUE(record.has_value() && record->has_value());
  ASSERT_EQ((*record)->history.size(), 2U);
  EXPECT_EQ((*record)->history[0].outcome, "ok");
  EXPECT_EQ((*record)->history[1].outcome, "ok");
}

TEST_F(SettleAfterAnswerTest, AnEngineThatGoesSettlesFirst) {
  {
    Engine engine({host_}, clock_, random_);
    ASSERT_TRUE(engine.Apply(Create(), progress_, {}).has_value());
  }
  EXPECT_TRUE(IsSettled());
}

class StopTest : public EngineTest {
 protected:
  static PartChange Create() { return Change(Verb::kCreate, Spec(3)); }

  std::stop_source stop_;
  SilentProgress progress_;
};

TEST_F(StopTest, NothingNewStartsAndWhatWasDoneStands) {
  FakePatroni patroni(*host_);
  host_->OnCall([&](const FakeCall& call) {
    if (call.subject == "volume orders-2-data") stop_.request_stop();
  });
  const auto stopped = engine_.Apply(Create(), progress_, stop_.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE(host_->Find({ObjectKind::kVolume, "orders-2-data"}).has_value()) << "it was running";
  EXPECT_FALSE(host_->Find({ObjectKind::kInstance, "orders-2"}).has_value()) << "it came after";
  EXPECT_FALSE(host_->LeaseHolder("orders").has_value());

  const auto view = engine_.Read({"local", "orders"}, ReadDepth::kListing);
  ASSERT_TRUE(view.has_value() && view->has_value());
  EXPECT_EQ((*view)->status, "creating");
  EXPECT_THAT((*view)->history.back().outcome, HasSubstr("stopped"));

  host_->OnCall({});
  const auto again = engine_.Apply(Create(), progress_, {});
  ASSERT_TRUE(again.has_value()) << again.error().ToLine();
  EXPECT_EQ(again->status, "running");
}

TEST_F(StopTest, AWaitIsAbandoned) {
  // Nobody in there ever answers, so it waits for a primary.
  host_->OnExec([&](const FakeExec&) -> Result<ExecResult> {
    stop_.request_stop();
    return ExecResult{.exit_code = 1, .errors = "starting"};
  });
  const auto stopped = engine_.Apply(Create(), progress_, stop_.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
  EXPECT_THAT(stopped.error().ToLine(), HasSubstr("stopped"));
  EXPECT_LT(clock_.Slept(), Milliseconds(10'000));
  EXPECT_FALSE(host_->LeaseHolder("orders").has_value());
}

TEST_F(StopTest, ATimeoutSaysWhatItWaitedForAndLosesNothing) {
  host_->OnExec([&](const FakeExec&) -> Result<ExecResult> {
    return ExecResult{.exit_code = 1, .errors = "starting"};
  });
  PartChange create = Create();
  create.timeout = Milliseconds(60'000);
  const auto late = engine_.Apply(create, progress_, {});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(late.error().ToLine(), HasSubstr("not done within 60 s"));
  EXPECT_THAT(late.error().ToLine(), HasSubstr("while waiting until"));
  EXPECT_THAT(late.error().detail, HasSubstr("apply again to go on"));
  EXPECT_THAT(late.error().detail, HasSubstr("actions were not begun"));
  EXPECT_TRUE(host_->Find({ObjectKind::kInstance, "orders-3"}).has_value());
  EXPECT_FALSE(host_->LeaseHolder("orders").has_value());

  FakePatroni patroni(*host_);
  const auto again = engine_.Apply(create, progress_, {});
  ASSERT_TRUE(again.has_value()) << again.error().ToLine();
  EXPECT_EQ(again->status, "running");
}

TEST_F(StopTest, ATimeoutEndsAlsoTheWaitForALease) {
  const auto lease = host_->AcquireLease(
      "orders", {.name = "alice", .token = "t", .machine = "elsewhere"}, Milliseconds(300'000));
  ASSERT_TRUE(lease.has_value());
  PartChange create = Create();
  create.timeout = Milliseconds(10'000);
  const auto late = engine_.Apply(create, progress_, {});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(late.error().detail, HasSubstr("alice"));
  EXPECT_EQ(host_->LeaseHolder("orders")->name, "alice");
}

TEST_F(StopTest, AnApplyThatWaitsForALeaseGivesUp) {
  const auto lease = host_->AcquireLease(
      "orders", {.name = "alice", .token = "t", .machine = "elsewhere"}, Milliseconds(30'000));
  ASSERT_TRUE(lease.has_value());
  host_->ForgetCalls();
  stop_.request_stop();
  const auto stopped = engine_.Apply(Create(), progress_, stop_.get_token());
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kCancelled);
  EXPECT_THAT(stopped.error().detail, HasSubstr("alice"));
  EXPECT_EQ(host_->Calls().size(), 1U) << "only the lease was asked for";
}

TEST_F(EngineTest, IdsNameTheirHostOrMeanTheFirst) {
  EXPECT_EQ(engine_.ParseClusterId("orders")->ToText(), "local/orders");
  EXPECT_EQ(engine_.ParseClusterId("far/orders")->ToText(), "far/orders");
  EXPECT_EQ(engine_.ParseClusterId("a/b/c").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(engine_.ParseClusterId("").error().field, "cluster_id");
}

TEST_F(EngineTest, UnknownEngineIsOneErrorThatListsTheKnown) {
  ClusterSpec spec;
  spec.engine = "oracle";
  const auto errors = Engine::Validate(spec);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].field, "engine");
  EXPECT_THAT(errors[0].detail, HasSubstr("postgresql"));
}

TEST_F(EngineTest, ALoginIsMadeOnThePrimaryAndGoesWhenItIsClosed) {
  FakePatroni patroni(*host_);
  ClusterSpec spec;
  spec.name = "orders";
  spec.engine = "postgresql";
  spec.engine_version = "17";
  spec.node_count = 2;
  spec.username = "admin";
  spec.db_name = "app";
  const PartChange change{.id = {"local", "orders"},
                          .key = "cluster",
                          .verb = PartChange::Verb::kCreate,
                          .spec = spec,
                          .who = "test"};
  SilentProgress silent;
  ASSERT_TRUE(engine_.Apply(change, silent, {}).has_value());
  patroni.FailOver("orders");
  host_->ForgetCalls();

  const Login wanted{.access = Login::Access::kReadWrite, .ttl = Milliseconds(60'000)};
  const auto opened = engine_.OpenLogin(change.id, wanted);
  ASSERT_TRUE(opened.has_value()) << opened.error().ToLine();
  EXPECT_THAT(opened->username, ::testing::MatchesRegex("dbaas_login_[a-z0-9]+"));
  EXPECT_EQ(opened->password.Reveal().size(), 32U);
  EXPECT_THAT(opened->uri.Reveal(), HasSubstr("postgresql://" + opened->username + ":" +
                                              opened->password.Reveal() + "@"));
  EXPECT_THAT(opened->reader_uri.Reveal(), HasSubstr(opened->username));
  EXPECT_THAT(patroni.Logins("orders"), ::testing::ElementsAre(opened->username));
  Login login = wanted;
  login.role = opened->username;
  EXPECT_TRUE(engine_.RenewLogin(change.id, login).has_value());
  EXPECT_TRUE(engine_.CloseLogin(change.id, login.role).has_value());
  EXPECT_TRUE(engine_.CloseLogin(change.id, login.role).has_value());
  EXPECT_THAT(patroni.Logins("orders"), ::testing::IsEmpty());
  const auto gone = engine_.RenewLogin(change.id, login);
  EXPECT_EQ(gone.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(gone.error().summary, "role does not exist");
  // It is no part of what the cluster should be.
  EXPECT_TRUE(host_->CallsOf("WriteRecord").empty());
  EXPECT_TRUE(host_->CallsOf("AcquireLease").empty());
}

TEST_F(EngineTest, ALoginNeedsACluster) {
  const auto opened = engine_.OpenLogin({"local", "orders"}, {});
  EXPECT_EQ(opened.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(opened.error().field, "cluster_id");
}

}  // namespace
}  // namespace dbaas

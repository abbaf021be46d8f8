// SPDX-License-Identifier: MPL-2.0
// The record store on a real Docker engine, with stores of the tests' own.
#include "engine/drivers/docker/records.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/base/random.h"
#include "engine/drivers/docker/docker_driver.h"
#include "engine/drivers/docker/endpoint.h"
#include "tests/conformance/skip.h"

namespace dbaas::docker {
namespace {

ClusterRecord RecordOf(const std::string& cluster, std::int64_t generation) {
  ClusterRecord record;
  record.cluster = cluster;
  record.generation = generation;
  record.secrets["password"] = Secret<std::string>("the-secret-of-" + cluster);
  return record;
}

class RecordStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    client_ = MakeClient();
    if (const Result<Json> info = client_->Get("/info"); !info.has_value()) {
      DBAAS_SKIP(info.error().ToLine());
    }
    name_ = "test-records-";
    for (int letter = 0; letter < 8; ++letter)
      name_ += static_cast<char>('a' + random_.Next() % 26);
  }

  void TearDown() override {
    if (name_.empty()) return;
    (void)client_->Delete("/containers/" + name_ + "?force=1").has_value();
    (void)client_->Delete("/containers/dbaas-lease-" + name_ + "?force=1").has_value();
    (void)client_->Delete("/volumes/" + name_).has_value();
  }

  std::shared_ptr<DockerClient> MakeClient() {
    return std::make_shared<DockerClient>(*ParseEndpoint(FromEnvironment({}, ReadEnvironment)),
                                          "local", clock_);
  }
  RecordStore Store() { return RecordStore(MakeClient(), name_); }
  bool VolumeExists() { return client_->Get("/volumes/" + name_).has_value(); }
  bool ContainerExists() { return client_->Get("/containers/" + name_ + "/json").has_value(); }
  /// Everything that lies in the volume, as one text.
  std::string Everything() {
    const Result<std::vector<TarEntry>> entries = client_->GetArchive(name_, "/records");
    std::string text;
    if (!entries.has_value()) return text;
    for (const TarEntry& entry : *entries) text += entry.path + "\n" + entry.content + "\n";
    return text;
  }

  SystemClock clock_;
  SystemRandom random_;
  std::shared_ptr<DockerClient> client_;
  std::string name_;
};

TEST_F(RecordStoreTest, ReadingMakesNothing) {
  EXPECT_FALSE(Store().Read("orders")->has_value());
  EXPECT_TRUE(Store().ReadAll()->empty());
  EXPECT_TRUE(Store().Remove("orders").has_value());
  EXPECT_FALSE(ContainerExists());
  EXPECT_FALSE(VolumeExists());
}

TEST_F(RecordStoreTest, TheLastRecordTakesTheStoreAway) {
  RecordStore store = Store();
  ASSERT_TRUE(store.Write(RecordOf("orders", 1), 0).has_value());
  ASSERT_TRUE(store.Write(RecordOf("users", 1), 0).has_value());
  ASSERT_TRUE(store.Remove("orders").has_value());
  EXPECT_TRUE(VolumeExists());
  EXPECT_TRUE(store.Read("users")->has_value());
  ASSERT_TRUE(store.Remove("users").has_value());
  EXPECT_FALSE(ContainerExists());
  EXPECT_FALSE(VolumeExists());
}

TEST_F(RecordStoreTest, NoSecretOfARemovedRecordStays) {
  RecordStore store = Store();
  ASSERT_TRUE(store.Write(RecordOf("users", 1), 0).has_value());
  for (int generation = 1; generation <= 4; ++generation) {
    ASSERT_TRUE(store.Write(RecordOf("orders", generation), generation - 1).has_value());
  }
  EXPECT_NE(Everything().find("the-secret-of-orders"), std::string::npos);
  ASSERT_TRUE(store.Remove("orders").has_value());
  EXPECT_EQ(Everything().find("the-secret-of-orders"), std::string::npos);
  EXPECT_NE(Everything().find("the-secret-of-users"), std::string::npos);
  // The name can be used again.
  ASSERT_TRUE(store.Write(RecordOf("orders", 1), 0).has_value());
  EXPECT_EQ((*store.Read("orders"))->generation, 1);
}

TEST_F(RecordStoreTest, ATornWriteLeavesTheRecordBeforeIt) {
  RecordStore store = Store();
  for (int generation = 1; generation <= 5; ++generation) {
    ASSERT_TRUE(store.Write(RecordOf("orders", generation), generation - 1).has_value());
  }
  TarWriter tar;
  tar.AddFile({.path = SlotPath("orders", 5), .content = "dbaas-record 1 5 0123"});
  ASSERT_TRUE(client_->PutArchive(name_, "/records", *std::move(tar).Finish()).has_value());
  EXPECT_EQ((*store.Read("orders"))->generation, 4);
  ASSERT_TRUE(store.Write(RecordOf("orders", 5), 4).has_value());
  EXPECT_EQ((*store.Read("orders"))->generation, 5);
}

TEST_F(RecordStoreTest, AVolumeOrContainerOfSomeoneElseIsAConflict) {
  ASSERT_TRUE(client_->Post("/volumes/create", {{"Name", name_}}).has_value());
  const Result<void> written = Store().Write(RecordOf("orders", 1), 0);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(VolumeExists());
}

TEST_F(RecordStoreTest, ReadersWhoFindTheContainerPrunedAllSeeTheRecord) {
  ASSERT_TRUE(Store().Write(RecordOf("orders", 1), 0).has_value());
  std::atomic<int> seen = 0;
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(client_->Delete("/containers/" + name_ + "?force=1").has_value());
    std::vector<std::jthread> readers;
    readers.reserve(8);
    for (int reader = 0; reader < 8; ++reader) {
      readers.emplace_back([&] {
        const auto read = Store().Read("orders");
        if (read.has_value() && read->has_value()) ++seen;
      });
    }
  }
  EXPECT_EQ(seen, 40);
}

TEST_F(RecordStoreTest, ClearingAwayNeverTakesWhatOthersWrite) {
  // Every round of every thread is a whole life of a cluster, so the store is cleared away whenever
  // nobody happens to have one.
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&, number] {
        RecordStore store = Store();
        const std::string cluster = fmt::format("cluster-{}", number);
        for (int round = 0; round < 6; ++round) {
          for (int generation = 1; generation <= 2; ++generation) {
            const auto written = store.Write(RecordOf(cluster, generation), generation - 1);
            EXPECT_TRUE(written.has_value()) << written.error().ToLine();
            const auto read = Store().Read(cluster);
            EXPECT_TRUE(read.has_value()) << read.error().ToLine();
            if (!read.has_value() || !read->has_value() || (*read)->generation != generation) {
              ++wrong;
            }
          }
          const auto removed = store.Remove(cluster);
          EXPECT_TRUE(removed.has_value()) << removed.error().ToLine();
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(Store().Remove("cluster-0").has_value());
  EXPECT_FALSE(ContainerExists());
  EXPECT_FALSE(VolumeExists());
}

}  // namespace
}  // namespace dbaas::docker

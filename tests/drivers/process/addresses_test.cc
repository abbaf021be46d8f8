// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "tests/drivers/process/folder.h"

namespace dbaas::process {
namespace {

using testing::StartsWith;

class AddressesTest : public testing::Test {
 protected:
  TestFolder folder_;
  Store store_{folder_.path(), "local", {.name = "me", .uid = getuid(), .gid = getgid()}};

  void Free() {
    const auto lock = store_.Lock();
    EXPECT_TRUE(FreeAddresses(store_).has_value());
  }
};

TEST_F(AddressesTest, AnInstanceKeepsItsAddressAndHasItAlone) {
  const std::string first = *AddressFor(store_, "orders-1");
  EXPECT_THAT(first, StartsWith("127."));
  EXPECT_THAT(first, testing::Not(StartsWith("127.0.")));
  EXPECT_NE(*AddressFor(store_, "orders-2"), first);
  EXPECT_EQ(*AddressFor(store_, "orders-1"), first);
}

TEST_F(AddressesTest, ThoseWhoAskAtOnceGetDifferentOnes) {
  std::vector<std::string> addresses(40);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      threads.emplace_back(
          [&, i] { addresses[i] = *AddressFor(store_, "orders-" + std::to_string(i)); });
    }
  }
  EXPECT_EQ(std::set<std::string>(addresses.begin(), addresses.end()).size(), addresses.size());
}

TEST_F(AddressesTest, AnAddressIsKeptForAsLongAsTheClusterHasARecord) {
  const std::string first = *AddressFor(store_, "orders-1");
  const std::string etcd = *AddressFor(store_, "dbaas-management-etcd");
  ASSERT_TRUE(MakeFolders(store_.Records()).has_value());
  ASSERT_TRUE(WriteText(store_.Records() + "/orders.json", "{}").has_value());
  Free();
  EXPECT_EQ(*AddressFor(store_, "orders-1"), first);
  EXPECT_EQ(*AddressFor(store_, "dbaas-management-etcd"), etcd);
  unlink((store_.Records() + "/orders.json").c_str());
  Free();
  EXPECT_FALSE(Exists(folder_.path() + "/addresses.json"));
}

}  // namespace
}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "tests/drivers/process/folder.h"

namespace dbaas::process {
namespace {

/// The directory is its own lock: were it replaced, two could hold the lock at once.
TEST(StoreTest, ADirectoryThatManyMakeAtOnceIsMadeOnce) {
  const TestFolder folder;
  const auto user = ChooseUser("nobody");
  ASSERT_TRUE(user.has_value() || geteuid() != 0);
  for (int round = 0; round < 100; ++round) {
    const Store store(fmt::format("{}/host-{}", folder.path(), round), "local",
                      user ? *user : SystemUser{.uid = geteuid(), .gid = getegid()});
    std::latch start(4);
    std::mutex mutex;
    std::set<ino_t> locked;
    {
      std::vector<std::jthread> threads;
      for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&] {
          start.arrive_and_wait();
          const auto prepared = store.Prepare();
          ASSERT_TRUE(prepared.has_value()) << prepared.error().ToLine();
          const auto lock = store.Lock();
          ASSERT_TRUE(lock.has_value()) << lock.error().ToLine();
          struct stat status {};
          ASSERT_EQ(fstat(lock->get(), &status), 0);
          const std::lock_guard guard(mutex);
          locked.insert(status.st_ino);
        });
      }
    }
    ASSERT_EQ(locked.size(), 1U) << "in round " << round;
  }
}

}  // namespace
}  // namespace dbaas::process

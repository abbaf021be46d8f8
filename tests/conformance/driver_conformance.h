// SPDX-License-Identifier: MPL-2.0
//
// What a new driver needs to be held to engine/drivers/driver.h: a world to test it in. Implement
// DriverWorld, register it with INSTANTIATE_TEST_SUITE_P in a file of your own, and link that with
// driver_conformance.cc. docs/adding_a_driver.md walks through it.
//
//   INSTANTIATE_TEST_SUITE_P(Fake, DriverConformance, testing::Values(MakeFakeWorld));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/drivers/driver.h"

namespace dbaas {

/// One host, and what can happen to it behind the driver's back. Made afresh for every test.
class DriverWorld {
 public:
  virtual ~DriverWorld() = default;

  /// Empty when the tests can run; otherwise what this machine lacks.
  virtual std::string Missing() const { return {}; }
  virtual Driver& driver() = 0;
  /// The same host as another process would see it.
  virtual Driver& other_driver() = 0;

  /// An image with busybox at /bin/busybox and nothing else to rely on.
  virtual std::string image() const = 0;
  /// Whom a file belongs to inside an instance: "999:998".
  virtual std::string OwnerOf(const File& file) const {
    return std::to_string(file.uid) + ":" + std::to_string(file.gid);
  }
  /// A cluster name that no other test uses, even one that runs at the same time.
  virtual std::string cluster() const = 0;

  virtual void LetTimePass(Milliseconds duration) = 0;
  /// Something of that kind and name that is not ours. Cleaned away with the world.
  virtual void AddForeign(const ObjectId& id) = 0;
  virtual void StopByHand(const std::string& instance) = 0;
  /// How that ends an instance, in the runtime's words, and what a listing says of it afterwards.
  virtual std::string EndedByHand() const { return "exited (137)"; }
  virtual std::string StoppedByHand() const { return "exited ("; }
  /// Whether what an instance wrote outside of its volumes is still there after a restart.
  virtual bool KeepsScratch() const { return true; }
  /// The first and the last of the ports that can be published, and that nobody else uses: neither
  /// the kernel for its ephemeral ports nor dbaas itself.
  virtual std::pair<int, int> Ports() const { return {20000, 29999}; }
  /// A new directory of the host's, removed with the world; empty when there are no files at all.
  virtual std::string MakeDirectory() { return {}; }
  /// What an administrator's cleaning of unused things does, short of removing volumes.
  virtual void Prune() {}
};

using MakeWorld = std::function<std::unique_ptr<DriverWorld>()>;

class DriverConformance : public testing::TestWithParam<MakeWorld> {
 protected:
  void SetUp() override;

  Driver& driver() { return world_->driver(); }
  const std::string& cluster() const { return cluster_; }

  Object Network(const std::string& suffix = "") const;
  Object Volume(const std::string& suffix = "-data") const;
  /// Counts its starts in /tmp/starts, with the machine's uptime in /tmp/uptime, and every SIGHUP
  /// in /tmp/reloads; ends at once on SIGTERM.
  Object Instance(const std::string& suffix = "-1") const;
  /// Seals and ensures it; a failure fails the test.
  void Make(Object& object);

  /// What a command in the instance prints; the text of the error when it cannot run.
  std::string Run(const std::string& instance, const std::vector<std::string>& argv,
                  const std::string& input = {});
  std::string Read(const std::string& instance, const std::string& path);
  /// What /tmp/starts holds after so many starts.
  std::string Starts(int count) const;
  /// Tests that run at the same time begin at different places.
  int FreePort() const;
  /// Waits a little: signals take their time.
  std::string ReadUntil(const std::string& instance, const std::string& path,
                        const std::string& expected);
  std::optional<ObservedObject> Find(const ObjectId& id);

  std::unique_ptr<DriverWorld> world_;
  std::string cluster_;
};

}  // namespace dbaas

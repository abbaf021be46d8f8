// SPDX-License-Identifier: MPL-2.0
//
// Rig: the provider's whole server in this process, its engine over two hosts in memory, and a gRPC
// channel to it. Nothing is left out between Terraform's message and the host's objects but the
// socket. Used by the tests of tests/protocol/.
//
//   Rig rig(seed);
//   core::Core core(rig.channel());
//
// Times are a FakeClock's: waiting takes none. Not thread-safe, but the server is.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "provider/lifecycle.h"
#include "provider/server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {

class Rig {
 public:
  explicit Rig(std::uint64_t seed = 1, std::function<const ProviderTypes&()> types = AllTypes);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// The service itself, and a channel to it.
  ProviderServer& service() { return service_; }
  std::shared_ptr<grpc::Channel> channel();
  FakeDriver& local() { return *local_; }
  FakeDriver& east() { return *east_; }
  FakeClock& clock() { return clock_; }
  /// Nothing of any cluster is left on either host.
  bool IsEmpty() const;

 private:
  FakeClock clock_;
  SeededRandom random_;
  std::shared_ptr<FakeDriver> local_;
  std::shared_ptr<FakeDriver> east_;
  FakePatroni local_patroni_;
  FakePatroni east_patroni_;
  Lifecycle lifecycle_;
  ProviderServer service_;
  std::unique_ptr<grpc::Server> server_;  ///< From the first channel on.
};

}  // namespace dbaas

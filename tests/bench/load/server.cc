// SPDX-License-Identifier: MPL-2.0
//
// bench_server: the provider as Terraform starts it, on a host in memory: its one difference from
// terraform-provider-dbaas is the driver, which is the tests' and takes no time. Started by
// tests/bench/calls_bench.py; never shipped.
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "provider/serve.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/fake_patroni.h"

int main() {
  dbaas::SystemClock clock;
  dbaas::SystemRandom random;
  const auto host = std::make_shared<dbaas::FakeDriver>(clock);
  dbaas::FakePatroni patroni(*host);
  dbaas::Lifecycle lifecycle(std::make_shared<dbaas::Engine>(
                                 std::vector<std::shared_ptr<dbaas::Driver>>{host}, clock, random),
                             clock, random);
  return dbaas::ServeTerraform(dbaas::ProcessEnvironment(), lifecycle);
}

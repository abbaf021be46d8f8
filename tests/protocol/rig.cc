// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/rig.h"

#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <utility>

namespace dbaas {

Rig::Rig(std::uint64_t seed, std::function<const ProviderTypes&()> types)
    : random_(seed),
      local_(std::make_shared<FakeDriver>(clock_, "local")),
      east_(std::make_shared<FakeDriver>(clock_, "east", "10.0.0.2")),
      local_patroni_(*local_),
      east_patroni_(*east_),
      lifecycle_(std::make_shared<Engine>(std::vector<std::shared_ptr<Driver>>{local_, east_},
                                          clock_, random_),
                 clock_, random_),
      service_(lifecycle_, std::move(types)) {
  spdlog::set_level(spdlog::level::off);
  for (const char* home : {"HOME", "XDG_STATE_HOME"}) unsetenv(home);  // No journals.
}

Rig::~Rig() {
  if (server_ != nullptr) server_->Shutdown();
}

std::shared_ptr<grpc::Channel> Rig::channel() {
  if (server_ == nullptr) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  return server_->InProcessChannel({});
}

bool Rig::IsEmpty() const {
  const auto empty = [](const FakeDriver& host) {
    return host.Objects().empty() && host.StoredRecords().empty();
  };
  return empty(*local_) && empty(*east_);
}

}  // namespace dbaas

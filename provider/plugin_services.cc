// SPDX-License-Identifier: MPL-2.0
#include "provider/plugin_services.h"

namespace dbaas {
namespace {

// gRPC owns no reactor: each one deletes itself when its call is over.

class ShutdownReactor final : public grpc::ServerUnaryReactor {
 public:
  explicit ShutdownReactor(const std::function<void()>& on_shutdown) : on_shutdown_(on_shutdown) {
    Finish(grpc::Status::OK);
  }
  void OnDone() override {
    on_shutdown_();
    delete this;
  }

 private:
  const std::function<void()>& on_shutdown_;
};

class SilentReactor final : public grpc::ServerWriteReactor<plugin::StdioData> {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

class IdleReactor final : public grpc::ServerBidiReactor<plugin::ConnInfo, plugin::ConnInfo> {
 public:
  IdleReactor() { StartRead(&ignored_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartRead(&ignored_);
    } else {
      Finish(grpc::Status::OK);  // The host closed its side, or is gone.
    }
  }
  void OnDone() override { delete this; }

 private:
  plugin::ConnInfo ignored_;
};

}  // namespace

grpc::ServerUnaryReactor* ControllerService::Shutdown(grpc::CallbackServerContext* /*context*/,
                                                      const plugin::Empty* /*request*/,
                                                      plugin::Empty* /*response*/) {
  return new ShutdownReactor(on_shutdown_);
}

grpc::ServerWriteReactor<plugin::StdioData>* StdioService::StreamStdio(
    grpc::CallbackServerContext* /*context*/, const plugin::Empty* /*request*/) {
  return new SilentReactor;
}

grpc::ServerBidiReactor<plugin::ConnInfo, plugin::ConnInfo>* BrokerService::StartStream(
    grpc::CallbackServerContext* /*context*/) {
  return new IdleReactor;
}

}  // namespace dbaas

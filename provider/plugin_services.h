// SPDX-License-Identifier: MPL-2.0
//
// The services that go-plugin wants beside our own: shutdown, a channel for what the plugin prints,
// and a broker for further connections. We print nothing and broker nothing; but a stream that the
// host opens has to stay open, or it logs that something is wrong.
// They use gRPC's callbacks, so that the two streams, which last as long as the process, hold no
// thread. Used by serve.* only.
#pragma once

#include <functional>

#include "provider/proto/plugin.grpc.pb.h"

namespace dbaas {

class ControllerService final : public plugin::GRPCController::CallbackService {
 public:
  /// `on_shutdown` is called, from a thread of gRPC's, when the answer has been sent.
  explicit ControllerService(std::function<void()> on_shutdown)
      : on_shutdown_(std::move(on_shutdown)) {}
  grpc::ServerUnaryReactor* Shutdown(grpc::CallbackServerContext* context,
                                     const plugin::Empty* request,
                                     plugin::Empty* response) override;

 private:
  std::function<void()> on_shutdown_;
};

class StdioService final : public plugin::GRPCStdio::CallbackService {
 public:
  grpc::ServerWriteReactor<plugin::StdioData>* StreamStdio(grpc::CallbackServerContext* context,
                                                           const plugin::Empty* request) override;
};

class BrokerService final : public plugin::GRPCBroker::CallbackService {
 public:
  grpc::ServerBidiReactor<plugin::ConnInfo, plugin::ConnInfo>* StartStream(
      grpc::CallbackServerContext* context) override;
};

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// The calls about actions.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <stop_token>
#include <utility>

#include "provider/from_proto.h"
#include "provider/server.h"
#include "provider/to_proto.h"

namespace dbaas {
namespace {

using grpc::ServerContext;
using grpc::Status;
using Writer = grpc::ServerWriter<tfplugin6::InvokeAction::Event>;

/// Progress as events of the stream, which Terraform shows as they come, and as log lines. One that
/// nobody takes any more means that the caller is gone. Once stopped it says nothing more:
/// Terraform 1.15 ends its loop over the events at the first one after a Ctrl-C, and panics at the
/// next.
class StreamProgress final : public Progress {
 public:
  StreamProgress(Writer& writer, std::stop_token stop) : writer_(writer), stop_(std::move(stop)) {}

  void Note(const std::string& message) override { Send(message); }
  void Began(int done, int total, const std::string& action) override {
    Send(fmt::format("[{}/{}] {}", done, total, action));
  }
  void Ended(int done, int total, const std::string& action, const std::string& error,
             Milliseconds elapsed) override {
    Send(fmt::format(
        "[{}/{}] {} {} after {:.1f} s{}", done, total, action, error.empty() ? "ended" : "failed",
        static_cast<double>(elapsed.count()) / 1000, error.empty() ? "" : ": " + error));
  }

  std::stop_token caller_gone() const { return gone_.get_token(); }

 private:
  void Send(const std::string& message) {
    spdlog::info("{}", message);
    tfplugin6::InvokeAction::Event event;
    event.mutable_progress()->set_message(ToUtf8(message));
    const std::lock_guard lock(mutex_);
    if (stop_.stop_requested()) return;
    if (!writer_.Write(event)) gone_.request_stop();
  }

  std::mutex mutex_;
  Writer& writer_;
  std::stop_token stop_;
  std::stop_source gone_;
};

}  // namespace

Status ProviderServer::ValidateActionConfig(ServerContext* /*context*/,
                                            const tfplugin6::ValidateActionConfig::Request* request,
                                            tfplugin6::ValidateActionConfig::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("ValidateActionConfig", request->type_name(), diagnostics, [&]() -> Result<void> {
    const ActionEntry& action = *TRY(FindAction(request->type_name()));
    const Value config = TRY(FromProto(request->config(), action.object, "the configuration"));
    AddDiagnostics(lifecycle_.ValidateAction(*action.type, config), diagnostics);
    return Ok();
  });
}

Status ProviderServer::PlanAction(ServerContext* /*context*/,
                                  const tfplugin6::PlanAction::Request* request,
                                  tfplugin6::PlanAction::Response* response) {
  auto& diagnostics = *response->mutable_diagnostics();
  return Diagnose("PlanAction", request->type_name(), diagnostics, [&]() -> Result<void> {
    const ActionEntry& action = *TRY(FindAction(request->type_name()));
    const Value config = TRY(FromProto(request->config(), action.object, "the configuration"));
    AddDiagnostics(lifecycle_.PlanAction(*action.type, config), diagnostics);
    return Ok();
  });
}

/// Ends with one event `completed`, whatever happens: without it Terraform would take the action
/// for done.
Status ProviderServer::InvokeAction(ServerContext* /*context*/,
                                    const tfplugin6::InvokeAction::Request* request,
                                    Writer* writer) {
  tfplugin6::InvokeAction::Event last;
  auto& diagnostics = *last.mutable_completed()->mutable_diagnostics();
  const auto invoke = [&]() -> Result<void> {
    const ActionEntry& action = *TRY(FindAction(request->type_name()));
    const Value config = TRY(FromProto(request->config(), action.object, "the configuration"));
    StreamProgress progress(*writer, lifecycle_.stop_token());
    AddDiagnostics(lifecycle_.InvokeAction(*action.type, config, progress, progress.caller_gone()),
                   diagnostics);
    return Ok();
  };
  const Status status = Diagnose("InvokeAction", request->type_name(), diagnostics, invoke);
  writer->Write(last);
  return status;
}

}  // namespace dbaas

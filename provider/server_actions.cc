// SPDX-License-Identifier: MPL-2.0
//
// The calls about actions.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "provider/from_proto.h"
#include "provider/server.h"
#include "provider/to_proto.h"

namespace dbaas {
namespace {

using grpc::ServerContext;
using grpc::Status;
using Writer = grpc::ServerWriter<tfplugin6::InvokeAction::Event>;

// How long a stop may be on its way from Terraform to here. Short, because of an action that was
// stopped within it, and whose progress did arrive before, Terraform says that it is complete.
constexpr std::chrono::milliseconds kCrossing{50};

/// Progress as events of the stream, which Terraform shows as they come, and as log lines. One that
/// nobody takes any more means that the caller is gone. Once stopped it says nothing more:
/// Terraform 1.15 ends its loop over the events at the first one after a Ctrl-C, and panics at the
/// next.
class StreamProgress final : public Progress {
 public:
  StreamProgress(Writer& writer, const std::stop_token& stop)
      : writer_(writer), on_stop_(stop, [this] {
          const std::lock_guard lock(mutex_);
          stopped_at_ = std::chrono::steady_clock::now();
        }) {}

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

  /// Whether an event may have met the stop on its way: then Terraform takes no other.
  bool MetTheStop() {
    const std::lock_guard lock(mutex_);
    return stopped_at_ && sent_at_ && *stopped_at_ - *sent_at_ < kCrossing;
  }

 private:
  void Send(const std::string& message) {
    spdlog::info("{}", message);
    tfplugin6::InvokeAction::Event event;
    event.mutable_progress()->set_message(ToUtf8(message));
    const std::lock_guard lock(mutex_);
    if (stopped_at_) return;
    sent_at_ = std::chrono::steady_clock::now();
    if (!writer_.Write(event)) gone_.request_stop();
  }

  std::mutex mutex_;
  Writer& writer_;
  std::stop_source gone_;
  using Moment = std::optional<std::chrono::steady_clock::time_point>;
  Moment sent_at_;  ///< Guarded by mutex_, as is the next.
  Moment stopped_at_;
  std::stop_callback<std::function<void()>> on_stop_;  ///< Last: it may be called at once.
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
    if (MayDefer(*request, lifecycle_.is_configured())) {
      Defer(*response);
      return Ok();
    }
    AddDiagnostics(lifecycle_.PlanAction(*action.type, config), diagnostics);
    return Ok();
  });
}

/// Ends with one event `completed`, whatever happens: without it Terraform would take the action
/// for done. Only where progress met a stop on its way Terraform has ended with an error already,
/// and would panic.
Status ProviderServer::InvokeAction(ServerContext* /*context*/,
                                    const tfplugin6::InvokeAction::Request* request,
                                    Writer* writer) {
  tfplugin6::InvokeAction::Event last;
  auto& diagnostics = *last.mutable_completed()->mutable_diagnostics();
  bool met_the_stop = false;
  const auto invoke = [&]() -> Result<void> {
    const ActionEntry& action = *TRY(FindAction(request->type_name()));
    const Value config = TRY(FromProto(request->config(), action.object, "the configuration"));
    StreamProgress progress(*writer, lifecycle_.stop_token());
    AddDiagnostics(lifecycle_.InvokeAction(*action.type, config, progress, progress.caller_gone()),
                   diagnostics);
    met_the_stop = progress.MetTheStop();
    return Ok();
  };
  Status status = Diagnose("InvokeAction", request->type_name(), diagnostics, invoke);
  if (!met_the_stop) writer->Write(last);
  return status;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// What core does with answers that come piece by piece: lists and actions.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/protocol/core.h"

namespace dbaas::core {
namespace {

using Stub = tfplugin6::Provider::StubInterface;

/// Where paths of a list begin: core has its attributes in a block.
Type InConfigBlock(const Type& type) {
  return {.kind = Type::Kind::kObject,
          .element = {},
          .members = {{.name = "config", .type = type, .form = Member::Form::kBlock}}};
}

}  // namespace

template <typename Event, typename Request>
std::vector<Event> Core::Follow(std::unique_ptr<grpc::ClientReaderInterface<Event>> (Stub::*rpc)(
                                    grpc::ClientContext*, const Request&),
                                const Request& request) {
  if (stub_ == nullptr) throw std::logic_error("a stream needs a channel");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto stream = (stub_.get()->*rpc)(&context, request);
  std::vector<Event> events;
  for (Event event; stream->Read(&event);) events.push_back(event);
  const grpc::Status status = stream->Finish();
  if (!status.ok()) Complain(Rule::kAnswers, status.error_message());
  if (tamper_ != nullptr && status.ok()) tamper_->On(request, events);
  return events;
}

std::optional<Listed> Core::ReadListed(const tfplugin6::ListResource::Event& event,
                                       const std::string& type, bool with_objects) {
  if (!event.has_identity()) {
    // Words about what could not be listed.
    if (event.diagnostic_size() == 0) Complain(Rule::kList, "an event without an identity");
    return std::nullopt;
  }
  Listed listed{.identity = ReadIdentity(type, true, event.identity()),
                .name = event.display_name(),
                .object = {}};
  if (listed.name.empty()) Complain(Rule::kList, "no name for " + listed.identity.ToText());
  if (event.has_resource_object() != with_objects) {
    Complain(Rule::kList, with_objects ? "no object of " + listed.name
                                       : "an object that nobody asked for, " + listed.name);
  }
  if (event.has_resource_object()) {
    auto object = ReadState(event.resource_object(), TypeOf(type));
    if (object) listed.object = *std::move(object);
  }
  return listed;
}

std::optional<std::vector<Listed>> Core::List(const std::string& type, const Value& config,
                                              bool with_objects, std::int64_t limit) {
  doing_ = "list." + type;
  const Type& config_type = lists_.at(type).type;
  const Type written = InConfigBlock(config_type);
  tfplugin6::ValidateListResourceConfig::Request validate;
  validate.set_type_name(type);
  *validate.mutable_config() = Write(config, config_type);
  const auto valid = Ask(&Stub::ValidateListResourceConfig,
                         &tfplugin6::Provider::Service::ValidateListResourceConfig, validate);
  if (HasErrors(valid.diagnostics(), written, nullptr)) return std::nullopt;

  tfplugin6::ListResource::Request request;
  request.set_type_name(type);
  *request.mutable_config() = Write(config, config_type);
  request.set_include_resource_object(with_objects);
  request.set_limit(limit);
  std::vector<Listed> all;
  bool failed = false;
  for (const auto& event : Follow(&Stub::ListResource, request)) {
    if (failed) Complain(Rule::kList, "goes on after an error");
    failed = HasErrors(event.diagnostic(), written, nullptr) || failed;
    auto listed = ReadListed(event, type, with_objects);
    if (!listed) continue;
    const auto is_same = [&](const Listed& one) { return one.identity == listed->identity; };
    if (std::any_of(all.begin(), all.end(), is_same)) {
      Complain(Rule::kList, "twice: " + listed->identity.ToText());
    }
    all.push_back(*std::move(listed));
  }
  if (std::cmp_greater(all.size(), limit)) Complain(Rule::kList, "more than were asked for");
  if (failed) return std::nullopt;
  return all;
}

std::optional<std::vector<std::string>> Core::Invoke(const std::string& action,
                                                     const Value& config) {
  doing_ = "action." + action;
  const Type& type = actions_.at(action).type;
  tfplugin6::ValidateActionConfig::Request validate;
  validate.set_type_name(action);
  *validate.mutable_config() = Write(config, type);
  const auto valid = Ask(&Stub::ValidateActionConfig,
                         &tfplugin6::Provider::Service::ValidateActionConfig, validate);
  if (HasErrors(valid.diagnostics(), type, nullptr)) return std::nullopt;

  tfplugin6::PlanAction::Request plan;
  plan.set_type_name(action);
  *plan.mutable_config() = validate.config();
  const auto planned = Ask(&Stub::PlanAction, &tfplugin6::Provider::Service::PlanAction, plan);
  if (planned.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (HasErrors(planned.diagnostics(), type, nullptr)) return std::nullopt;

  tfplugin6::InvokeAction::Request invoke;
  invoke.set_type_name(action);
  *invoke.mutable_config() = validate.config();
  std::vector<std::string> told;
  bool ended = false;
  bool failed = false;
  for (const auto& event : Follow(&Stub::InvokeAction, invoke)) {
    if (ended) Complain(Rule::kAction, "goes on after its end");
    if (event.has_progress()) {
      if (event.progress().message().empty()) Complain(Rule::kAction, "progress without a word");
      told.push_back(event.progress().message());
    } else if (event.has_completed()) {
      ended = true;
      failed = HasErrors(event.completed().diagnostics(), type, nullptr);
    } else {
      Complain(Rule::kAction, "an event of no kind, which core does not survive");
    }
  }
  if (!ended) Complain(Rule::kAction, "never ended");
  if (failed || !ended) return std::nullopt;
  return told;
}

}  // namespace dbaas::core

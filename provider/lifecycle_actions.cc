// SPDX-License-Identifier: MPL-2.0
//
// Lifecycle's part about actions: work on a cluster that leaves no object behind.
#include <spdlog/spdlog.h>

#include "provider/diagnosis.h"
#include "provider/lifecycle.h"
#include "schemas/checks.h"

namespace dbaas {
namespace {

Result<Maintenance> WorkOf(const ActionType& type, const Engine& engine, const Value& config) {
  ActionRequest request = TRY(type.request(config));
  request.work.id = TRY(engine.ParseClusterId(request.cluster));
  request.work.who = "terraform";
  return std::move(request).work;
}

}  // namespace

Diagnostics Lifecycle::ValidateAction(const ActionType& type, const Value& config) {
  return CheckValues(type.schema, config);
}

/// What it would cost as things stand. Until it is invoked the same run may make the cluster, or
/// the member that is named, so of refusals only those count that stay true.
Diagnostics Lifecycle::PlanAction(const ActionType& type, const Value& config) {
  const auto engine = this->engine();
  if (engine == nullptr || !config.is_wholly_known()) return {};
  const auto work = WorkOf(type, *engine, config);
  if (!work) return {ToDiagnostic(work.error(), type.schema)};
  const auto plan = engine->PlanMaintenance(*work);
  if (!plan) {
    spdlog::info("{} cannot be foreseen: {}", type.name, plan.error().ToLine());
    return {};
  }
  if (!IsWorthAWarning(plan->disruption)) return {};
  return {DisruptionWarning(work->id.cluster, plan->disruption, false)};
}

Diagnostics Lifecycle::InvokeAction(const ActionType& type, const Value& config, Progress& progress,
                                    std::stop_token stop) {
  const auto failed = [&](const Error& error) {
    return Diagnostics{ToDiagnostic(error, type.schema)};
  };
  const auto engine = this->engine();
  if (engine == nullptr) return failed(NotConfigured());
  const auto work = WorkOf(type, *engine, config);
  if (!work) return failed(work.error());
  // Whoever stops the provider, or goes away, stops the work.
  std::stop_source either;
  const auto pass_on = [&either] { either.request_stop(); };
  const std::stop_callback stopped(stop_token(), pass_on);
  const std::stop_callback gone(std::move(stop), pass_on);
  auto done = engine->Maintain(*work, progress, either.get_token());
  if (done) return {};
  if (done.error().kind == ErrorKind::kNotFound) {
    return failed(std::move(done).error().On("cluster_id"));
  }
  return failed(std::move(done).error().In(work->ToText() + " of " + work->id.ToText()));
}

}  // namespace dbaas

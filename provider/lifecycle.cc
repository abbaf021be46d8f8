// SPDX-License-Identifier: MPL-2.0
#include "provider/lifecycle.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "provider/diagnosis.h"
#include "schemas/checks.h"
#include "schemas/engines.h"
#include "schemas/planned_value.h"
#include "schemas/provider.h"
#include "schemas/timeouts.h"

namespace dbaas {
namespace {

// What Apply and Import leave in an object's private state. Its only use is to be there: a plan
// with no prior state but with private data is the second half of a replacement (see
// IsReplacement).
constexpr const char* kPrivateData = "{\"format\":1}";
constexpr const char* kCaller = "terraform";

void Append(Diagnostics& all, Diagnostics more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

ClusterId Resolve(const Engine& engine, const PartAddress& address) {
  const bool is_default = address.host.empty() && !engine.Hosts().empty();
  return {is_default ? engine.Hosts().front() : address.host, address.cluster};
}

/// "dbaas_cluster local/orders", "dbaas_replica local/orders replica/reports"
std::string Describe(const ResourceType& type, const ClusterId& id, const PartAddress& address) {
  const bool whole = address.key == kClusterPart;
  return type.name + " " + id.ToText() + (whole ? "" : " " + address.key);
}

bool IsProtected(const ResourceType& type, const Value& state) {
  return !type.protection_attribute.empty() &&
         state.at(type.protection_attribute) == Value::Bool(true);
}

/// `because` completes "cannot be ...".
Diagnostic Protected(const ResourceType& type, const std::string& because) {
  const std::string& attribute = type.protection_attribute;
  return ErrorAt(Attr({}, attribute), "Protected from deletion",
                 fmt::format("This {} cannot be {}, because {} is true, as it was last applied. "
                             "Everything in it would be lost.\n\nIf that is what you want, set {} "
                             "= false and apply that first, on its own.",
                             type.name, because, attribute, attribute));
}

std::string Names(const std::vector<AttributePath>& paths) {
  std::string names;
  for (const AttributePath& path : paths) names += (names.empty() ? "" : ", ") + ToText(path);
  return names;
}

/// Terraform plans a replacement twice: as an update, and, once it knows, as a create that carries
/// the private data of the first. A create proper comes without any.
bool IsReplacement(const PlanRequest& request) {
  return request.prior.is_null() && !request.prior_private.empty();
}

/// A warning for each attribute that counts at creation only, and was changed since.
Diagnostics TooLate(const Schema& schema, const std::vector<std::string>& changed) {
  Diagnostics found;
  for (const Attribute& attribute : schema.attributes) {
    if (!attribute.create_only) continue;
    if (std::find(changed.begin(), changed.end(), attribute.name) == changed.end()) continue;
    found.push_back(WarningAt(Attr({}, attribute.name), "This changes nothing",
                              attribute.name + " counts when the object is made, and it is made. "
                                               "The new value is noted and has no effect."));
  }
  return found;
}

Diagnostic HostWarning(const std::string& summary, const std::string& detail) {
  return WarningAt({}, summary, detail);
}
constexpr const char* kNotChecked = "The plan was not checked against the host";
constexpr const char* kNotRefreshed = "The state was not refreshed";

/// Progress as log lines: Terraform shows them with TF_LOG=info.
class LogProgress final : public Progress {
 public:
  explicit LogProgress(std::string subject) : subject_(std::move(subject)) {}
  void Note(const std::string& message) override { spdlog::info("{}: {}", subject_, message); }
  void Began(int done, int total, const std::string& action) override {
    spdlog::info("{}: [{}/{}] began {}", subject_, done, total, action);
  }
  void Ended(int done, int total, const std::string& action, const std::string& error,
             Milliseconds elapsed) override {
    if (error.empty()) {
      spdlog::info("{}: [{}/{}] ended {} after {} ms", subject_, done, total, action,
                   elapsed.count());
    } else {
      spdlog::error("{}: [{}/{}] failed {} after {} ms: {}", subject_, done, total, action,
                    elapsed.count(), error);
    }
  }

 private:
  std::string subject_;
};

/// Logs what it takes from beginning to end.
class Stopwatch {
 public:
  Stopwatch(Clock& clock, std::string what) : clock_(clock), what_(std::move(what)) {
    spdlog::info("{} began", what_);
  }
  void Ended(bool well) const {
    const auto elapsed = (clock_.Now() - began_).count();
    spdlog::info("{} {} after {} ms", what_, well ? "ended" : "failed", elapsed);
  }

 private:
  Clock& clock_;
  std::string what_;
  TimePoint began_ = clock_.Now();
};

}  // namespace

Lifecycle::Lifecycle(Clock& clock, Random& random) : clock_(clock), random_(random) {}

Lifecycle::Lifecycle(std::shared_ptr<Engine> engine, Clock& clock, Random& random)
    : clock_(clock), random_(random), engine_(std::move(engine)) {}

std::shared_ptr<Engine> Lifecycle::engine() {
  const std::lock_guard lock(mutex_);
  return engine_;
}

std::stop_token Lifecycle::stop_token() {
  const std::lock_guard lock(mutex_);
  return stop_.get_token();
}

void Lifecycle::Stop() {
  // Callbacks of the token run inside request_stop; they must not find the lock taken.
  std::stop_source stop;
  {
    const std::lock_guard lock(mutex_);
    stop = stop_;
  }
  stop.request_stop();
}

void Lifecycle::Settle() {
  if (const auto engine = this->engine()) engine->Settle();
}

// ---- The provider block ------------------------------------------------------------------------

Diagnostics Lifecycle::ValidateProvider(const Value& config) {
  Diagnostics found = CheckValues(ProviderSchema(), config);
  Append(found, CheckProvider(config));
  return found;
}

Diagnostics Lifecycle::Configure(const Value& config) {
  Diagnostics found = ValidateProvider(config);
  if (HasErrors(found)) return found;
  std::shared_ptr<Engine> engine;
  if (config.is_null() || config.is_wholly_known()) {
    auto hosts = ReadProviderHosts(config);
    if (!hosts) return {ToDiagnostic(hosts.error(), ProviderSchema())};
    if (hosts->empty()) hosts->emplace_back();
    engine = std::make_shared<Engine>(*std::move(hosts), clock_, random_);
  }
  const std::lock_guard lock(mutex_);
  engine_ = std::move(engine);
  stop_ = std::stop_source();
  return found;
}

// ---- Validate ----------------------------------------------------------------------------------

Diagnostics Lifecycle::ValidateResource(const ResourceType& type, const Value& config,
                                        bool write_only_allowed) {
  Diagnostics found = CheckValues(type.schema, config);
  if (!write_only_allowed) Append(found, RefuseWriteOnly(type.schema, config));
  Append(found, type.validate(config));
  // What is wrong by itself would only confuse the checks that look at the whole.
  if (HasErrors(found) || !config.is_wholly_known()) return found;

  const Value assumed = PlanValue(type.schema, Value::Null(), config).planned;
  const auto spec = type.to_spec(assumed, config);
  if (!spec) return {ToDiagnostic(spec.error(), type.schema)};
  for (const Error& error : Engine::Validate(*spec)) {
    found.push_back(ToDiagnostic(error, type.schema));
  }
  return found;
}

Diagnostics Lifecycle::ValidateData(const DataSourceType& type, const Value& config) {
  return CheckValues(type.schema, config);
}

// ---- Plan --------------------------------------------------------------------------------------

PlanResponse Lifecycle::Plan(const ResourceType& type, const PlanRequest& request) {
  PlanResponse response{.planned_private = request.prior_private};
  if (request.config.is_null()) {
    if (IsProtected(type, request.prior)) {
      response.diagnostics.push_back(Protected(type, "destroyed"));
      return response;
    }
    response.diagnostics = CheckWithEngine(type, request, Value::Null());
    return response;
  }

  PlannedValue plan = PlanValue(type.schema, request.prior, request.config);
  response.planned = std::move(plan.planned);
  response.requires_replace = std::move(plan.requires_replace);
  if (!request.prior.is_null() && plan.changed.empty()) return response;
  if (response.requires_replace.empty()) {
    response.diagnostics = CheckWithEngine(type, request, response.planned);
    if (!request.prior.is_null()) Append(response.diagnostics, TooLate(type.schema, plan.changed));
  } else if (IsProtected(type, request.prior)) {
    response.diagnostics.push_back(Protected(
        type, "replaced, which the change of " + Names(response.requires_replace) + " asks for"));
  } else {
    response.diagnostics = CheckNewPlace(type, request, response.planned);
  }
  return response;
}

/// A replacement that moves is also a create elsewhere, and that must be sure to succeed before the
/// old one is destroyed. One that stays can only be checked when its place is free.
Diagnostics Lifecycle::CheckNewPlace(const ResourceType& type, const PlanRequest& request,
                                     const Value& planned) {
  const auto engine = this->engine();
  const auto before = type.address(request.prior);
  const auto after = type.address(planned);
  if (engine == nullptr || !before || !after) return {};
  const bool moves =
      !(Resolve(*engine, *before) == Resolve(*engine, *after)) || before->key != after->key;
  if (!moves) return {};
  return CheckWithEngine(type, {.config = request.config}, planned);
}

/// Asks the engine what would be done: early errors, warnings, and the steps for the log.
Diagnostics Lifecycle::CheckWithEngine(const ResourceType& type, const PlanRequest& request,
                                       const Value& planned) {
  const bool destroy = planned.is_null();
  // Unknown inputs, write-only ones included, are checked by the second plan, which knows them.
  if (!destroy && !request.config.is_wholly_known()) return {};
  const auto engine = this->engine();
  if (engine == nullptr) return {HostWarning(kNotChecked, Sentence(NotConfigured()))};

  const auto address = type.address(destroy ? request.prior : planned);
  if (!address) return {ToDiagnostic(address.error(), type.schema)};
  PartChange change{.id = Resolve(*engine, *address), .key = address->key, .who = kCaller};
  if (destroy) {
    change.verb = PartChange::Verb::kDelete;
  } else {
    change.verb = request.prior.is_null() ? PartChange::Verb::kCreate : PartChange::Verb::kUpdate;
    auto spec = type.to_spec(planned, request.config);
    if (!spec) return {ToDiagnostic(spec.error(), type.schema)};
    change.spec = *std::move(spec);
    if (!request.prior.is_null()) {
      if (auto before = type.to_spec(request.prior, request.prior)) {
        change.before = *std::move(before);
      }
    }
  }

  const auto refused = [&](const Error& error) {
    if (!IsUnreachable(error)) return ToDiagnostic(error, type.schema);
    return HostWarning(kNotChecked,
                       fmt::format("Host {} does not answer: {}", change.id.host, Sentence(error)));
  };
  // In a replacement the old one is still there, under the same name and ports: all that can be
  // asked is whether the host could do it at all.
  if (IsReplacement(request)) {
    if (const auto possible = engine->CheckHost(change); !possible) {
      return {refused(possible.error())};
    }
    return {};
  }
  const auto preview = engine->Plan(change);
  if (!preview) return {refused(preview.error())};
  Diagnostics found;
  for (const std::string& warning : preview->warnings) {
    found.push_back(HostWarning(kNotChecked, warning));
  }
  if (!preview->plan.empty()) {
    spdlog::info("{} would do:\n{}", Describe(type, change.id, *address), preview->plan.ToText());
  }
  if (const Disruption& disruption = preview->plan.disruption; IsWorthAWarning(disruption)) {
    found.push_back(DisruptionWarning(change.id.cluster, disruption, !preview->warnings.empty()));
  }
  return found;
}

// ---- Apply -------------------------------------------------------------------------------------

StateResponse Lifecycle::Apply(const ResourceType& type, const ApplyRequest& request) {
  const auto engine = this->engine();
  if (engine == nullptr) {
    return {.state = request.prior,
            .private_data = request.planned_private,
            .diagnostics = {ToDiagnostic(NotConfigured(), type.schema)}};
  }
  return request.planned.is_null() ? Destroy(type, request, *engine)
                                   : CreateOrUpdate(type, request, *engine);
}

StateResponse Lifecycle::Destroy(const ResourceType& type, const ApplyRequest& request,
                                 Engine& engine) {
  StateResponse kept{.state = request.prior, .private_data = request.planned_private};
  // A tainted or -replace'd object comes here without its protection having been looked at.
  if (IsProtected(type, request.prior)) {
    kept.diagnostics.push_back(Protected(type, "destroyed"));
    return kept;
  }
  const auto address = type.address(request.prior);
  if (!address) {
    kept.diagnostics.push_back(ToDiagnostic(address.error(), type.schema));
    return kept;
  }
  const PartChange change{.id = Resolve(engine, *address),
                          .key = address->key,
                          .verb = PartChange::Verb::kDelete,
                          .who = kCaller,
                          .timeout = TimeoutOf(request.prior, PartChange::Verb::kDelete)};
  const std::string what = Describe(type, change.id, *address);
  const std::string doing = "destroying " + what;
  const Stopwatch stopwatch(clock_, doing);
  LogProgress progress(what);
  auto view = engine.Apply(change, progress, stop_token());
  stopwatch.Ended(view.has_value());
  if (view || view.error().kind == ErrorKind::kNotFound) return {};
  kept.diagnostics.push_back(ToDiagnostic(std::move(view).error().In(doing), type.schema));
  return kept;
}

StateResponse Lifecycle::CreateOrUpdate(const ResourceType& type, const ApplyRequest& request,
                                        Engine& engine) {
  // Nothing is stored of a create that failed: the cluster's record remembers what was meant, so
  // the next create carries on, and Terraform has nothing to taint. An update that failed leaves
  // the prior state; the next refresh tells what is really there.
  const auto failed = [&](const Error& error) -> StateResponse {
    return {.state = request.prior,
            .private_data = request.prior.is_null() ? "" : request.planned_private,
            .diagnostics = {ToDiagnostic(error, type.schema)}};
  };
  const bool create = request.prior.is_null();
  const auto address = type.address(request.planned);
  if (!address) return failed(address.error());
  auto spec = type.to_spec(request.planned, request.config);
  if (!spec) return failed(spec.error());
  const auto verb = create ? PartChange::Verb::kCreate : PartChange::Verb::kUpdate;
  const PartChange change{.id = Resolve(engine, *address),
                          .key = address->key,
                          .verb = verb,
                          .spec = *std::move(spec),
                          .who = kCaller,
                          .timeout = TimeoutOf(request.planned, verb),
                          .settles_after_answer = create};

  const std::string what = Describe(type, change.id, *address);
  const std::string doing = (create ? "creating " : "updating ") + what;
  const Stopwatch stopwatch(clock_, doing);
  LogProgress progress(what);
  auto view = engine.Apply(change, progress, stop_token());
  stopwatch.Ended(view.has_value());
  if (!view) return failed(std::move(view).error().In(doing));
  if (!view->parts.contains(change.key)) {
    return failed(Internal(what + " is not in the cluster's record after it was applied"));
  }
  StateResponse response{.state = type.to_state(request.planned, *view, *address, false),
                         .private_data = create ? kPrivateData : request.planned_private};
  if (!response.state.is_wholly_known()) {
    return failed(Internal("the state of " + what + " is incomplete after it was applied"));
  }
  return response;
}

// ---- Read and import ---------------------------------------------------------------------------

StateResponse Lifecycle::Read(const ResourceType& type, const Value& state,
                              const std::string& private_data) {
  StateResponse response{.state = state, .private_data = private_data};
  const auto keep = [&](Diagnostic diagnostic) {
    response.diagnostics.push_back(std::move(diagnostic));
    return response;
  };
  const auto engine = this->engine();
  if (engine == nullptr) return keep(HostWarning(kNotRefreshed, Sentence(NotConfigured())));
  const auto address = type.address(state);
  if (!address) return keep(ToDiagnostic(address.error(), type.schema));

  const ClusterId id = Resolve(*engine, *address);
  const auto view = engine->Read(id, ReadDepth::kListing);
  if (!view && IsUnreachable(view.error())) {
    return keep(HostWarning(
        kNotRefreshed, fmt::format("Host {} does not answer, so everything on it is taken to be as "
                                   "it was last seen. {}",
                                   id.host, Sentence(view.error()))));
  }
  if (!view) return keep(ToDiagnostic(view.error(), type.schema));

  // A part that is missing while something is under way, or was cut, may be half removed. To forget
  // it now would leave the other half behind.
  const bool gone =
      !view->has_value() || (!(*view)->parts.contains(address->key) &&
                             ((*view)->status == "running" || (*view)->status == "degraded"));
  response.state = gone ? Value::Null() : type.to_state(state, **view, *address, true);
  return response;
}

StateResponse Lifecycle::Import(const ResourceType& type, const std::string& id) {
  return ImportPart(type, type.parse_id(id), "The id was \"" + id + "\".");
}

StateResponse Lifecycle::ImportByIdentity(const ResourceType& type, const Value& identity) {
  // An identity has the names of the object's own attributes, and the address needs no others.
  return ImportPart(type, type.address(identity), "The identity was " + identity.ToText() + ".");
}

StateResponse Lifecycle::ImportPart(const ResourceType& type, const Result<PartAddress>& address,
                                    const std::string& named) {
  const auto failed = [&](const Error& error) -> StateResponse {
    Diagnostic diagnostic = ToDiagnostic(error, type.schema);
    diagnostic.path.clear();  // There is no configuration that it could point into.
    return {.diagnostics = {std::move(diagnostic)}};
  };
  const auto engine = this->engine();
  if (engine == nullptr) return failed(NotConfigured());
  if (!address) return failed(address.error());
  const ClusterId cluster = Resolve(*engine, *address);
  const auto view = engine->Read(cluster, ReadDepth::kListing);
  if (!view) return failed(view.error());
  const std::string what = Describe(type, cluster, *address);
  if (!view->has_value() || !(*view)->parts.contains(address->key)) {
    return failed(NotFound("there is no " + what, named + " `dbaas show` lists what a host has."));
  }
  return {.state = type.to_state(Value::Null(), **view, *address, true),
          .private_data = kPrivateData};
}

// ---- Data sources ------------------------------------------------------------------------------

DataResponse Lifecycle::ReadData(const DataSourceType& type, const Value& config,
                                 bool deferral_allowed) {
  const auto failed = [&](const Error& error) -> DataResponse {
    return {.diagnostics = {ToDiagnostic(error, type.schema)}};
  };
  const auto query = type.query(config);
  if (!query) return failed(query.error());
  const bool configured = engine() != nullptr;
  auto answer = Answer(*query);
  if (!answer && !configured && deferral_allowed) {
    return {.state = PlanValue(type.schema, Value::Null(), config).planned, .deferred = true};
  }
  if (!answer) {
    const bool absent = answer.error().kind == ErrorKind::kNotFound;
    return failed(absent ? std::move(answer).error().On(type.cluster_attribute) : answer.error());
  }
  auto state = type.to_state(config, *answer);
  if (!state) return failed(state.error());
  return {.state = *std::move(state)};
}

/// Asks for what `query` says and no more: a type that needs no host gets its answer without one.
Result<DataAnswer> Lifecycle::Answer(const DataQuery& query) {
  DataAnswer answer;
  for (auto& [engine, version] : Engine::EngineVersions()) {
    const bool is_default = engine == kDefaultEngine && version == kDefaultEngineVersion;
    answer.engine_versions.push_back(
        {.engine = engine, .version = version, .is_default = is_default});
  }
  if (query.cluster.empty() && !query.list_clusters && query.backups_of.empty()) return answer;

  const auto engine = this->engine();
  if (engine == nullptr) return NotConfigured();
  if (query.list_clusters) {
    answer.clusters = TRY(engine->List(query.host, ReadDepth::kListing));
    return answer;
  }
  if (!query.backups_of.empty()) {
    answer.backups = TRY(engine->Backups(TRY(engine->ParseClusterId(query.backups_of))));
    return answer;
  }
  const ClusterId id = TRY(engine->ParseClusterId(query.cluster));
  auto view = TRY(engine->Read(id, ReadDepth::kProbe));
  if (!view)
    return NotFound(fmt::format("cluster {} does not exist on host {}", id.cluster, id.host));
  answer.clusters.push_back(*std::move(view));
  return answer;
}

}  // namespace dbaas

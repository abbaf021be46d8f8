// SPDX-License-Identifier: MPL-2.0
#include "tests/protocol/core.h"

#include <grpcpp/client_context.h>

#include <stdexcept>
#include <utility>

#include "tests/protocol/core_wire.h"

namespace dbaas::core {
namespace {

using Stub = tfplugin6::Provider::StubInterface;
using Service = tfplugin6::Provider::Service;

// How a call is named: its method on either side.
#define DBAAS_ASK(RPC, ...) Ask(&Stub::RPC, &Service::RPC, __VA_ARGS__)

std::string ToText(const tfplugin6::AttributePath& path) {
  std::string text;
  for (const auto& step : path.steps()) {
    if (step.selector_case() == tfplugin6::AttributePath::Step::kAttributeName) {
      text += (text.empty() ? "" : ".") + step.attribute_name();
    } else if (step.selector_case() == tfplugin6::AttributePath::Step::kElementKeyString) {
      text += "[\"" + step.element_key_string() + "\"]";
    } else {
      text += "[" + std::to_string(step.element_key_int()) + "]";
    }
  }
  return text;
}

/// Where one step of a path leads; null where there is nothing.
const Type* Follow(const Type& type, const tfplugin6::AttributePath::Step& step) {
  using Step = tfplugin6::AttributePath::Step;
  if (step.selector_case() == Step::kElementKeyInt) {
    return type.kind == Type::Kind::kList ? &type.element.front() : nullptr;
  }
  const bool by_key = step.selector_case() == Step::kElementKeyString;
  if (by_key && type.kind == Type::Kind::kMap) return &type.element.front();
  // Core finds the source line of a nested attribute by its key.
  const Member* member = type.Find(by_key ? step.element_key_string() : step.attribute_name());
  return member == nullptr ? nullptr : &member->type;
}

bool LeadsSomewhere(const Type& type, const tfplugin6::AttributePath& path) {
  const Type* here = &type;
  for (const auto& step : path.steps()) {
    here = Follow(*here, step);
    if (here == nullptr) return false;
  }
  return true;
}

Value At(const Value& value, const tfplugin6::AttributePath& path) {
  Value here = value;
  for (const auto& step : path.steps()) {
    if (step.selector_case() == tfplugin6::AttributePath::Step::kElementKeyInt) {
      const auto index = static_cast<std::size_t>(step.element_key_int());
      const bool there = here.kind() == Value::Kind::kList && index < here.as_list().size();
      here = there ? Value(here.as_list()[index]) : Value();
    } else {
      here = Value(here.at(step.attribute_name() + step.element_key_string()));
    }
  }
  return here;
}

const Type& NoType() {
  static const Type kNone{.kind = Type::Kind::kObject, .element = {}, .members = {}};
  return kNone;
}

}  // namespace

std::string ToText(const DiagnosticList& diagnostics) {
  std::string text;
  for (const auto& one : diagnostics) {
    if (!text.empty()) text += "\n";
    text += one.severity() == tfplugin6::Diagnostic::WARNING ? "warning " : "error ";
    text += ToText(one.attribute()) + ": " + one.summary();
    if (!one.detail().empty()) text += " (" + one.detail() + ")";
  }
  return text;
}

Core::Core(const std::shared_ptr<grpc::Channel>& channel, SeededRandom* variety, Tamper* tamper)
    : stub_(tfplugin6::Provider::NewStub(channel)), variety_(variety), tamper_(tamper) {
  ReadSchemas();
}

Core::Core(tfplugin6::Provider::Service& service, SeededRandom* variety, Tamper* tamper)
    : service_(&service), variety_(variety), tamper_(tamper) {
  ReadSchemas();
}

void Core::ReadSchemas() {
  doing_ = "schema";
  const auto answer = DBAAS_ASK(GetProviderSchema, tfplugin6::GetProviderSchema::Request());
  HasErrors(answer.diagnostics(), NoType(), nullptr);
  std::vector<std::string> complaints;
  if (!answer.has_provider()) complaints.emplace_back("no schema of the provider block");
  ReadSchema(answer.provider(), complaints);
  const auto read = [&](const auto& protos, auto& schemas) {
    for (const auto& [name, proto] : protos) {
      std::vector<std::string> found;
      schemas[name] = ReadSchema(proto, found);
      for (const auto& complaint : found) complaints.push_back(name + ": " + complaint);
    }
  };
  read(answer.resource_schemas(), resources_);
  read(answer.data_source_schemas(), data_sources_);
  read(answer.ephemeral_resource_schemas(), ephemeral_);
  read(answer.list_resource_schemas(), lists_);
  for (const auto& [name, proto] : answer.action_schemas()) {
    actions_[name] = ReadSchema(proto.schema(), complaints);
  }
  for (const auto& [name, proto] : answer.functions()) {
    Function& function = functions_[name];
    for (const auto& parameter : proto.parameters()) {
      function.parameters.push_back(ReadType(parameter.type(), parameter.name(), complaints));
    }
    if (proto.has_variadic_parameter()) {
      function.variadic = ReadType(proto.variadic_parameter().type(), name, complaints);
    }
    function.result = ReadType(proto.return_().type(), name, complaints);
  }
  ReadIdentitySchemas(complaints);
  for (const auto& complaint : complaints) Complain(Rule::kSchema, complaint);
}

void Core::ReadIdentitySchemas(std::vector<std::string>& complaints) {
  const auto answer =
      DBAAS_ASK(GetResourceIdentitySchemas, tfplugin6::GetResourceIdentitySchemas::Request());
  HasErrors(answer.diagnostics(), NoType(), nullptr);
  for (const auto& [name, proto] : answer.identity_schemas()) {
    if (!resources_.contains(name)) complaints.push_back(name + ": the identity of no resource");
    identities_[name] = ReadIdentitySchema(proto, name + " identity", complaints);
  }
  for (const auto& [name, schema] : lists_) {
    if (!identities_.contains(name)) complaints.push_back(name + ": a list without identities");
  }
}

Value Core::Config(const std::string& resource, const Value::Map& members) const {
  return ConfigOf(TypeOf(resource), members);
}

Value Core::ConfigOf(const Type& type, const Value::Map& members) {
  Value config = EmptyObject(type);
  for (const auto& [name, value] : members) {
    if (!config.as_map().contains(name)) throw std::invalid_argument("no attribute " + name);
    config.as_map()[name] = value;
  }
  return Canonical(std::move(config), type);
}

// ---- One call ----------------------------------------------------------------------------------

void Core::Complain(Rule rule, const std::string& what) {
  violations_.push_back({rule, doing_ + ": " + what});
}

void Core::Take(Violations violations) {
  for (const Violation& violation : violations) Complain(violation.rule, violation.what);
}

tfplugin6::DynamicValue Core::Write(const Value& value, const Type& type) {
  tfplugin6::DynamicValue dynamic;
  dynamic.set_msgpack(Encode(value, type, variety_));
  return dynamic;
}

std::optional<Value> Core::Read(const tfplugin6::DynamicValue& dynamic, const Type& type) {
  if (dynamic.msgpack().empty() && dynamic.json().empty()) return Value::Null();
  auto value = Decode(dynamic.msgpack(), type);
  if (value) return *std::move(value);
  Complain(Rule::kWellFormed, value.error().ToLine());
  return std::nullopt;
}

std::optional<Value> Core::ReadState(const tfplugin6::DynamicValue& dynamic, const Type& type) {
  auto value = Read(dynamic, type);
  if (!value) return value;
  if (!value->is_wholly_known()) Complain(Rule::kNothingUnknown, value->ToText());
  Take(CheckWriteOnly(type, *value));
  return value;
}

template <typename Field>
void Core::WriteIdentity(const std::string& resource, const Value& identity, Field field) {
  const auto type = identities_.find(resource);
  if (type == identities_.end() || identity.is_null()) return;
  *field()->mutable_identity_data() = Write(identity, type->second);
}

Value Core::ReadIdentity(const std::string& resource, bool has_one,
                         const tfplugin6::ResourceIdentityData& data, bool is_planned) {
  const auto type = identities_.find(resource);
  if (type == identities_.end()) {
    if (has_one) Complain(Rule::kIdentity, "its type has none");
    return {};
  }
  const auto identity = Read(data.identity_data(), type->second);
  if (!identity) return {};
  // A plan may leave it to the apply.
  if (identity->is_null() && !is_planned) Complain(Rule::kIdentity, "there is none");
  if (!identity->is_wholly_known() && !is_planned) Complain(Rule::kIdentity, identity->ToText());
  return *identity;
}

void Core::CheckSameIdentity(const Value& before, const Value& now) {
  if (before.is_null() || now.is_null() || !before.is_wholly_known() || before == now) return;
  Complain(Rule::kIdentityStays, "was " + before.ToText() + ", but now " + now.ToText());
}

bool Core::HasErrors(const Diagnostics& list, const Type& type, DiagnosticList* copies) {
  bool errors = false;
  for (const tfplugin6::Diagnostic& one : list) {
    if (copies != nullptr) copies->push_back(one);
    const std::string what = ToText(DiagnosticList{one});
    const bool is_error = one.severity() == tfplugin6::Diagnostic::ERROR;
    if (!is_error && one.severity() != tfplugin6::Diagnostic::WARNING) {
      Complain(Rule::kDiagnostic, "no severity: " + what);
    }
    if (one.summary().empty()) Complain(Rule::kDiagnostic, "no summary: " + what);
    // One that quotes "..", as a name that there is not, ends so with reason.
    if (one.summary().ends_with('.') && !one.summary().ends_with(".."))
      Complain(Rule::kDiagnostic, "a full stop: " + what);
    if (!LeadsSomewhere(type, one.attribute())) {
      Complain(Rule::kDiagnostic, "its path leads nowhere: " + what);
    }
    errors = errors || is_error;
  }
  return errors;
}

bool Core::Validate(const std::string& resource, const Value& config, DiagnosticList* diagnostics,
                    bool write_only_allowed) {
  doing_ = resource + ": validate";
  const Type& type = TypeOf(resource);
  tfplugin6::ValidateResourceConfig::Request request;
  request.set_type_name(resource);
  *request.mutable_config() = Write(config, type);
  request.mutable_client_capabilities()->set_write_only_attributes_allowed(write_only_allowed);
  const auto answer = DBAAS_ASK(ValidateResourceConfig, request);
  DiagnosticList found;
  const bool refused = HasErrors(answer.diagnostics(), type, &found);
  if (refused) {
    bool has_path = false;
    for (const auto& one : found) {
      has_path = has_path || (one.severity() == tfplugin6::Diagnostic::ERROR &&
                              one.attribute().steps_size() > 0);
    }
    if (!has_path) Complain(Rule::kRefusalHasPath, ToText(found));
  }
  if (diagnostics != nullptr) *diagnostics = std::move(found);
  return !refused;
}

Instance Core::Refresh(const std::string& resource, const Instance& stored, bool read) {
  if (stored.state.is_null()) return stored;
  doing_ = resource + ": upgrade";
  const Schema& schema = resources_.at(resource);
  tfplugin6::UpgradeResourceState::Request upgrade;
  upgrade.set_type_name(resource);
  upgrade.set_version(schema.version);
  upgrade.mutable_raw_state()->set_json(ToJson(stored.state, schema.type));
  const auto upgraded = DBAAS_ASK(UpgradeResourceState, upgrade);
  if (HasErrors(upgraded.diagnostics(), schema.type, nullptr)) {
    Complain(Rule::kUpgrade, "refused");
    return stored;
  }
  const auto current = ReadState(upgraded.upgraded_state(), schema.type);
  if (!current) return stored;
  Take(CheckAgrees(schema.type, stored.state, *current, Rule::kUpgrade));
  if (!read) return stored;

  doing_ = resource + ": read";
  tfplugin6::ReadResource::Request request;
  request.set_type_name(resource);
  *request.mutable_current_state() = Write(*current, schema.type);
  request.set_private_(stored.private_data);
  WriteIdentity(resource, stored.identity, [&] { return request.mutable_current_identity(); });
  const auto answer = DBAAS_ASK(ReadResource, request);
  if (answer.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (HasErrors(answer.diagnostics(), schema.type, nullptr)) return stored;
  auto state = ReadState(answer.new_state(), schema.type);
  if (!state) return stored;
  if (*state == *current && answer.private_() != stored.private_data) {
    Complain(Rule::kPrivateData, "was " + stored.private_data + ", but now " + answer.private_());
  }
  Instance found{*std::move(state), answer.private_(), stored.tainted, {}};
  if (found.state.is_null()) return found;
  found.identity = ReadIdentity(resource, answer.has_new_identity(), answer.new_identity());
  CheckSameIdentity(stored.identity, found.identity);
  return found;
}

// ---- Plan --------------------------------------------------------------------------------------

Core::Planned Core::AskForPlan(const std::string& resource, const Instance& prior,
                               const Value& config) {
  doing_ = resource + ": plan";
  const Type& type = TypeOf(resource);
  tfplugin6::PlanResourceChange::Request request;
  request.set_type_name(resource);
  *request.mutable_prior_state() = Write(prior.state, type);
  *request.mutable_config() = Write(config, type);
  const Value proposed = config.is_null() ? config : ProposedNew(type, prior.state, config);
  *request.mutable_proposed_new_state() = Write(proposed, type);
  request.set_prior_private(prior.private_data);
  WriteIdentity(resource, prior.identity, [&] { return request.mutable_prior_identity(); });
  const auto answer = DBAAS_ASK(PlanResourceChange, request);

  Planned planned;
  if (answer.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (answer.legacy_type_system()) Complain(Rule::kNoLegacy, "asks for the old rules");
  if (HasErrors(answer.diagnostics(), type, &planned.diagnostics)) return planned;
  auto value = Read(answer.planned_state(), type);
  if (!value) return planned;
  planned.value = *std::move(value);
  const Violations found = CheckPlanned(type, prior.state, config, planned.value);
  planned.ok = found.empty();
  Take(found);
  planned.requires_replace.assign(answer.requires_replace().begin(),
                                  answer.requires_replace().end());
  planned.private_data = answer.planned_private();
  planned.identity =
      ReadIdentity(resource, answer.has_planned_identity(), answer.planned_identity(), true);
  return planned;
}

Core::Planned Core::PlanOnce(const std::string& resource, const Instance& prior,
                             const Value& config) {
  Planned planned = AskForPlan(resource, prior, config);
  const Planned again = AskForPlan(resource, prior, config);
  if (!(planned.value == again.value)) {
    Complain(Rule::kSamePlan, planned.value.ToText() + " and " + again.value.ToText());
  } else if (planned.private_data != again.private_data || planned.ok != again.ok ||
             !(planned.identity == again.identity) ||
             ToText(planned.diagnostics) != ToText(again.diagnostics)) {
    Complain(Rule::kSamePlan, "another answer the second time");
  }
  return planned;
}

std::vector<std::string> Core::ReallyReplaced(const Type& type, const Planned& planned,
                                              const Value& prior) {
  std::vector<std::string> changed;
  for (const auto& path : planned.requires_replace) {
    if (path.steps_size() == 0 || !LeadsSomewhere(type, path)) {
      Complain(Rule::kReplacePath, "requires replacement of " + ToText(path));
    } else if (!(At(prior, path) == At(planned.value, path))) {
      changed.push_back(ToText(path));
    }
  }
  return changed;
}

Change Core::Plan(const std::string& resource, const Instance& stored, const Value& config,
                  Wishes wishes) {
  Change change{.wishes = wishes, .config = config};
  change.prior = Refresh(resource, stored, wishes.refresh);
  const Value& before = change.prior.state;
  const auto refused = [&](DiagnosticList diagnostics) {
    change.action = Action::kRefused;
    change.diagnostics = std::move(diagnostics);
    return change;
  };
  if (config.is_null() && before.is_null()) return change;
  if (!config.is_null() && !Validate(resource, config, &change.diagnostics)) {
    return refused(change.diagnostics);
  }
  // A tainted object is planned as if it were not there, and then replaced.
  const bool fresh = change.prior.tainted && !config.is_null();
  Planned planned = PlanOnce(resource, fresh ? Instance() : change.prior, config);
  if (!planned.ok) return refused(planned.diagnostics);
  if (config.is_null()) {
    change.action = Action::kDelete;
  } else if (before.is_null()) {
    change.action = Action::kCreate;
  } else if (fresh) {
    change.action = Action::kReplace;
  } else {
    change.replaced_for = ReallyReplaced(TypeOf(resource), planned, before);
    if (!change.replaced_for.empty() || wishes.replace) {
      change.action = Action::kReplace;
      const DiagnosticList first = planned.diagnostics;
      planned = PlanOnce(
          resource, {.private_data = planned.private_data, .identity = planned.identity}, config);
      if (!planned.ok) return refused(planned.diagnostics);
      planned.diagnostics.insert(planned.diagnostics.begin(), first.begin(), first.end());
    } else {
      change.action = planned.value == before ? Action::kNoOp : Action::kUpdate;
      CheckSameIdentity(change.prior.identity, planned.identity);
    }
  }
  change.planned = planned.value;
  change.private_data = planned.private_data;
  change.identity = planned.identity;
  change.diagnostics = planned.diagnostics;
  return change;
}

// ---- Apply -------------------------------------------------------------------------------------

Applied Core::ApplyOnce(const std::string& resource, const Instance& prior, const Planned& planned,
                        const Value& config) {
  doing_ = resource + ": apply";
  const Type& type = TypeOf(resource);
  tfplugin6::ApplyResourceChange::Request request;
  request.set_type_name(resource);
  *request.mutable_prior_state() = Write(prior.state, type);
  *request.mutable_planned_state() = Write(planned.value, type);
  *request.mutable_config() = Write(config, type);
  request.set_planned_private(planned.private_data);
  WriteIdentity(resource, planned.identity, [&] { return request.mutable_planned_identity(); });
  const auto answer = DBAAS_ASK(ApplyResourceChange, request);

  Applied applied;
  applied.instance = prior;
  if (answer.legacy_type_system()) Complain(Rule::kNoLegacy, "asks for the old rules");
  applied.ok = !HasErrors(answer.diagnostics(), type, &applied.diagnostics);
  const auto state = ReadState(answer.new_state(), type);
  if (!state) {
    applied.ok = false;
    return applied;
  }
  applied.instance = {*state, answer.private_(), prior.tainted, {}};
  if (!state->is_null()) {
    applied.instance.identity =
        ReadIdentity(resource, answer.has_new_identity(), answer.new_identity());
    if (applied.ok) CheckSameIdentity(planned.identity, applied.instance.identity);
  }
  if (!applied.ok) {
    // What failed to be created and left something is made anew by the next apply.
    if (prior.state.is_null()) applied.instance.tainted = !state->is_null();
    return applied;
  }
  applied.instance.tainted = false;
  if (planned.value.is_null() != state->is_null()) {
    Complain(Rule::kResultExists,
             planned.value.is_null() ? "there is still an object" : "no object");
  } else if (!state->is_null()) {
    Take(CheckAgrees(type, planned.value, *state, Rule::kResult));
  }
  return applied;
}

/// Plans once more, now that everything is known, and carries that plan out.
Applied Core::CreateOrUpdate(const std::string& resource, const Change& change,
                             const Instance& prior, const Value& config) {
  Applied applied{.instance = prior};
  const auto refused = [&](const DiagnosticList& diagnostics) {
    applied.ok = false;
    applied.refused = true;
    applied.diagnostics = diagnostics;
    return applied;
  };
  if (!Validate(resource, config, &applied.diagnostics)) return refused(applied.diagnostics);
  const Planned planned = PlanOnce(resource, prior, config);
  if (!planned.ok) return refused(planned.diagnostics);
  const bool replace =
      !prior.state.is_null() && !ReallyReplaced(TypeOf(resource), planned, prior.state).empty();
  doing_ = resource + ": final plan";
  if (replace) Complain(Rule::kFinalPlan, "an update became a replacement");
  Take(CheckAgrees(TypeOf(resource), change.planned, planned.value, Rule::kFinalPlan));
  if (planned.value == prior.state) return applied;  // An update that turned out to be none.
  return ApplyOnce(resource, prior, planned, config);
}

Applied Core::Replace(const std::string& resource, const Change& change, const Value& config) {
  Instance old = change.prior;
  if (!change.wishes.create_before_destroy) {
    Applied destroyed = ApplyOnce(resource, old, {.private_data = change.private_data}, Value());
    if (!destroyed.ok) return destroyed;
    return CreateOrUpdate(resource, change, {}, config);
  }
  Applied created = CreateOrUpdate(resource, change, {}, config);
  if (created.refused) {  // What is set aside comes back only after a create that was tried.
    created.deposed = old;
    return created;
  }
  if (!created.ok) {
    if (created.instance.state.is_null()) created.instance = old;
    return created;
  }
  old.tainted = false;
  const Planned planned = PlanOnce(resource, old, Value());
  const Applied destroyed =
      planned.ok ? ApplyOnce(resource, old, planned, Value())
                 : Applied{.ok = false, .instance = old, .diagnostics = planned.diagnostics};
  if (!destroyed.ok) {
    created.ok = false;
    created.deposed = destroyed.instance;
    created.diagnostics = destroyed.diagnostics;
  }
  return created;
}

Applied Core::Apply(const std::string& resource, const Change& change, const Value& config) {
  const Value& known = config.is_null() ? change.config : config;
  switch (change.action) {
    case Action::kNoOp: return {.instance = change.prior};
    case Action::kRefused:
      return {.ok = false,
              .refused = true,
              .instance = change.prior,
              .diagnostics = change.diagnostics};
    case Action::kDelete:
      return ApplyOnce(resource, change.prior,
                       {.private_data = change.private_data, .identity = change.identity}, Value());
    case Action::kCreate:
    case Action::kUpdate: return CreateOrUpdate(resource, change, change.prior, known);
    case Action::kReplace: return Replace(resource, change, known);
  }
  return {};
}

Applied Core::Converge(const std::string& resource, const Instance& stored, const Value& config,
                       Wishes wishes) {
  const Change change = Plan(resource, stored, config, wishes);
  Applied applied = Apply(resource, change);
  if (change.action == Action::kRefused) return applied;
  if (!applied.ok) {
    doing_ = resource + ": apply";
    Complain(Rule::kApplied, ToText(applied.diagnostics));
    return applied;
  }
  const Change second = Plan(resource, applied.instance, config);
  doing_ = resource + ": after the apply";
  Take(CheckAgrees(TypeOf(resource), applied.instance.state, second.prior.state, Rule::kRefresh));
  if (second.action != Action::kNoOp) {
    Complain(Rule::kSecondPlan,
             second.action == Action::kRefused
                 ? ToText(second.diagnostics)
                 : "from " + second.prior.state.ToText() + " to " + second.planned.ToText());
  }
  return applied;
}

// ---- Everything else ---------------------------------------------------------------------------

std::optional<Instance> Core::Import(const std::string& resource, const std::string& id) {
  tfplugin6::ImportResourceState::Request request;
  request.set_type_name(resource);
  request.set_id(id);
  return Import(request);
}

std::optional<Instance> Core::ImportByIdentity(const std::string& resource, const Value& identity) {
  tfplugin6::ImportResourceState::Request request;
  request.set_type_name(resource);
  WriteIdentity(resource, identity, [&] { return request.mutable_identity(); });
  return Import(request);
}

std::optional<Instance> Core::Import(const tfplugin6::ImportResourceState::Request& request) {
  const std::string& resource = request.type_name();
  doing_ = resource + ": import";
  const Type& type = TypeOf(resource);
  const auto answer = DBAAS_ASK(ImportResourceState, request);
  if (answer.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (HasErrors(answer.diagnostics(), NoType(), nullptr)) return std::nullopt;
  if (answer.imported_resources_size() != 1 ||
      answer.imported_resources(0).type_name() != resource) {
    Complain(Rule::kImport, "not one object of the type that was asked for");
    return std::nullopt;
  }
  const auto& imported = answer.imported_resources(0);
  const auto state = ReadState(imported.state(), type);
  if (!state) return std::nullopt;
  if (state->is_null()) {
    Complain(Rule::kImport, "a null object");
    return std::nullopt;
  }
  const Value identity = ReadIdentity(resource, imported.has_identity(), imported.identity());
  Instance instance = Refresh(resource, {*state, imported.private_(), false, identity});
  if (instance.state.is_null()) Complain(Rule::kImport, "a refresh does not find it");
  return instance;
}

Value Core::ReadData(const std::string& source, const Value& config) {
  doing_ = "data." + source;
  const Type& type = data_sources_.at(source).type;
  tfplugin6::ReadDataSource::Request request;
  request.set_type_name(source);
  *request.mutable_config() = Write(config, type);
  const auto answer = DBAAS_ASK(ReadDataSource, request);
  if (answer.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (HasErrors(answer.diagnostics(), type, nullptr)) return {};
  const auto state = ReadState(answer.state(), type);
  if (!state) return {};
  Take(CheckPlanned(type, Value(), config, *state));
  return *state;
}

Value Core::OpenEphemeral(const std::string& resource, const Value& config) {
  doing_ = "ephemeral." + resource;
  const Type& type = ephemeral_.at(resource).type;
  tfplugin6::OpenEphemeralResource::Request request;
  request.set_type_name(resource);
  *request.mutable_config() = Write(config, type);
  const auto answer = DBAAS_ASK(OpenEphemeralResource, request);
  if (answer.has_deferred()) Complain(Rule::kNoDeferral, "deferred");
  if (HasErrors(answer.diagnostics(), type, nullptr)) return {};
  const auto result = ReadState(answer.result(), type);
  tfplugin6::CloseEphemeralResource::Request close;
  close.set_type_name(resource);
  close.set_private_(answer.private_());
  HasErrors(DBAAS_ASK(CloseEphemeralResource, close).diagnostics(), type, nullptr);
  if (!result) return {};
  Take(CheckPlanned(type, Value(), config, *result));
  return *result;
}

Value Core::Call(const std::string& function, const std::vector<Value>& arguments) {
  doing_ = "function " + function;
  const Function& signature = functions_.at(function);
  tfplugin6::CallFunction::Request request;
  request.set_name(function);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool fixed = i < signature.parameters.size();
    if (!fixed && !signature.variadic) throw std::invalid_argument("too many arguments");
    *request.add_arguments() =
        Write(arguments[i], fixed ? signature.parameters[i] : *signature.variadic);
  }
  const auto first = DBAAS_ASK(CallFunction, request);
  const auto second = DBAAS_ASK(CallFunction, request);
  if (first.result().msgpack() != second.result().msgpack() ||
      first.error().text() != second.error().text()) {
    Complain(Rule::kPure, "an inconsistent result");
  }
  if (first.has_error() == first.has_result()) {
    Complain(Rule::kWellFormed, "either a result or an error");
  }
  if (first.error().has_function_argument() &&
      (first.error().function_argument() < 0 ||
       first.error().function_argument() >= static_cast<std::int64_t>(arguments.size()))) {
    Complain(Rule::kDiagnostic, "the error is of an argument that there is not");
  }
  if (!first.has_result()) return {};
  const auto result = Read(first.result(), signature.result);
  if (!result) return {};
  if (!result->is_wholly_known()) Complain(Rule::kNothingUnknown, result->ToText());
  return *result;
}

}  // namespace dbaas::core

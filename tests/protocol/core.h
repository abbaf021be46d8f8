// SPDX-License-Identifier: MPL-2.0
//
// Core: does to a provider what Terraform core does, over gRPC, and writes down every promise that
// the provider breaks (core_rules.h). It knows of the provider what GetProviderSchema says, no
// more.
//
//   Core core(channel);
//   Change change = core.Plan("dbaas_cluster", {}, core.Config("dbaas_cluster", {{"name", …}}));
//   Applied orders = core.Apply("dbaas_cluster", change);
//   EXPECT_THAT(core.violations(), IsEmpty());
//
// Not thread-safe. Source of the order of calls: Terraform 1.11 to 1.15, the nodes of its plan and
// apply graphs.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "provider/proto/tfplugin6.grpc.pb.h"
#include "tests/fakes/seeded_random.h"
#include "tests/protocol/core_rules.h"
#include "tests/protocol/core_schema.h"

namespace dbaas::core {

using DiagnosticList = std::vector<tfplugin6::Diagnostic>;

/// A resource instance as a state file has it.
struct Instance {
  Value state;  ///< Null: there is none.
  std::string private_data;
  bool tainted = false;
  Value identity;  ///< Null: its type has none.
};

enum class Action { kNoOp, kCreate, kUpdate, kDelete, kReplace, kRefused };
inline void PrintTo(Action action, std::ostream* out) {
  static constexpr const char* kNames[] = {"no-op",  "create",  "update",
                                           "delete", "replace", "refused"};
  *out << kNames[static_cast<int>(action)];
}

/// `lifecycle { create_before_destroy }`, `-replace` and `-refresh=false`.
struct Wishes {
  bool create_before_destroy = false;
  bool replace = false;
  bool refresh = true;
};

/// A plan that somebody may approve.
struct Change {
  Action action = Action::kNoOp;
  Wishes wishes;
  Instance prior;  ///< Refreshed.
  Value config;
  Value planned;
  std::string private_data;
  Value identity;                         ///< As planned.
  std::vector<std::string> replaced_for;  ///< Attributes whose change asks for a replacement.
  DiagnosticList diagnostics;
};

struct Applied {
  bool ok = true;
  bool refused = false;  ///< It was not even tried: the last check or plan had errors.
  Instance instance;
  /// What a create-before-destroy could not destroy, or, its create refused by the last plan, has
  /// not: Terraform destroys it next.
  std::optional<Instance> deposed;
  DiagnosticList diagnostics;
};

/// What a list says of one object.
struct Listed {
  Value identity;
  std::string name;  ///< For people.
  Value object;      ///< Null unless asked for.
};

/// Changes answers on their way to core, to see whether it notices. For tests of the net itself.
class Tamper {
 public:
  virtual ~Tamper() = default;
#define DBAAS_TAMPER(RPC) \
  virtual void On(const tfplugin6::RPC::Request&, tfplugin6::RPC::Response&) {}
  DBAAS_TAMPER(GetProviderSchema)
  DBAAS_TAMPER(GetResourceIdentitySchemas)
  DBAAS_TAMPER(ValidateResourceConfig)
  DBAAS_TAMPER(UpgradeResourceState)
  DBAAS_TAMPER(ReadResource)
  DBAAS_TAMPER(PlanResourceChange)
  DBAAS_TAMPER(ApplyResourceChange)
  DBAAS_TAMPER(ImportResourceState)
  DBAAS_TAMPER(ReadDataSource)
  DBAAS_TAMPER(OpenEphemeralResource)
  DBAAS_TAMPER(CallFunction)
#undef DBAAS_TAMPER
  virtual void On(const tfplugin6::ListResource::Request&,
                  std::vector<tfplugin6::ListResource::Event>&) {}
  virtual void On(const tfplugin6::InvokeAction::Request&,
                  std::vector<tfplugin6::InvokeAction::Event>&) {}
};

class Core {
 public:
  /// `variety` (may be null) decides in which of the allowed ways values are written; `tamper` (may
  /// be null) sees every answer first. Both must outlive this.
  explicit Core(const std::shared_ptr<grpc::Channel>& channel, SeededRandom* variety = nullptr,
                Tamper* tamper = nullptr);
  /// The same without a channel between: messages are written and read, but nobody waits for a
  /// thread. For thousands of calls.
  explicit Core(tfplugin6::Provider::Service& service, SeededRandom* variety = nullptr,
                Tamper* tamper = nullptr);

  /// From now on another `variety`; may be null.
  void Vary(SeededRandom* variety) { variety_ = variety; }

  const std::map<std::string, Schema>& resources() const { return resources_; }
  const std::map<std::string, Schema>& data_sources() const { return data_sources_; }
  const std::map<std::string, Schema>& ephemeral_resources() const { return ephemeral_; }
  const std::map<std::string, Schema>& lists() const { return lists_; }
  const std::map<std::string, Schema>& actions() const { return actions_; }
  /// The types of those that have an identity.
  const std::map<std::string, Type>& identities() const { return identities_; }
  const Type& TypeOf(const std::string& resource) const { return resources_.at(resource).type; }
  /// A configuration with these members, and nothing else. Unknown names are a bug of the test.
  Value Config(const std::string& resource, const Value::Map& members) const;
  static Value ConfigOf(const Type& type, const Value::Map& members);

  // One call each, and its checks.
  /// False: refused.
  bool Validate(const std::string& resource, const Value& config,
                DiagnosticList* diagnostics = nullptr, bool write_only_allowed = true);
  /// What every plan begins with: the upgrade of the stored state, then a read.
  Instance Refresh(const std::string& resource, const Instance& stored, bool read = true);

  /// `terraform plan`. A null configuration plans a destroy.
  Change Plan(const std::string& resource, const Instance& stored, const Value& config,
              Wishes wishes = {});
  /// `terraform apply` of that plan. What was unknown in its configuration is known in `config` by
  /// now; null: nothing was.
  Applied Apply(const std::string& resource, const Change& change, const Value& config = {});
  /// Both, and then what everybody expects: nothing to refresh, nothing to plan. A plan that is
  /// refused leaves all as it was; an apply that is refused breaks a promise.
  Applied Converge(const std::string& resource, const Instance& stored, const Value& config,
                   Wishes wishes = {});
  /// `terraform import`. Nothing when it was refused.
  std::optional<Instance> Import(const std::string& resource, const std::string& id);
  /// By identity; of what is optional in it some parts may be null.
  std::optional<Instance> ImportByIdentity(const std::string& resource, const Value& identity);

  /// Null when it was refused.
  Value ReadData(const std::string& source, const Value& config);
  Value OpenEphemeral(const std::string& resource, const Value& config);
  /// Null when it was refused; asks twice.
  Value Call(const std::string& function, const std::vector<Value>& arguments);

  // Both REQUIRE a channel: what is streamed has to wait for somebody (core_streams.cc).
  /// `terraform query`. Nothing when it was refused.
  std::optional<std::vector<Listed>> List(const std::string& type, const Value& config,
                                          bool with_objects = true, std::int64_t limit = 100);
  /// An action that is planned and invoked. Nothing when it was refused, or failed; else what it
  /// told meanwhile.
  std::optional<std::vector<std::string>> Invoke(const std::string& action, const Value& config);

  const Violations& violations() const { return violations_; }
  Violations TakeViolations() { return std::exchange(violations_, {}); }

 private:
  static constexpr std::chrono::seconds kPatience{60};

  struct Planned {
    bool ok = false;
    Value value;
    std::vector<tfplugin6::AttributePath> requires_replace;
    std::string private_data;
    Value identity;
    DiagnosticList diagnostics;
  };

  template <typename Request, typename Response>
  using Rpc = grpc::Status (tfplugin6::Provider::StubInterface::*)(grpc::ClientContext*,
                                                                   const Request&, Response*);
  template <typename Request, typename Response>
  using Handler = grpc::Status (tfplugin6::Provider::Service::*)(grpc::ServerContext*,
                                                                 const Request*, Response*);
  template <typename Request, typename Response>
  Response Ask(Rpc<Request, Response> rpc, Handler<Request, Response> handler,
               const Request& request);
  /// All that a stream gives.
  template <typename Event, typename Request>
  std::vector<Event> Follow(std::unique_ptr<grpc::ClientReaderInterface<Event>> (
                                tfplugin6::Provider::StubInterface::*rpc)(grpc::ClientContext*,
                                                                          const Request&),
                            const Request& request);
  /// Of one event; nothing when it is of no object.
  std::optional<Listed> ReadListed(const tfplugin6::ListResource::Event& event,
                                   const std::string& type, bool with_objects);
  void ReadSchemas();
  void ReadIdentitySchemas(std::vector<std::string>& complaints);
  std::optional<Instance> Import(const tfplugin6::ImportResourceState::Request& request);
  void Complain(Rule rule, const std::string& what);
  void Take(Violations violations);

  tfplugin6::DynamicValue Write(const Value& value, const Type& type);
  std::optional<Value> Read(const tfplugin6::DynamicValue& dynamic, const Type& type);
  /// Into the field of a request that `field` makes; not called when there is nothing to write.
  template <typename Field>
  void WriteIdentity(const std::string& resource, const Value& identity, Field field);
  /// That of an answer about an object that is there, or, `is_planned`, will be. Complains.
  Value ReadIdentity(const std::string& resource, bool has_one,
                     const tfplugin6::ResourceIdentityData& data, bool is_planned = false);
  /// Complains when it is another one than before, as far as that was known.
  void CheckSameIdentity(const Value& before, const Value& now);
  /// The checks of what a state may hold.
  std::optional<Value> ReadState(const tfplugin6::DynamicValue& dynamic, const Type& type);
  /// Copies `list` after its checks. True: there is an error among them.
  using Diagnostics = google::protobuf::RepeatedPtrField<tfplugin6::Diagnostic>;
  bool HasErrors(const Diagnostics& list, const Type& type, DiagnosticList* copies);

  Planned PlanOnce(const std::string& resource, const Instance& prior, const Value& config);
  Planned AskForPlan(const std::string& resource, const Instance& prior, const Value& config);
  std::vector<std::string> ReallyReplaced(const Type& type, const Planned& planned,
                                          const Value& prior);
  Applied ApplyOnce(const std::string& resource, const Instance& prior, const Planned& planned,
                    const Value& config);
  Applied CreateOrUpdate(const std::string& resource, const Change& change, const Instance& prior,
                         const Value& config);
  Applied Replace(const std::string& resource, const Change& change, const Value& config);

  std::unique_ptr<tfplugin6::Provider::StubInterface> stub_;
  tfplugin6::Provider::Service* service_ = nullptr;  ///< In place of the stub.
  SeededRandom* variety_;
  Tamper* tamper_;
  std::string doing_;  ///< For violations: "dbaas_cluster: plan".
  std::map<std::string, Schema> resources_;
  std::map<std::string, Schema> data_sources_;
  std::map<std::string, Schema> ephemeral_;
  std::map<std::string, Schema> lists_;
  std::map<std::string, Schema> actions_;
  std::map<std::string, Type> identities_;
  struct Function {
    std::vector<Type> parameters;
    std::optional<Type> variadic;
    Type result;
  };
  std::map<std::string, Function> functions_;
  Violations violations_;
};

template <typename Request, typename Response>
Response Core::Ask(Rpc<Request, Response> rpc, Handler<Request, Response> handler,
                   const Request& request) {
  Response response;
  grpc::Status status;
  if (service_ != nullptr) {
    Request received;
    Response answer;
    received.ParseFromString(request.SerializeAsString());
    status = (service_->*handler)(nullptr, &received, &answer);
    response.ParseFromString(answer.SerializeAsString());
  } else {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    status = (stub_.get()->*rpc)(&context, request, &response);
  }
  if (!status.ok()) Complain(Rule::kAnswers, status.error_message());
  if constexpr (requires { tamper_->On(request, response); }) {
    if (tamper_ != nullptr && status.ok()) tamper_->On(request, response);
  }
  return response;
}

/// "error name: Cluster orders already exists" of each.
std::string ToText(const DiagnosticList& diagnostics);

}  // namespace dbaas::core

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

/// Changes answers on their way to core, to see whether it notices. For tests of the net itself.
class Tamper {
 public:
  virtual ~Tamper() = default;
#define DBAAS_TAMPER(RPC) \
  virtual void On(const tfplugin6::RPC::Request&, tfplugin6::RPC::Response&) {}
  DBAAS_TAMPER(GetProviderSchema)
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
  const Type& TypeOf(const std::string& resource) const { return resources_.at(resource).type; }
  /// A configuration with these members, and nothing else. Unknown names are a bug of the test.
  Value Config(const std::string& resource, const Value::Map& members) const;

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

  /// Null when it was refused.
  Value ReadData(const std::string& source, const Value& config);
  Value OpenEphemeral(const std::string& resource, const Value& config);
  /// Null when it was refused; asks twice.
  Value Call(const std::string& function, const std::vector<Value>& arguments);

  const Violations& violations() const { return violations_; }
  Violations TakeViolations() { return std::exchange(violations_, {}); }

 private:
  struct Planned {
    bool ok = false;
    Value value;
    std::vector<tfplugin6::AttributePath> requires_replace;
    std::string private_data;
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
  void ReadSchemas();
  void Complain(Rule rule, const std::string& what);
  void Take(Violations violations);

  tfplugin6::DynamicValue Write(const Value& value, const Type& type);
  std::optional<Value> Read(const tfplugin6::DynamicValue& dynamic, const Type& type);
  /// The checks of what a state may hold.
  std::optional<Value> ReadState(const tfplugin6::DynamicValue& dynamic, const Type& type);
  /// Copies `list` after its checks. True: there is an error among them.
  template <typename List>
  bool HasErrors(const List& list, const Type& type, DiagnosticList* copies);

  Planned PlanOnce(const std::string& resource, const Value& prior, const Value& config,
                   const std::string& private_data);
  Planned AskForPlan(const std::string& resource, const Value& prior, const Value& config,
                     const std::string& private_data);
  std::vector<std::string> ReallyReplaced(const Type& type, const Planned& planned,
                                          const Value& prior);
  Applied ApplyOnce(const std::string& resource, const Instance& prior, const Value& planned,
                    const Value& config, const std::string& private_data);
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
  struct Function {
    std::vector<Type> parameters;
    std::optional<Type> variadic;
    Type result;
  };
  std::map<std::string, Function> functions_;
  Violations violations_;
};

/// "error name: Cluster orders already exists" of each.
std::string ToText(const DiagnosticList& diagnostics);

}  // namespace dbaas::core

// SPDX-License-Identifier: MPL-2.0
//
// Lifecycle: validate, plan, apply, read and import, once for all types. Values in, values out; it
// knows neither protobuf nor gRPC (server.* and *_proto.* do) and never asks which type it has.
// The rules it keeps are Terraform's (terraform-plugin-framework's documentation and
// docs/resource-instance-change-lifecycle.md of OpenTofu).
// Threading: every method may be called from many threads; Configure replaces the engine that later
// calls use, calls that are under way keep theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "schemas/diagnostic.h"
#include "schemas/resource_type.h"
#include "schemas/value.h"

namespace dbaas {

struct PlanRequest {
  Value prior;   ///< Null: create.
  Value config;  ///< Null: destroy.
  std::string prior_private;
};
struct PlanResponse {
  Value planned;
  std::vector<AttributePath> requires_replace;
  std::string planned_private;
  Diagnostics diagnostics;
};
struct ApplyRequest {
  Value prior;
  Value planned;  ///< Null: destroy.
  Value config;
  std::string planned_private;
};
/// Of apply, read and import alike: the object as it is now.
struct StateResponse {
  Value state;
  std::string private_data;
  Diagnostics diagnostics;
};

/// Of reading a data source.
struct DataResponse {
  Value state;
  Diagnostics diagnostics;
  bool deferred = false;  ///< It needs a host, and none is known yet: `state` has unknown values.
};

/// Of opening and renewing an ephemeral resource.
struct OpenResponse {
  Value result;              ///< Of opening.
  std::string private_data;  ///< What renewing and closing need. Empty: there is nothing to do.
  std::optional<TimePoint> renew_at;
  Diagnostics diagnostics;
  bool deferred = false;  ///< As DataResponse's, of `result`.
};
struct ListRequest {
  Value config;
  std::int64_t limit = 0;  ///< Most objects that are wanted; 0 or less: all.
};
/// An object that a list found, or what went wrong on the way to the next.
struct Listed {
  Value state;
  Diagnostics diagnostics;
};

class Lifecycle {
 public:
  Lifecycle(Clock& clock, Random& random);
  /// For tests: an engine that is already there.
  Lifecycle(std::shared_ptr<Engine> engine, Clock& clock, Random& random);

  Diagnostics ValidateProvider(const Value& config);
  Diagnostics Configure(const Value& config);
  /// Asks everything under way to stop. Returns at once.
  void Stop();
  /// Terraform has got all its answers: what waits for that is done now.
  void Settle();
  /// Not before Configure, nor while the provider's configuration holds unknown values.
  bool is_configured() { return engine() != nullptr; }
  /// Of everything that begins now.
  std::stop_token stop_token();

  Diagnostics ValidateResource(const ResourceType& type, const Value& config,
                               bool write_only_allowed);
  Diagnostics ValidateData(const DataSourceType& type, const Value& config);
  PlanResponse Plan(const ResourceType& type, const PlanRequest& request);
  StateResponse Apply(const ResourceType& type, const ApplyRequest& request);
  StateResponse Read(const ResourceType& type, const Value& state, const std::string& private_data);
  StateResponse Import(const ResourceType& type, const std::string& id);
  /// `identity` has the attributes of IdentitySchema(), of which those may be null that a
  /// configuration may leave out.
  StateResponse ImportByIdentity(const ResourceType& type, const Value& identity);
  /// Without `deferral_allowed` it is an error if the provider's configuration is not known yet.
  DataResponse ReadData(const DataSourceType& type, const Value& config, bool deferral_allowed);

  // lifecycle_ephemeral.cc
  Diagnostics ValidateEphemeral(const EphemeralType& type, const Value& config);
  /// `deferral_allowed` as with ReadData.
  OpenResponse Open(const EphemeralType& type, const Value& config, bool deferral_allowed);
  OpenResponse Renew(const EphemeralType& type, const std::string& private_data);
  Diagnostics Close(const EphemeralType& type, const std::string& private_data);

  // lifecycle_actions.cc
  Diagnostics ValidateAction(const ActionType& type, const Value& config);
  Diagnostics PlanAction(const ActionType& type, const Value& config);
  /// Ends when the work has; early when either the provider or `stop` is asked to stop.
  Diagnostics InvokeAction(const ActionType& type, const Value& config, Progress& progress,
                           std::stop_token stop);

  // lifecycle_lists.cc
  Diagnostics ValidateList(const ListResourceType& list, const Value& config);
  /// Gives the objects of `type` that `list` finds to `take`, host by host, as far as the limit. An
  /// error of `take` ends it and is returned.
  Result<void> List(const ListResourceType& list, const ResourceType& type,
                    const ListRequest& request,
                    const std::function<Result<void>(const Listed&)>& take);

 private:
  /// Null before Configure, and while the provider's configuration holds unknown values.
  std::shared_ptr<Engine> engine();

  Diagnostics CheckWithEngine(const ResourceType& type, const PlanRequest& request,
                              const Value& planned);
  Diagnostics CheckNewPlace(const ResourceType& type, const PlanRequest& request,
                            const Value& planned);
  StateResponse Destroy(const ResourceType& type, const ApplyRequest& request, Engine& engine);
  StateResponse CreateOrUpdate(const ResourceType& type, const ApplyRequest& request,
                               Engine& engine);
  /// `named` is how the user called it.
  StateResponse ImportPart(const ResourceType& type, const Result<PartAddress>& address,
                           const std::string& named);
  Result<DataAnswer> Answer(const DataQuery& query);

  Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::shared_ptr<Engine> engine_;  ///< Guarded by mutex_.
  std::stop_source stop_;           ///< Guarded by mutex_; each Configure begins with a new one.
};

}  // namespace dbaas

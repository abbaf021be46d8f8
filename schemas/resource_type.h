// SPDX-License-Identifier: MPL-2.0
//
// Resource types, data sources, ephemeral resources, actions and functions, type-erased: a schema,
// and the few C++ functions that map values to the engine's words and back. provider/lifecycle.*
// works on these alone and never asks which type it has; kit.h builds them from one table per type.
// Immutable after construction; share freely between threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/model/backup.h"
#include "engine/model/login.h"
#include "engine/model/maintenance.h"
#include "engine/model/spec.h"
#include "engine/model/view.h"
#include "schemas/schema.h"

namespace dbaas {

/// Which part of which cluster a resource owns. `host` is empty for the provider's default host.
struct PartAddress {
  std::string host;
  std::string cluster;
  std::string key;  ///< "cluster", "replica/reports"
};

/// A managed resource: one part of one cluster.
struct ResourceType {
  std::string name;  ///< "dbaas_cluster"
  Schema schema;
  /// Checks across attributes; the config may hold unknowns.
  std::function<Diagnostics(const Value& config)> validate;
  /// From a wholly known config (or state): where the part lives ...
  std::function<Result<PartAddress>(const Value& object)> address;
  /// ... and what it should be. `config` is where write-only values are; everything else comes from
  /// `planned`.
  std::function<Result<PartSpec>(const Value& planned, const Value& config)> to_spec;
  /// The state of the part: `base` (planned or prior) with every computed attribute known and, when
  /// `refresh` is set, configured ones as the record has them. A part that is missing from the view
  /// is one whose removal did not end: base, with that as its drift.
  std::function<Value(const Value& base, const ClusterView& view, const PartAddress& address,
                      bool refresh)>
      to_state;
  /// "local/orders" → address; the error says the form that is expected.
  std::function<Result<PartAddress>(const std::string& id)> parse_id;
  /// Name of the attribute that forbids destroying or replacing while it is true, or empty.
  std::string protection_attribute;
};

/// What a data source needs to know before it can answer.
struct DataQuery {
  std::string cluster;         ///< Id or name of one cluster, wanted with roles and lag.
  bool list_clusters = false;  ///< All clusters, of `host` when that is not empty.
  std::string host;
  std::string backups_of;  ///< Id or name of the cluster whose backups are wanted.
};

/// One engine version that can be asked for.
struct EngineVersion {
  std::string engine;
  std::string version;
  bool is_default = false;
};

struct DataAnswer {
  std::vector<ClusterView> clusters;
  std::vector<EngineVersion> engine_versions;
  BackupCatalogue backups;  ///< Of DataQuery::backups_of.
};

struct DataSourceType {
  std::string name;
  Schema schema;
  std::function<Result<DataQuery>(const Value& config)> query;
  std::function<Result<Value>(const Value& config, const DataAnswer& answer)> to_state;
  /// Name of the attribute that says which cluster: where its absence is reported. May be empty.
  std::string cluster_attribute;
};

/// What has to be asked before an ephemeral resource can be opened.
struct EphemeralQuery {
  std::string cluster;  ///< Id or name of the cluster whose credentials are wanted, or empty.
  /// Not the administrator's but those of a role of its own: its access and ttl.
  std::optional<Login> login;
};

struct EphemeralAnswer {
  Random& random;
  Credentials credentials;  ///< Of EphemeralQuery::cluster, or of the login in it.
};

/// An ephemeral resource: opened in every plan and apply that needs it, and never stored.
struct EphemeralType {
  std::string name;
  Schema schema;
  /// Checks across attributes, by field; nothing while the config holds unknowns.
  std::function<std::vector<Error>(const Value& config)> check;
  std::function<Result<EphemeralQuery>(const Value& config)> query;
  std::function<Result<Value>(const Value& config, const EphemeralAnswer& answer)> to_result;
  /// Name of the attribute that says which cluster: where its absence is reported. May be empty.
  std::string cluster_attribute;
};

/// What an action asks the engine for.
struct ActionRequest {
  std::string cluster;  ///< Id or name.
  Maintenance work;     ///< Without its cluster and caller.
};

/// An action: work on a cluster that leaves no object behind.
struct ActionType {
  std::string name;
  Schema schema;
  /// From a wholly known config.
  std::function<Result<ActionRequest>(const Value& config)> request;
};

/// Where a list looks.
struct ListQuery {
  std::string host;     ///< Empty: all of the provider's.
  std::string cluster;  ///< Id of the one whose parts are wanted; empty: all.
};

/// What `terraform query` lists: objects of a managed resource, whether or not a state has them.
struct ListResourceType {
  std::string name;  ///< That of the managed resource.
  Schema schema;     ///< Of the block `config`.
  std::function<Result<ListQuery>(const Value& config)> query;
  /// Whether a part of a cluster is one of these objects.
  std::function<bool(const PartSpec& part)> lists;
};

struct Parameter {
  std::string name;
  Type type;
  std::string description;
};

/// A function of the provider. Terraform calls it with arguments that are neither null nor unknown.
struct FunctionType {
  std::string name;         ///< "quantity"
  std::string summary;      ///< One line, without a period.
  std::string description;  ///< Whole sentences.
  std::vector<Parameter> parameters;
  std::optional<Parameter> variadic;  ///< What all further arguments are.
  Type result;
  /// An error's `field` is the name of the parameter that it is about, or empty.
  std::function<Result<Value>(const std::vector<Value>& arguments)> call;
};

/// Everything this provider offers. The list itself is schemas/all.cc.
struct ProviderTypes {
  Schema provider;  ///< The provider block.
  std::vector<ResourceType> resources;
  std::vector<DataSourceType> data_sources;
  std::vector<EphemeralType> ephemeral_resources;
  std::vector<ActionType> actions;
  std::vector<ListResourceType> list_resources;
  std::vector<FunctionType> functions;

  const ResourceType* FindResource(const std::string& name) const;
  const DataSourceType* FindDataSource(const std::string& name) const;
  const EphemeralType* FindEphemeralResource(const std::string& name) const;
  const ActionType* FindAction(const std::string& name) const;
  const ListResourceType* FindListResource(const std::string& name) const;
  const FunctionType* FindFunction(const std::string& name) const;
};
const ProviderTypes& AllTypes();

}  // namespace dbaas

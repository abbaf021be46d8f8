// SPDX-License-Identifier: MPL-2.0
//
// The list: everything that this provider offers. A new type is one line here.
#include <algorithm>

#include "schemas/provider.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

template <typename T>
const T* FindByName(const std::vector<T>& types, const std::string& name) {
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const T& type) { return type.name == name; });
  return found == types.end() ? nullptr : &*found;
}

}  // namespace

const ProviderTypes& AllTypes() {
  static const ProviderTypes kTypes{
      .provider = ProviderSchema(),
      .resources = {ClusterResource(), ReplicaResource(), BackupPolicyResource(), BackupResource()},
      .data_sources = {BackupsDataSource(), ClusterDataSource(), ClustersDataSource(),
                       EngineVersionsDataSource(), InstanceClassesDataSource()},
      .ephemeral_resources = {CredentialsEphemeral(), PasswordEphemeral()},
      .actions = {BackupAction(), ReloadAction(), RestartAction(), RestoreAction(),
                  SwitchoverAction(), VerifyAction()},
      .list_resources = {ClusterList(), ReplicaList(), BackupPolicyList(), BackupList()},
      .functions = {ConnectionUriFunction(), CronNextFunction(), InstanceClassFunction(),
                    NextWindowFunction(), ParseUriFunction(), QuantityFunction()},
  };
  return kTypes;
}

const ResourceType* ProviderTypes::FindResource(const std::string& name) const {
  return FindByName(resources, name);
}
const DataSourceType* ProviderTypes::FindDataSource(const std::string& name) const {
  return FindByName(data_sources, name);
}
const EphemeralType* ProviderTypes::FindEphemeralResource(const std::string& name) const {
  return FindByName(ephemeral_resources, name);
}
const ListResourceType* ProviderTypes::FindListResource(const std::string& name) const {
  return FindByName(list_resources, name);
}
const ActionType* ProviderTypes::FindAction(const std::string& name) const {
  return FindByName(actions, name);
}
const FunctionType* ProviderTypes::FindFunction(const std::string& name) const {
  return FindByName(functions, name);
}

}  // namespace dbaas

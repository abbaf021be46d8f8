// SPDX-License-Identifier: MPL-2.0
//
// The types that this provider offers, one function and one file each. all.cc lists them.
#pragma once

#include "schemas/resource_type.h"

namespace dbaas {

ResourceType ClusterResource();              // dbaas_cluster.cc
ResourceType ReplicaResource();              // dbaas_replica.cc
ResourceType BackupResource();               // dbaas_backup.cc
ResourceType BackupPolicyResource();         // dbaas_backup_policy.cc
DataSourceType BackupsDataSource();          // data_dbaas_backups.cc
DataSourceType ClusterDataSource();          // data_dbaas_cluster.cc
DataSourceType ClustersDataSource();         // data_dbaas_clusters.cc
DataSourceType EngineVersionsDataSource();   // data_dbaas_engine_versions.cc
DataSourceType InstanceClassesDataSource();  // data_dbaas_instance_classes.cc
EphemeralType CredentialsEphemeral();        // ephemeral_dbaas_credentials.cc
EphemeralType PasswordEphemeral();           // ephemeral_dbaas_password.cc
ActionType BackupAction();                   // action_dbaas_backup.cc
ActionType ReloadAction();                   // action_dbaas_reload.cc
ActionType RestartAction();                  // action_dbaas_restart.cc
ActionType RestoreAction();                  // action_dbaas_restore.cc
ActionType VerifyAction();                   // action_dbaas_verify.cc
ActionType SwitchoverAction();               // action_dbaas_switchover.cc
ListResourceType BackupList();               // list_dbaas_backup.cc
ListResourceType BackupPolicyList();         // list_dbaas_backup_policy.cc
ListResourceType ClusterList();              // list_dbaas_cluster.cc
ListResourceType ReplicaList();              // list_dbaas_replica.cc
FunctionType ConnectionUriFunction();        // function_connection_uri.cc
FunctionType CronNextFunction();             // function_cron_next.cc
FunctionType InstanceClassFunction();        // function_instance_class.cc
FunctionType NextWindowFunction();           // function_next_window.cc
FunctionType ParseUriFunction();             // function_parse_uri.cc
FunctionType QuantityFunction();             // function_quantity.cc

}  // namespace dbaas

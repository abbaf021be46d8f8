// SPDX-License-Identifier: MPL-2.0
//
// Configuration: what a user wrote in Terraform's JSON syntax (main.tf.json), read without
// Terraform. Only the literal subset: values are literals, or one whole reference to another
// resource of the file ("${dbaas_cluster.orders.id}"). Types, attributes, defaults and checks are
// those of schemas/, so that one file means the same to `dbaas` and to terraform. Anything that
// would need Terraform to evaluate it is an error with the file and the place in it, never ignored.
//
//   const Configuration wanted = TRY(ReadConfiguration("main.tf.json"));
//
// Called by the verbs that work from a file, and ParseHost by the others (verb.h). Thread-safe;
// ParseConfiguration and ParseHost are pure.
// Source: https://developer.hashicorp.com/terraform/language/syntax/json
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "schemas/resource_type.h"

namespace dbaas {

/// One resource block, checked, with its references put in.
struct DeclaredResource {
  std::string address;  ///< "dbaas_cluster.orders"
  std::string place;    ///< "main.tf.json: resource.dbaas_cluster.orders", for errors.
  const ResourceType* type = nullptr;
  Value config;
  PartAddress part;  ///< With its host.
  PartSpec spec;
};

struct Configuration {
  std::vector<HostConfig> hosts;            ///< Never empty.
  std::vector<DeclaredResource> resources;  ///< Each after those it refers to.
};

/// `path` is a file, or a folder whose *.tf.json files are one configuration.
Result<Configuration> ReadConfiguration(const std::string& path);

struct ConfigurationFile {
  std::string name;  ///< For errors.
  std::string text;
};
Result<Configuration> ParseConfiguration(const std::vector<ConfigurationFile>& files);

/// One host block of a provider: {"name": "prod", "kubernetes": {"context": "prod"}}. Pure.
Result<HostConfig> ParseHost(const ConfigurationFile& block);

}  // namespace dbaas

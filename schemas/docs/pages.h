// SPDX-License-Identifier: MPL-2.0
//
// The reference pages of the registry, written from the schemas: docs/index.md, docs/resources/,
// docs/data-sources/, docs/ephemeral-resources/, docs/list-resources/, docs/actions/,
// docs/functions/. Called by dbaas-docs (main.cc) and by tests. Pure but for reading the examples,
// which are files so that terraform fmt and validate can read them too.
//
// Source of the layout: https://developer.hashicorp.com/terraform/registry/providers/docs
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/base/result.h"
#include "schemas/resource_type.h"

namespace dbaas {

/// Path below docs/ → content. The error names an example that is missing.
Result<std::map<std::string, std::string>> WritePages(const ProviderTypes& types,
                                                      const std::filesystem::path& examples);

/// "## Schema" and all below it.
std::string SchemaSection(const Schema& schema);

}  // namespace dbaas

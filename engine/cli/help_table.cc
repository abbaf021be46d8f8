// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/help_table.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

namespace dbaas {
namespace {

HelpOption Describe(const CLI::Option& option) {
  HelpOption described{.text = option.get_description(),
                       .positional = option.get_positional(),
                       .takes_value = option.get_items_expected_max() > 0,
                       .required = option.get_required()};
  if (described.positional) {
    std::string name = option.get_name(true);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    described.names = {name};
    return described;
  }
  for (const auto& name : option.get_snames()) described.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) described.names.push_back("--" + name);
  return described;
}

}  // namespace

std::vector<HelpVerb> HelpTable(const CLI::App& any) {
  const CLI::App* root = &any;
  while (root->get_parent() != nullptr) root = root->get_parent();
  std::vector<HelpVerb> table;
  for (const CLI::App* verb : root->get_subcommands([](const CLI::App*) { return true; })) {
    HelpVerb described{.name = verb->get_name(), .text = verb->get_description(), .options = {}};
    for (const CLI::Option* option : verb->get_options()) {
      described.options.push_back(Describe(*option));
    }
    // CLI11 has --help first, as it was there first.
    std::stable_partition(described.options.begin(), described.options.end(),
                          [](const HelpOption& option) { return option.positional; });
    const auto help = std::find_if(
        described.options.begin(), described.options.end(), [](const HelpOption& option) {
          return std::find(option.names.begin(), option.names.end(), "--help") !=
                 option.names.end();
        });
    if (help != described.options.end()) std::rotate(help, help + 1, described.options.end());
    table.push_back(std::move(described));
  }
  return table;
}

}  // namespace dbaas

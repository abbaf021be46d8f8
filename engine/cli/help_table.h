// SPDX-License-Identifier: MPL-2.0
//
// HelpTable: the verbs and their options as CLI11 was told of them, as data. --help prints CLI11's
// own; the completion of shells and the manual page are made of this, so they know what --help
// knows. Pure.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace dbaas {

struct HelpOption {
  std::vector<std::string> names;  ///< "-f", "--file"; of a positional "CLUSTER".
  std::string text;
  bool positional = false;
  bool takes_value = false;
  bool required = false;
};

struct HelpVerb {
  std::string name;
  std::string text;
  std::vector<HelpOption> options;  ///< Positionals first, --help last.
};

/// `any` is the command's App or that of one of its verbs.
std::vector<HelpVerb> HelpTable(const CLI::App& any);

}  // namespace dbaas

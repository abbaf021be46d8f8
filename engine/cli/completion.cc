// SPDX-License-Identifier: MPL-2.0
//
// dbaas completion: what a shell offers on Tab, as a script for it. Static: verbs and options, and
// where neither fits, files. No shell asks a host.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "engine/cli/help_table.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

using Table = std::vector<HelpVerb>;

/// In single quotes of any shell.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Of all options of a verb that are no positionals.
std::vector<std::string> OptionNames(const HelpVerb& verb) {
  std::vector<std::string> names;
  for (const auto& option : verb.options) {
    if (option.positional) continue;
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::string Bash(const Table& table) {
  std::vector<std::string> verbs;
  std::string cases;
  for (const auto& verb : table) {
    verbs.push_back(verb.name);
    cases += fmt::format("    {}) words='{}' ;;\n", verb.name, fmt::join(OptionNames(verb), " "));
  }
  return fmt::format(R"(# bash completion for dbaas: source <(dbaas completion bash)
_dbaas() {{
  local words='{} --help --version'
  (( COMP_CWORD == 1 )) || case ${{COMP_WORDS[1]}} in
{}    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _dbaas dbaas
)",
                     fmt::join(verbs, " "), cases);
}

/// "name:text", where zsh's _describe wants it.
std::string Described(const std::string& name, const std::string& text) {
  return Quoted(name + ":" + text);
}

std::string Zsh(const Table& table) {
  std::string verbs;
  std::string cases;
  for (const auto& verb : table) {
    verbs += "    " + Described(verb.name, verb.text) + "\n";
    std::string options;
    for (const auto& option : verb.options) {
      if (option.positional) continue;
      for (const auto& name : option.names) options += " " + Described(name, option.text);
    }
    cases += fmt::format("    {}) words_of=({}) ;;\n", verb.name, options.substr(1));
  }
  return fmt::format(R"(#compdef dbaas
# zsh completion for dbaas: dbaas completion zsh > "${{fpath[1]}}/_dbaas"
_dbaas() {{
  local -a words_of=(
{}  )
  if (( CURRENT == 2 )); then
    _describe -t verbs verb words_of
    return
  fi
  case ${{words[2]}} in
{}    *) words_of=() ;;
  esac
  if [[ ${{words[CURRENT]}} == -* ]]; then
    _describe -o -t options option words_of
  else
    _files
  fi
}}
compdef _dbaas dbaas
)",
                     verbs, cases);
}

std::string Fish(const Table& table) {
  std::string text = "# fish completion for dbaas: dbaas completion fish | source\n";
  for (const auto& verb : table) {
    text += fmt::format("complete -c dbaas -f -n __fish_use_subcommand -a {} -d {}\n", verb.name,
                        Quoted(verb.text));
    for (const auto& option : verb.options) {
      if (option.positional) continue;
      std::string names;
      for (const auto& name : option.names) {
        const bool is_long = name.starts_with("--");
        names += is_long ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      text += fmt::format("complete -c dbaas -n '__fish_seen_subcommand_from {}'{}{} -d {}\n",
                          verb.name, names, option.takes_value ? " -r" : "", Quoted(option.text));
    }
  }
  return text;
}

}  // namespace

Verb CompletionVerb() {
  return {.name = "completion",
          .text = "A script that lets a shell complete the command",
          .declare = [](CLI::App& app) {
            auto shell = std::make_shared<std::string>();
            app.add_option("shell", *shell, "bash, zsh or fish")
                ->required()
                ->check(CLI::IsMember({"bash", "zsh", "fish"}));
            return Run([shell, &app](Session& session) {
              const Table table = HelpTable(app);
              session.out << (*shell == "bash"  ? Bash(table)
                              : *shell == "zsh" ? Zsh(table)
                                                : Fish(table));
              return kDone;
            });
          }};
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// dbaas manual: the manual page dbaas(1), for man and its kin (groff_man(7)). docs/dbaas.1 is its
// output, and a test says when that is stale.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "engine/cli/help_table.h"
#include "engine/cli/verbs.h"

namespace dbaas {
namespace {

/// Backslashes and dashes as themselves; a period that begins a line is text.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" + escaped : escaped;
}

std::string Bold(const std::string& text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Escaped(text) + "\\fR"; }

/// "-f, --file FILE"
std::string NameOf(const HelpOption& option) {
  if (option.positional) return Italic(option.names.front());
  std::string names;
  for (const auto& name : option.names) names += (names.empty() ? "" : ", ") + Bold(name);
  if (!option.takes_value) return names;
  std::string value = option.names.back().substr(2);
  for (char& c : value) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return names + " " + Italic(value);
}

std::string VerbText(const HelpVerb& verb) {
  std::string usage = Bold("dbaas " + verb.name);
  for (const auto& option : verb.options) {
    if (!option.positional) continue;
    usage += " " + (option.required ? NameOf(option) : "[" + NameOf(option) + "]");
  }
  std::string text = fmt::format(".SS {}\n{}.\n", usage, Escaped(verb.text));
  for (const auto& option : verb.options) {
    text += fmt::format(".TP\n{}\n{}.\n", NameOf(option), Escaped(option.text));
  }
  return text;
}

constexpr const char* kHead = R"(.TH DBAAS 1 "" "dbaas" "dbaas"
.SH NAME
dbaas \- database clusters on your own machines
.SH SYNOPSIS
.B dbaas
.I VERB
.RI [ OPTION ...]
.SH DESCRIPTION
Plans, applies and looks after PostgreSQL clusters on Docker hosts, as the Terraform provider of the same name does, from the same
file (main.tf.json) and without Terraform. A cluster is named as
.I NAME
or as its id,
.IR HOST / NAME .
Results go to stdout, everything else to stderr.
.SH VERBS
)";

constexpr const char* kTail = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed, or a question was not answered with yes; one line on stderr says why.
.TP
.B 2
There is no such cluster; of plan \-\-detailed\-exitcode: there are changes.
.TP
.B above 100
The command line was not understood.
.SH ENVIRONMENT
.TP
.B DBAAS_HOST
The host of verbs that do not work from a file: a host block of the provider as JSON, such as
{"name":"prod","kubernetes":{"context":"prod"}}.
.TP
.B DBAAS_DIRECTORY
The directory of a host without containers, in place of that.
.TP
.B DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH
The Docker engine, as the docker command reads them, for those verbs where neither is set.
.SH SEE ALSO
.BR terraform (1),
.BR docker (1)
)";

}  // namespace

Verb ManualVerb() {
  return {.name = "manual", .text = "The manual page dbaas(1)", .declare = [](CLI::App& app) {
            return Run([&app](Session& session) {
              session.out << kHead;
              for (const auto& verb : HelpTable(app)) session.out << VerbText(verb);
              session.out << kTail;
              return kDone;
            });
          }};
}

}  // namespace dbaas

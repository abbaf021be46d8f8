// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/script.h"

#include "engine/dbms/postgresql/embedded.h"

namespace dbaas::postgresql {
namespace {

/// As a raw literal of Python's, which the escapes of JSON pass through untouched. An apostrophe
/// can only be in a string, where JSON has an escape for it too.
std::string PythonLiteral(const Json& json) {
  std::string literal = "r'";
  for (const char c : json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace)) {
    if (c == '\'') {
      literal += "\\u0027";
    } else {
      literal += c;
    }
  }
  return literal += '\'';
}

}  // namespace

Command RunScript(std::string_view script, const Json& arguments, const std::string& member) {
  std::string input = "import json\nARGUMENTS = json.loads(" + PythonLiteral(arguments) + ")\n";
  input += embedded::kMember;
  input += "\n\n";
  input += script;
  // -I: neither the environment nor a file in the current folder can change what runs.
  return {.instance = member, .argv = {"python3", "-I", "-"}, .input = Secret(std::move(input))};
}

}  // namespace dbaas::postgresql

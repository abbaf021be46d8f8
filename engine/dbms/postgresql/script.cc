// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/script.h"

#include "engine/dbms/postgresql/embedded.h"

namespace dbaas::postgresql {
namespace {

/// JSON in ASCII is also a Python literal, once it is a string in a string.
std::string AsciiJson(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace

Command RunScript(std::string_view script, const Json& arguments, const std::string& member) {
  std::string input =
      "import json\nARGUMENTS = json.loads(" + AsciiJson(AsciiJson(arguments)) + ")\n";
  input += embedded::kMember;
  input += "\n\n";
  input += script;
  // -I: neither the environment nor a file in the current folder can change what runs.
  return {.instance = member, .argv = {"python3", "-I", "-"}, .input = Secret(std::move(input))};
}

}  // namespace dbaas::postgresql

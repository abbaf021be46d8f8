// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::connection_uri: how a program connects.
#include <fmt/format.h>

#include "engine/base/uri.h"
#include "schemas/function.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

Result<std::string> ConnectionUri(const std::string& endpoint, const std::string& db_name,
                                  const std::string& username, const std::string& password,
                                  const Variadic<std::string>& options) {
  Uri uri{.scheme = "postgresql", .username = username, .password = password, .path = db_name};
  if (auto read = ParseEndpoint(endpoint, uri); !read) {
    return Invalid("endpoint", fmt::format("\"{}\" is not a host and a port: {}", endpoint,
                                           read.error().summary));
  }
  for (const std::string& option : options.items) {
    const auto equals = option.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Invalid("options", fmt::format("\"{}\" does not read name=value", option));
    }
    uri.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  uri.options.emplace("sslmode", "require");
  return uri.ToText();
}

}  // namespace

FunctionType ConnectionUriFunction() {
  return Function(
      "connection_uri", "URI with which a program connects to a database",
      "A URI as PostgreSQL's clients read it, with everything in it escaped. Without an option of "
      "that name it asks for `sslmode=require`. An empty password is left out. The result is as "
      "sensitive as the password that goes into it.",
      {{"endpoint", "Host and port, as in a cluster's `endpoint` or `reader_endpoint`."},
       {"db_name", "The database."},
       {"username", "Who logs in."},
       {"password", "The password, or an empty text."},
       {"options", "Further options, such as `application_name=billing`."}},
      ConnectionUri);
}

}  // namespace dbaas

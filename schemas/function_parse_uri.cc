// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::parse_uri: the parts of a connection URI.
#include "engine/base/uri.h"
#include "schemas/function.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct UriParts {
  std::string scheme;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::string host;
  std::optional<int> port;
  std::optional<std::string> db_name;
  std::map<std::string, std::string> options;
  static Table<UriParts> Attributes();
};

Table<UriParts> UriParts::Attributes() {
  using U = UriParts;
  return Nested<U>()
      .Add("scheme", &U::scheme, Computed, "`postgresql`, as a rule.")
      .Add("username", &U::username, Computed, "Null when the URI has none.")
      .Add("password", &U::password, Computed, "Null when the URI has none.")
      .Add("host", &U::host, Computed, "Name or address; an IPv6 address without brackets.")
      .Add("port", &U::port, Computed, "Null when the URI has none.")
      .Add("db_name", &U::db_name, Computed, "Null when the URI has none.")
      .Add("options", &U::options, Computed, "What follows the question mark.");
}

Result<UriParts> Parse(const std::string& text) {
  auto uri = ParseUri(text);
  // The text stays out of the message: there may be a password in it.
  if (!uri) return Invalid("uri", "is not a connection URI: " + uri.error().summary);
  const auto present = [](std::string part) {
    return part.empty() ? std::nullopt : std::optional(std::move(part));
  };
  return UriParts{.scheme = uri->scheme,
                  .username = present(uri->username),
                  .password = present(uri->password),
                  .host = uri->host,
                  .port = uri->port == 0 ? std::nullopt : std::optional(uri->port),
                  .db_name = present(uri->path),
                  .options = uri->options};
}

}  // namespace

FunctionType ParseUriFunction() {
  return Function("parse_uri", "The parts of a connection URI",
                  "Takes a URI such as `postgresql://app:secret@db1:5432/orders?sslmode=require` "
                  "apart, and unescapes what is in it. Its inverse is `connection_uri`.",
                  {{"uri", "The URI, of one host."}}, Parse);
}

}  // namespace dbaas

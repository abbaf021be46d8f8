// SPDX-License-Identifier: MPL-2.0
//
// URIs of database connections: "postgresql://app:p%40ss@db1:15432/orders?sslmode=require". Called
// by dbms/ and schemas/. Pure. Source: RFC 3986, and for what PostgreSQL's clients accept
// https://www.postgresql.org/docs/17/libpq-connect.html#LIBPQ-CONNSTRING-URIS
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace dbaas {

/// Decoded; what a URI does not have is empty.
struct Uri {
  std::string scheme;
  std::string username;
  std::string password;
  std::string host;  ///< An IPv6 address without its brackets.
  int port = 0;      ///< 0: none.
  std::string path;  ///< Without the first slash: the database.
  std::map<std::string, std::string> options;

  std::string ToText() const;
};

/// One host; kInvalid, without a word of the text itself (it may hold a password), for anything
/// that is not such a URI.
Result<Uri> ParseUri(std::string_view text);

/// "db1:15432", "[::1]:15432", "db1" into `uri`'s host and port; kInvalid otherwise.
Result<void> ParseEndpoint(std::string_view text, Uri& uri);

/// Everything but letters, digits and -._~ as %XX.
std::string PercentEncoded(std::string_view text);

}  // namespace dbaas

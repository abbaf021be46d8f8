// SPDX-License-Identifier: MPL-2.0
#include "engine/base/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace dbaas {
namespace {

constexpr int kLastPort = 65535;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Nothing when a % is not followed by two hexadecimal digits.
std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() != 2 || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

/// What stands before the first `separator`; `text` keeps what comes after it. The whole text when
/// there is none.
std::string_view Take(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return taken;
}

Result<std::string> Part(std::string_view text, const char* what) {
  if (auto decoded = Decoded(text)) return std::move(*decoded);
  return Invalid("", fmt::format("a % in {} is not followed by two hexadecimal digits", what));
}

}  // namespace

std::string PercentEncoded(std::string_view text) {
  std::string encoded;
  for (const char character : text) {
    const bool is_plain = IsLetter(character) || IsDigit(character) ||
                          std::string_view("-._~").find(character) != std::string_view::npos;
    if (is_plain) {
      encoded += character;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  return encoded;
}

Result<void> ParseEndpoint(std::string_view text, Uri& uri) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return Invalid("", "there is no ] after the address");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) {
      return Invalid("", "only a port may follow the address in brackets");
    }
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (host.empty()) return Invalid("", "there is no host");
  uri.host = TRY(Part(host, "the host"));
  if (port.empty()) return Ok();
  port.remove_prefix(1);
  const char* end = port.data() + port.size();
  const auto read = std::from_chars(port.data(), end, uri.port);
  if (read.ec != std::errc() || read.ptr != end || uri.port < 1 || uri.port > kLastPort) {
    return Invalid("", "the port is not a number from 1 to 65535");
  }
  return Ok();
}

Result<Uri> ParseUri(std::string_view text) {
  const auto colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  const bool is_scheme = !scheme.empty() && IsLetter(scheme.front()) &&
                         std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
                         });
  if (colon == std::string_view::npos || !is_scheme) {
    return Invalid("", "it does not begin with a scheme such as postgresql://");
  }
  Uri uri{.scheme = std::string(scheme)};
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  std::string_view before_options = Take(rest, '?');
  while (!rest.empty()) {
    std::string_view value = Take(rest, '&');
    const std::string_view key = Take(value, '=');
    if (key.empty()) return Invalid("", "an option has no name");
    uri.options[TRY(Part(key, "an option"))] = TRY(Part(value, "an option"));
  }
  std::string_view authority = Take(before_options, '/');
  uri.path = TRY(Part(before_options, "the database"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view password = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const std::string_view username = Take(password, ':');
    uri.username = TRY(Part(username, "the username"));
    uri.password = TRY(Part(password, "the password"));
  }
  TRY(ParseEndpoint(authority, uri));
  return uri;
}

std::string Uri::ToText() const {
  std::string text = scheme + "://" + PercentEncoded(username);
  if (!password.empty()) text += ":" + PercentEncoded(password);
  if (!username.empty() || !password.empty()) text += "@";
  text += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != 0) text += fmt::format(":{}", port);
  if (!path.empty()) text += "/" + PercentEncoded(path);
  char separator = path.empty() ? '\0' : '?';
  for (const auto& [key, value] : options) {
    // Without a database the slash still has to stand before the options.
    text += separator == '\0' ? "/?" : std::string(1, separator);
    text += PercentEncoded(key) + "=" + PercentEncoded(value);
    separator = '&';
  }
  return text;
}

}  // namespace dbaas

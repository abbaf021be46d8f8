// SPDX-License-Identifier: MPL-2.0
//
// Short ways to write types and bytes, for the tests of both encodings.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/schema.h"

namespace dbaas {

/// An object type of the members given, as ObjectType() would return it.
inline Type ObjectOf(const std::vector<std::pair<std::string, Type>>& members) {
  std::vector<Attribute> attributes;
  for (const auto& [name, type] : members) {
    Attribute attribute;
    attribute.name = name;
    attribute.type = type;
    attributes.push_back(std::move(attribute));
  }
  return Type::Object(std::move(attributes));
}

/// "82 a161 c0" → bytes; spaces are for the eye.
inline std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(digit(digits[i]) << 4 | digit(digits[i + 1]));
  }
  return bytes;
}

inline std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Diagnostics: errors and warnings with the attribute they belong to, as Terraform shows them.
// Plain data; only provider/to_proto.* turns them into protobuf.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace dbaas {

/// Attribute names, map keys and list indexes from the root of a resource to one value.
struct AttributeStep {
  enum class Kind { kAttribute, kMapKey, kIndex };
  Kind kind = Kind::kAttribute;
  std::string name;        ///< kAttribute, kMapKey
  std::int64_t index = 0;  ///< kIndex
  friend bool operator==(const AttributeStep&, const AttributeStep&) = default;
};
using AttributePath = std::vector<AttributeStep>;

// The path one step further down.
AttributePath Attr(AttributePath path, const std::string& name);
AttributePath Key(AttributePath path, const std::string& key);
/// A member of an object that is the value of an attribute. It is a key too: Terraform finds the
/// source line of such a member by key alone; by name it would point at the whole resource.
inline AttributePath Member(AttributePath path, const std::string& name) {
  return Key(std::move(path), name);
}
AttributePath Index(AttributePath path, std::int64_t index);
/// As people write it: `parameters["work_mem"]`, `host[0].docker.endpoint`.
std::string ToText(const AttributePath& path);

struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string summary;
  std::string detail;
  AttributePath path;  ///< Empty: the resource as a whole.
};
using Diagnostics = std::vector<Diagnostic>;

bool HasErrors(const Diagnostics& diagnostics);
Diagnostic ErrorAt(AttributePath path, std::string summary, std::string detail = {});
Diagnostic WarningAt(AttributePath path, std::string summary, std::string detail = {});

}  // namespace dbaas

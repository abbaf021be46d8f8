// SPDX-License-Identifier: MPL-2.0
#include "schemas/diagnostic.h"

#include <algorithm>

namespace dbaas {
namespace {

AttributePath Then(AttributePath path, AttributeStep step) {
  path.push_back(std::move(step));
  return path;
}

Diagnostic Make(Diagnostic::Severity severity, AttributePath path, std::string summary,
                std::string detail) {
  return {.severity = severity,
          .summary = std::move(summary),
          .detail = std::move(detail),
          .path = std::move(path)};
}

}  // namespace

AttributePath Attr(AttributePath path, const std::string& name) {
  return Then(std::move(path), {.kind = AttributeStep::Kind::kAttribute, .name = name});
}

AttributePath Key(AttributePath path, const std::string& key) {
  return Then(std::move(path), {.kind = AttributeStep::Kind::kMapKey, .name = key});
}

AttributePath Index(AttributePath path, std::int64_t index) {
  return Then(std::move(path), {.kind = AttributeStep::Kind::kIndex, .index = index});
}

std::string ToText(const AttributePath& path) {
  std::string text;
  for (const AttributeStep& step : path) {
    switch (step.kind) {
      case AttributeStep::Kind::kAttribute: text += (text.empty() ? "" : ".") + step.name; break;
      case AttributeStep::Kind::kMapKey: text += "[\"" + step.name + "\"]"; break;
      case AttributeStep::Kind::kIndex: text += "[" + std::to_string(step.index) + "]"; break;
    }
  }
  return text;
}

bool HasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Diagnostic::Severity::kError;
  });
}

Diagnostic ErrorAt(AttributePath path, std::string summary, std::string detail) {
  return Make(Diagnostic::Severity::kError, std::move(path), std::move(summary), std::move(detail));
}

Diagnostic WarningAt(AttributePath path, std::string summary, std::string detail) {
  return Make(Diagnostic::Severity::kWarning, std::move(path), std::move(summary),
              std::move(detail));
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "provider/diagnosis.h"

#include <algorithm>

namespace dbaas {
namespace {

/// A sentence with its first letter as it should be. Names, such as work_mem, stay as they are.
std::string Capitalised(std::string text) {
  const std::string word = text.substr(0, text.find(' '));
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(),
                                                  [](char c) { return c >= 'a' && c <= 'z'; });
  if (plain) text.front() -= 'a' - 'A';
  return text;
}

}  // namespace

Diagnostic ToDiagnostic(const Error& error, const Schema& schema) {
  std::string detail = error.detail;
  if (!error.context.empty()) {
    std::string doing;
    for (auto it = error.context.rbegin(); it != error.context.rend(); ++it) {
      doing += (doing.empty() ? "" : ": ") + *it;
    }
    detail += (detail.empty() ? "" : "\n\n") + ("This happened while " + doing + ".");
  }
  if (error.kind == ErrorKind::kInternal) {
    detail += std::string(detail.empty() ? "" : "\n\n") +
              "If nothing else explains it, this is a bug in the provider.";
  }
  return ErrorAt(PathOfField(schema, error.field), Capitalised(error.summary), detail);
}

std::string Sentence(const Error& error) {
  const std::string line = Capitalised(error.ToLine());
  return line.ends_with('.') ? line : line + ".";
}

bool IsUnreachable(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimeout;
}

Error NotConfigured() {
  return Unavailable("the provider is not configured yet",
                     "Its configuration depends on values that are only known after an apply.");
}

bool IsWorthAWarning(const Disruption& disruption) {
  return disruption.level >= DisruptionLevel::kRestart ||
         disruption.data_at_risk != DataAtRisk::kNone;
}

Diagnostic DisruptionWarning(const std::string& cluster, const Disruption& disruption,
                             bool offline) {
  return WarningAt({}, cluster + ": " + disruption.Summary(),
                   "This is what will happen, in this order:\n" + disruption.ToText() +
                       (offline ? "This takes for granted that the host is as the state has it, "
                                  "and that the first member is the primary."
                                : ""));
}

}  // namespace dbaas

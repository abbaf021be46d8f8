// SPDX-License-Identifier: MPL-2.0
#include "engine/base/result.h"

namespace dbaas {

const char* ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return "invalid";
    case ErrorKind::kNotFound: return "not found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kUnavailable: return "unavailable";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kDenied: return "denied";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kInternal: return "internal";
  }
  return "internal";
}

std::string Error::ToLine() const {
  std::string line;
  for (auto doing = context.rbegin(); doing != context.rend(); ++doing) line += *doing + ": ";
  line += summary;
  if (!detail.empty()) line += ": " + detail;
  return line;
}

namespace {
Error Make(ErrorKind kind, std::string summary, std::string detail) {
  Error error;
  error.kind = kind;
  error.summary = std::move(summary);
  error.detail = std::move(detail);
  return error;
}
}  // namespace

Error Invalid(std::string field, std::string summary, std::string detail) {
  return Make(ErrorKind::kInvalid, std::move(summary), std::move(detail)).On(std::move(field));
}
Error NotFound(std::string summary, std::string detail) {
  return Make(ErrorKind::kNotFound, std::move(summary), std::move(detail));
}
Error Conflict(std::string summary, std::string detail) {
  return Make(ErrorKind::kConflict, std::move(summary), std::move(detail));
}
Error Unavailable(std::string summary, std::string detail) {
  return Make(ErrorKind::kUnavailable, std::move(summary), std::move(detail));
}
Error Timeout(std::string summary, std::string detail) {
  return Make(ErrorKind::kTimeout, std::move(summary), std::move(detail));
}
Error Denied(std::string summary, std::string detail) {
  return Make(ErrorKind::kDenied, std::move(summary), std::move(detail));
}
Error Cancelled(std::string summary, std::string detail) {
  return Make(ErrorKind::kCancelled, std::move(summary), std::move(detail));
}
Error Internal(std::string summary, std::string detail) {
  return Make(ErrorKind::kInternal, std::move(summary), std::move(detail));
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace dbaas::kubernetes {
namespace {

// Nobody waits longer for one call; who asks for more gets asked again by whoever called us.
constexpr std::int64_t kLongestWaitSeconds = 30;

/// "kubectl manages .spec.replicas, helm manages .spec.template", or nothing.
std::string OtherManagers(const Json& status) {
  std::string text;
  const Json& causes = GetMember(GetMember(status, "details"), "causes");
  if (!causes.is_array()) return text;
  for (const Json& cause : causes) {
    if (GetString(cause, "reason") != "FieldManagerConflict") continue;
    // conflict with "kubectl-client-side-apply" using apps/v1
    const std::string message = GetString(cause, "message");
    const auto begin = message.find('"');
    const auto end = message.find('"', begin + 1);
    const std::string manager = begin == std::string::npos || end == std::string::npos
                                    ? message
                                    : message.substr(begin + 1, end - begin - 1);
    text += fmt::format("{}{} manages {}", text.empty() ? "" : ", ", manager,
                        GetString(cause, "field", "a field"));
  }
  return text;
}

}  // namespace

std::string OneLine(const std::string& text) {
  std::string line;
  for (const char character : text) {
    if (!std::isspace(static_cast<unsigned char>(character))) {
      line += character;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::optional<Milliseconds> ReadRetryAfter(const std::string& text) {
  if (text.empty() || text.size() > 9 ||
      !std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::min<std::int64_t>(std::stol(text), kLongestWaitSeconds));
}

Error ErrorFromStatus(const Json& status, const std::string& call) {
  const auto code = static_cast<int>(GetInt(status, "code"));
  std::string message = OneLine(GetString(status, "message"));
  if (message.empty()) message = fmt::format("Kubernetes answered {} with status {}", call, code);
  switch (code) {
    case 400:
    case 422: return Invalid("", message);
    case 401:
      return Denied(fmt::format("Kubernetes does not know who we are: {}", message),
                    "Check the user of the kubeconfig's context: its token or certificate may have "
                    "expired.");
    case 403:
      return Denied(message,
                    "Let the user of the kubeconfig's context do this, by a Role and a "
                    "RoleBinding.");
    case 404: return NotFound(message);
    case 409: {
      const std::string others = OtherManagers(status);
      if (others.empty()) return Conflict(message);
      const Json& details = GetMember(status, "details");
      const std::string object =
          fmt::format("{} {}", GetString(details, "kind", "object"), GetString(details, "name"));
      return Conflict(fmt::format("someone else manages fields of {}: {}", OneLine(object), others),
                      message + ".");
    }
    case 410: return Conflict(fmt::format("expired: {}", message));
    case 429:
    case 502:
    case 503:
    case 504: return Unavailable(message);
    default: break;
  }
  // A server that is starting or overloaded says when to come back.
  if (code == 500 && GetMember(GetMember(status, "details"), "retryAfterSeconds").is_number()) {
    return Unavailable(message);
  }
  return Internal(message);
}

Error ErrorFromAnswer(int status, const std::string& body, const std::string& call) {
  Json object = Json::object();
  if (Result<Json> json = ParseJson(body, "the answer"); json.has_value() && json->is_object()) {
    object = *std::move(json);
  } else if (!body.empty() && body.front() != '<' && body.size() < 1000) {
    // Plain text of the server itself, or of a proxy in front of it; HTML is for no one to read.
    object["message"] =
        fmt::format("Kubernetes answered {} with status {}: {}", call, status, OneLine(body));
  }
  object["code"] = status;
  return ErrorFromStatus(object, call);
}

}  // namespace dbaas::kubernetes

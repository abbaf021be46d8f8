// SPDX-License-Identifier: MPL-2.0
//
// What a Kubernetes API server means when it says no: its Status objects as our errors. Called by
// client.cc and exec.cc. Pure.
//
//   if (response.status >= 400) return ErrorFromAnswer(response.status, response.body, "GET /api");
//
// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
#pragma once

#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/result.h"

namespace dbaas::kubernetes {

/// `call` ("GET /api/v1/pods") is for answers that say nothing themselves.
Error ErrorFromAnswer(int status, const std::string& body, const std::string& call);

/// Of a Status object, as watches and commands bring it in the middle of a stream.
Error ErrorFromStatus(const Json& status, const std::string& call);

/// Seconds, as Kubernetes says them; nothing for anything else.
std::optional<Milliseconds> ReadRetryAfter(const std::string& text);

/// All white space, newlines too, as single spaces.
std::string OneLine(const std::string& text);

}  // namespace dbaas::kubernetes

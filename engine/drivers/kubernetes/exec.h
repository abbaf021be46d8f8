// SPDX-License-Identifier: MPL-2.0
//
// A command in a container, over a WebSocket: its input, outputs and end each on a channel.
// Called by client.cc, which opens the connection.
//
//   return ConverseOverWebSocket(connection, input, "patronictl in orders-1", random);
//
// Errors: kUnavailable when the connection or the container goes away in the middle, kTimeout when
// nothing at all comes for ten minutes, what the server said otherwise. A command that ran and
// failed is a value.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (exec),
// and for the channels k8s.io/apimachinery/pkg/util/remotecommand (v5.channel.k8s.io).
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/random.h"
#include "engine/drivers/driver.h"
#include "engine/drivers/kubernetes/http.h"

namespace dbaas::kubernetes {

inline constexpr char kChannelsV5[] = "v5.channel.k8s.io";
inline constexpr char kChannelsV4[] = "v4.channel.k8s.io";

/// Sends `input` and its end, unless it is empty: then the command was asked for without input.
/// `what` names the command in errors.
Result<ExecResult> ConverseOverWebSocket(Connection& connection, std::string_view input,
                                         const std::string& what, Random& random);

/// What the channel of the end says: an exit code, or why there is none.
Result<int> ReadExitCode(const Json& status, const std::string& what);

}  // namespace dbaas::kubernetes

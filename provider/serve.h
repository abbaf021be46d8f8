// SPDX-License-Identifier: MPL-2.0
//
// The life of the process: listen on a socket, say where, serve, and go without a trace.
// Called by main.cc, once, from the first thread.
#pragma once

#include "provider/handshake.h"
#include "provider/lifecycle.h"

namespace dbaas {

// Both answer by `lifecycle`, which must stay as long as the process.

/// As Terraform starts it: mutual TLS with the one certificate that Terraform gave, one line on
/// stdout and nothing after it. Returns the exit code if it could not begin to serve, and does not
/// return otherwise.
int ServeTerraform(const Environment& environment, Lifecycle& lifecycle);

/// For debuggers: prints how to let Terraform use this very process, and runs until Ctrl-C. No TLS;
/// the socket is for this user alone.
int ServeDebug(const Environment& environment, Lifecycle& lifecycle);

}  // namespace dbaas

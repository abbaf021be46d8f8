// SPDX-License-Identifier: MPL-2.0
//
// Webhook: posts what a watcher saw and did to a URL, as JSON, signed. The headers are those of the
// Standard Webhooks specification, so that receivers find a library in their language:
// https://github.com/standard-webhooks/standard-webhooks. Called by Engine::Watch and OwnWebhooks
// through an Outbox, which comes again. Docs: docs/watch.md.
//
// Threading: any; each call has a connection of its own. Errors: kUnavailable when nobody answers
// within seconds, or says that later may be better; kInvalid when the receiver refuses. None tells
// the URL, which may hold a secret.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/model/watch_report.h"

namespace dbaas {

struct WebhookOptions {
  Secret<std::string> url;     ///< "https://..."; empty: there is no webhook.
  Secret<std::string> secret;  ///< As it is, or base64 after "whsec_"; empty: nothing is signed.
};

/// The headers that identify and sign one body, "name: value": webhook-id (equal for equal bodies,
/// so that one that came twice is known), webhook-timestamp (seconds; what is old was recorded and
/// is played again), webhook-signature.
std::vector<std::string> SignatureHeaders(const Secret<std::string>& secret, TimePoint now,
                                          const std::string& body);

/// Posts it once.
Result<void> Post(const WebhookOptions& webhook, Clock& clock, const WatchReport& report);

}  // namespace dbaas

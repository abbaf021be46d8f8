// SPDX-License-Identifier: MPL-2.0
//
// Credentials: what each call proves with who it is from, had anew before it expires and after the
// server refused it. Called by client.cc.
//
//   const Credential credential = TRY(credentials.Current());
//   ... the server says 401 ...
//   if (credentials.Refused(credential)) again with credentials.Current();
//
// Threading: thread-safe; while one thread waits for a plugin, the others wait for that thread.
// Errors: kDenied with what the plugin or the file said; never with the credential.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/ and
// https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/drivers/kubernetes/http.h"
#include "engine/drivers/kubernetes/kubeconfig.h"

namespace dbaas::kubernetes {

class Credentials {
 public:
  /// `access` outlives this.
  Credentials(const Access& access, Clock& clock) : access_(access), clock_(clock) {}

  Result<Credential> Current();
  /// Whether there can be another one: of a file or of a plugin. Current() then has it.
  bool Refused(const Credential& credential);

 private:
  bool ComesFromPlugin() const;
  Result<Credential> ReadTokenFile() const;
  Result<Credential> RunPlugin();

  const Access& access_;
  Clock& clock_;
  std::mutex mutex_;
  std::optional<Credential> credential_;
  std::optional<TimePoint> good_until_;  ///< None: until it is refused.
  int generation_ = 0;
};

/// What a plugin printed. `good_until` is set when it says so.
Result<Credential> ReadExecCredential(const std::string& text, const std::string& api_version,
                                      std::optional<TimePoint>& good_until);

/// RFC 3339 with any offset: "2026-11-21T03:42:00-08:00".
std::optional<TimePoint> ReadTime(const std::string& text);

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/drivers/kubernetes/answer.h"
#include "engine/drivers/kubernetes/run_program.h"

namespace dbaas::kubernetes {
namespace {

// The kubelet replaces a pod's token when 80% of its time is over, at least two minutes early.
constexpr Milliseconds kFileIsFresh = std::chrono::minutes(1);
// A credential that expires on the way to the server is no good.
constexpr Milliseconds kBeforeExpiry = std::chrono::seconds(10);
// A plugin may ask somebody in the cloud who asks somebody else.
constexpr Milliseconds kPluginTimeout = std::chrono::seconds(60);
constexpr std::size_t kSaidAtMost = 300;

/// Without white space around it: a file ends with a newline, and a header must not hold one.
Credential Bearer(const std::string& token) {
  static constexpr char kSpace[] = " \t\r\n";
  const auto begin = std::min(token.find_first_not_of(kSpace), token.size());
  const auto end = token.find_last_not_of(kSpace) + 1;
  return {.authorization = Secret<std::string>("Bearer " + token.substr(begin, end - begin))};
}

}  // namespace

std::optional<TimePoint> ReadTime(const std::string& text) {
  std::tm time{};
  int read = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d%n", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &time.tm_sec, &read) != 6) {
    return std::nullopt;
  }
  auto zone = static_cast<std::size_t>(read);
  if (zone < text.size() && text[zone] == '.')
    zone = text.find_first_not_of("0123456789", zone + 1);
  if (zone >= text.size()) return std::nullopt;
  int offset_minutes = 0;
  if (text[zone] == '+' || text[zone] == '-') {
    int hours = 0;
    int minutes = 0;
    if (std::sscanf(text.c_str() + zone + 1, "%2d:%2d", &hours, &minutes) != 2) return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (text[zone] == '-' ? -1 : 1);
  } else if (text[zone] != 'Z' && text[zone] != 'z') {
    return std::nullopt;
  }
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return TimePoint(std::chrono::seconds(timegm(&time)) - std::chrono::minutes(offset_minutes));
}

Result<Credential> ReadExecCredential(const std::string& text, const std::string& api_version,
                                      std::optional<TimePoint>& good_until) {
  // What does not parse is not shown: it may be half a token.
  const Result<Json> json = ParseJson(text, "what it printed");
  if (!json.has_value() || GetString(*json, "kind") != "ExecCredential") {
    return Denied("it printed something other than an ExecCredential");
  }
  if (GetString(*json, "apiVersion") != api_version) {
    return Denied(fmt::format("it printed apiVersion {}, and the kubeconfig says {}",
                              GetString(*json, "apiVersion"), api_version));
  }
  const Json& status = GetMember(*json, "status");
  Credential credential;
  if (const std::string token = GetString(status, "token"); !token.empty()) {
    credential = Bearer(token);
  }
  credential.certificate = GetString(status, "clientCertificateData");
  credential.key = Secret<std::string>(GetString(status, "clientKeyData"));
  if (credential.certificate.empty() != credential.key.Reveal().empty()) {
    return Denied("it printed a certificate without its key, or a key without its certificate");
  }
  if (credential.certificate.empty() && credential.authorization.Reveal().empty()) {
    return Denied("it printed neither a token nor a certificate");
  }
  good_until = ReadTime(GetString(status, "expirationTimestamp"));
  return credential;
}

bool Credentials::ComesFromPlugin() const {
  return access_.exec.has_value() && access_.token_file.empty() && access_.token.Reveal().empty() &&
         access_.username.empty();
}

Result<Credential> Credentials::ReadTokenFile() const {
  std::ifstream file(access_.token_file);
  const std::string token{std::istreambuf_iterator<char>(file), {}};
  if (token.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Denied(fmt::format("no token could be read from {}", access_.token_file));
  }
  return Bearer(token);
}

Result<Credential> Credentials::RunPlugin() {
  const ExecPlugin& plugin = *access_.exec;
  Json spec = {{"interactive", false}};
  if (plugin.provide_cluster_info) {
    Json cluster = {{"server", access_.server}};
    if (!access_.tls_server_name.empty()) cluster["tls-server-name"] = access_.tls_server_name;
    if (!access_.proxy.empty()) cluster["proxy-url"] = access_.proxy;
    if (!access_.authority.empty()) {
      cluster["certificate-authority-data"] = Base64(access_.authority);
    }
    spec["cluster"] = std::move(cluster);
  }
  std::map<std::string, std::string> variables = plugin.environment;
  variables["KUBERNETES_EXEC_INFO"] = Dump(
      {{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
  std::vector<std::string> argv = {plugin.command};
  argv.insert(argv.end(), plugin.arguments.begin(), plugin.arguments.end());
  const std::string doing = fmt::format("asking {} for a credential", plugin.command);
  Result<ProgramOutput> output = RunProgram(argv, variables, kPluginTimeout);
  if (!output.has_value()) {
    Error error = Denied(output.error().summary, OneLine(plugin.install_hint));
    return std::move(error).In(doing);
  }
  if (output->exit_code != 0) {
    return Denied(fmt::format("it failed with exit code {}", output->exit_code),
                  OneLine(output->errors).substr(0, kSaidAtMost))
        .In(doing);
  }
  Credential credential =
      TRY_IN(ReadExecCredential(output->output, plugin.api_version, good_until_), doing);
  if (good_until_) *good_until_ -= kBeforeExpiry;
  return credential;
}

Result<Credential> Credentials::Current() {
  const std::lock_guard lock(mutex_);
  if (credential_ && (!good_until_ || clock_.Now() < *good_until_)) return *credential_;
  good_until_.reset();
  Credential credential;
  if (!access_.token_file.empty()) {
    Result<Credential> read = ReadTokenFile();
    // The last one that could be read is better than none, and the one of the kubeconfig too.
    if (read.has_value())
      credential = *std::move(read);
    else if (credential_)
      credential = *credential_;
    else if (!access_.token.Reveal().empty())
      credential = Bearer(access_.token.Reveal());
    else
      return read.error();
    good_until_ = clock_.Now() + kFileIsFresh;
  } else if (!access_.token.Reveal().empty()) {
    credential = Bearer(access_.token.Reveal());
  } else if (!access_.username.empty()) {
    credential.authorization =
        Secret<std::string>("Basic " + Base64(access_.username + ":" + access_.password.Reveal()));
  } else if (ComesFromPlugin()) {
    credential = TRY(RunPlugin());
  }
  if (credential.certificate.empty()) {
    credential.certificate = access_.client_certificate;
    credential.key = access_.client_key;
  }
  credential.generation = ++generation_;
  credential_ = credential;
  return credential;
}

bool Credentials::Refused(const Credential& credential) {
  if (access_.token_file.empty() && !ComesFromPlugin()) return false;
  const std::lock_guard lock(mutex_);
  // Another thread may have had it anew meanwhile.
  if (credential_ && credential_->generation == credential.generation) credential_.reset();
  return true;
}

}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/hash.h"
#include "engine/base/uri.h"
#include "engine/drivers/kubernetes/answer.h"
#include "engine/drivers/kubernetes/credentials.h"
#include "engine/drivers/kubernetes/exec.h"
#include "engine/drivers/kubernetes/http.h"
#include "engine/drivers/kubernetes/web_socket.h"

namespace dbaas::kubernetes {
namespace {

constexpr char kJsonType[] = "application/json";
// JSON is YAML, and the server takes it for what it is.
constexpr char kApplyType[] = "application/apply-patch+yaml";
constexpr char kMergePatchType[] = "application/merge-patch+json";
constexpr char kMetadataType[] = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

constexpr int kPageItems = 500;
// A listing that expires this often gets one page for everything: that cannot expire.
constexpr int kPagedListings = 3;
constexpr int kTries = 4;
constexpr Milliseconds kFirstDelay{250};

// The server ends a watch after this long, and we come back. So one that silently died, somewhere
// in between, is noticed soon after.
constexpr int kWatchSeconds = 290;
constexpr Milliseconds kWatchTimeout = std::chrono::seconds(kWatchSeconds + 30);
constexpr int kWatchTries = 6;
constexpr Milliseconds kWatchDelay = std::chrono::seconds(1);
constexpr Milliseconds kLongestWatchDelay = std::chrono::seconds(15);
// One object; etcd takes about 1.5 MB of one.
constexpr std::size_t kMaxEvent = 64 << 20;

bool IsSuccess(int status) { return status >= 200 && status < 300; }

std::string WithQuery(const std::string& path, const std::string& query) {
  if (query.empty()) return path;
  return path + (path.find('?') == std::string::npos ? '?' : '&') + query;
}

std::string SelectorQuery(const std::string& label_selector) {
  return label_selector.empty() ? "" : "labelSelector=" + PercentEncoded(label_selector);
}

std::string Both(const std::string& left, const std::string& right) {
  return left.empty() || right.empty() ? left + right : left + "&" + right;
}

std::string Written(const std::string& path) {
  return WithQuery(path, fmt::format("fieldManager={}", kFieldManager));
}

std::string PodPath(const std::string& namespace_name, const std::string& pod, const char* verb) {
  return fmt::format("/api/v1/namespaces/{}/pods/{}/{}", PercentEncoded(namespace_name),
                     PercentEncoded(pod), verb);
}

/// Half fixed, half random, so that many who were sent away do not come back together.
Milliseconds Spread(Milliseconds delay, Random& random) {
  return delay / 2 + Milliseconds(static_cast<std::int64_t>(
                         random.Fraction() * static_cast<double>(delay.count()) / 2.0));
}

/// "GET /api/v1/pods": without the query, which may be long.
std::string CallText(const std::string& method, const std::string& path) {
  return method + " " + path.substr(0, path.find('?'));
}

/// Whether the same request may be sent again, and after which time.
std::optional<Milliseconds> DelayBeforeNextTry(const HttpRequest& request,
                                               const HttpResponse& response, int attempt,
                                               Random& random) {
  const int status = response.status;
  const std::optional<Milliseconds> asked = ReadRetryAfter(response.retry_after);
  const bool is_refusal = status == 429 || (status == 500 && asked) || status == 503;
  const bool is_gateway = status == 502 || status == 504;
  if (!is_refusal && !is_gateway) return std::nullopt;
  // What a gateway lost may have been done: creating it again would look like a conflict with
  // ourselves. Everything else that we send may be done twice.
  if (request.method == "POST" && status != 429 && !asked) return std::nullopt;
  if (asked) return *asked;
  return Spread(kFirstDelay * (1 << attempt), random);
}

}  // namespace

struct KubernetesClient::Impl {
  Impl(Access given, std::string name, Clock& given_clock, Random& given_random)
      : access(std::move(given)),
        host_name(std::move(name)),
        clock(given_clock),
        random(given_random),
        http(access),
        credentials(access, clock) {}

  /// Sends it, again after a 401 that a new credential may mend, and again when the server asks to
  /// come back later. What comes out of a 2xx is a response, everything else an error.
  template <typename Send>
  Result<HttpResponse> Persevere(HttpRequest request, Send send) {
    bool was_refused = false;
    for (int attempt = 0;; ++attempt) {
      request.credential = TRY(credentials.Current());
      ++calls;
      HttpResponse response = TRY(send(request));
      if (IsSuccess(response.status) || response.status == 101) return response;
      if (response.status == 401 && !was_refused && credentials.Refused(request.credential)) {
        was_refused = true;
        continue;
      }
      const auto delay = DelayBeforeNextTry(request, response, attempt, random);
      if (delay && attempt + 1 < kTries && clock.SleepFor(*delay, request.stop)) continue;
      if (request.stop.stop_requested()) return Cancelled("stopped while waiting for Kubernetes");
      Error error =
          ErrorFromAnswer(response.status, response.body, CallText(request.method, request.path));
      // It asked us to come back: so it can, whatever the number.
      if (delay) error.kind = ErrorKind::kUnavailable;
      return error;
    }
  }

  Result<HttpResponse> Perform(HttpRequest request) {
    request.timeout = kCallTimeout;
    return Persevere(std::move(request),
                     [this](const HttpRequest& ready) { return http.Perform(ready); });
  }

  Result<Json> Call(HttpRequest request) {
    const std::string what = CallText(request.method, request.path);
    const HttpResponse response = TRY(Perform(std::move(request)));
    return ParseJson(response.body, fmt::format("the answer of Kubernetes to {}", what));
  }

  Result<Json> Write(const char* method, const std::string& path, const Json& body,
                     const char* content_type) {
    return Call({.method = method, .path = path, .body = Dump(body), .content_type = content_type});
  }

  const Access access;
  const std::string host_name;
  Clock& clock;
  Random& random;
  std::atomic<std::int64_t> calls = 0;
  HttpClient http;
  Credentials credentials;
};

namespace {

/// The events of one watch as they come in, one JSON object a line.
class WatchReader {
 public:
  WatchReader(std::string& resource_version, const std::function<void(const Json&)>& on_event)
      : resource_version_(resource_version), on_event_(on_event) {}

  /// False when there is nothing more to expect.
  bool Take(std::string_view part) {
    while (!part.empty()) {
      const auto end = part.find('\n');
      line_ += part.substr(0, end);
      if (end == std::string_view::npos) return line_.size() < kMaxEvent;
      part.remove_prefix(end + 1);
      if (!TakeLine(std::exchange(line_, {}))) return false;
    }
    return true;
  }

  bool has_progress() const { return has_progress_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  bool TakeLine(const std::string& line) {
    if (line.find_first_not_of(" \r\t") == std::string::npos) return true;
    const Result<Json> event = ParseJson(line, "an event of Kubernetes");
    // Half a line, of a connection that broke: what it said comes again.
    if (!event.has_value()) return false;
    const std::string type = GetString(*event, "type");
    const Json& object = GetMember(*event, "object");
    if (type == "ERROR") {
      error_ = ErrorFromStatus(object, "a watch");
      return false;
    }
    has_progress_ = true;
    const bool is_news = type == "ADDED" || type == "MODIFIED" || type == "DELETED";
    if (is_news) on_event_(*event);
    const std::string version = GetString(GetMember(object, "metadata"), "resourceVersion");
    if (!version.empty()) resource_version_ = version;
    return true;
  }

  std::string& resource_version_;
  const std::function<void(const Json&)>& on_event_;
  std::string line_;
  bool has_progress_ = false;
  std::optional<Error> error_;
};

}  // namespace

KubernetesClient::KubernetesClient(Access access, std::string host_name, Clock& clock,
                                   Random& random)
    : impl_(std::make_unique<Impl>(std::move(access), std::move(host_name), clock, random)) {}

KubernetesClient::~KubernetesClient() = default;

Result<Json> KubernetesClient::Get(const std::string& path) { return impl_->Call({.path = path}); }

Result<Json> KubernetesClient::List(const std::string& path, const std::string& label_selector,
                                    Part part) {
  const std::string selector = SelectorQuery(label_selector);
  for (int listing = 0;; ++listing) {
    const bool is_paged = listing < kPagedListings;
    Json items = Json::array();
    std::string next;
    bool has_expired = false;
    while (true) {
      std::string query = selector;
      if (is_paged) query = Both(query, fmt::format("limit={}", kPageItems));
      if (!next.empty()) query = Both(query, "continue=" + PercentEncoded(next));
      HttpRequest request{.path = WithQuery(path, query)};
      if (part == Part::kMetadata) request.accept = kMetadataType;
      Result<Json> page = impl_->Call(std::move(request));
      if (!page.has_value()) {
        has_expired = page.error().kind == ErrorKind::kConflict && is_paged;
        if (has_expired) break;
        return page;
      }
      if (Json& some = (*page)["items"]; some.is_array()) {
        for (Json& item : some) items.push_back(std::move(item));
      }
      next = GetString(GetMember(*page, "metadata"), "continue");
      if (!next.empty()) continue;
      (*page)["items"] = std::move(items);
      return page;
    }
  }
}

Result<Json> KubernetesClient::Apply(const std::string& path, const Json& object, bool force) {
  return impl_->Write("PATCH", Written(path) + (force ? "&force=true" : "&force=false"), object,
                      kApplyType);
}

Result<Json> KubernetesClient::Create(const std::string& collection, const Json& object) {
  return impl_->Write("POST", Written(collection), object, kJsonType);
}

Result<Json> KubernetesClient::Replace(const std::string& path, const Json& object) {
  return impl_->Write("PUT", Written(path), object, kJsonType);
}

Result<Json> KubernetesClient::MergePatch(const std::string& path, const Json& patch) {
  return impl_->Write("PATCH", Written(path), patch, kMergePatchType);
}

Result<bool> KubernetesClient::Delete(const std::string& path, const Json& options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (options.is_object()) body.update(options);
  const Result<HttpResponse> response = impl_->Perform(
      {.method = "DELETE", .path = path, .body = Dump(body), .content_type = kJsonType});
  if (response.has_value()) return true;
  if (response.error().kind == ErrorKind::kNotFound) return false;
  return response.error();
}

Error KubernetesClient::Watch(const std::string& path, const std::string& label_selector,
                              std::string resource_version,
                              const std::function<void(const Json& event)>& on_event,
                              std::stop_token stop) {
  const auto stopped = [] { return Cancelled("stopped while watching Kubernetes"); };
  bool was_refused = false;
  for (int failures = 0;;) {
    if (stop.stop_requested()) return stopped();
    WatchReader reader(resource_version, on_event);
    HttpRequest request{.timeout = kWatchTimeout, .stop = stop};
    request.path =
        WithQuery(path, Both(SelectorQuery(label_selector),
                             fmt::format("watch=true&allowWatchBookmarks=true&timeoutSeconds={}&"
                                         "resourceVersion={}",
                                         kWatchSeconds, PercentEncoded(resource_version))));
    request.sink = [&reader](std::string_view part) { return reader.Take(part); };
    Result<Credential> credential = impl_->credentials.Current();
    if (!credential.has_value()) return credential.error();
    request.credential = *std::move(credential);
    ++impl_->calls;
    const Result<HttpResponse> response = impl_->http.Perform(request);
    if (stop.stop_requested()) return stopped();

    std::optional<Error> error = reader.error();
    std::optional<Milliseconds> asked;
    const bool is_answer = response.has_value() && IsSuccess(response->status);
    if (!response.has_value()) {
      error = response.error();
    } else if (!is_answer) {
      if (response->status == 401 && !was_refused &&
          impl_->credentials.Refused(request.credential)) {
        was_refused = true;
        continue;
      }
      error = ErrorFromAnswer(response->status, response->body, CallText("GET", request.path));
      asked = ReadRetryAfter(response->retry_after);
      if (asked && response->status >= 429) error->kind = ErrorKind::kUnavailable;
    }
    // A broken connection after news is as good as one that the server ended.
    if (is_answer || reader.has_progress()) was_refused = false;
    if (reader.has_progress()) failures = 0;
    if (error && error->kind != ErrorKind::kUnavailable) return *error;
    if (error && ++failures >= kWatchTries) return *error;
    // Coming back at once after news; otherwise slowly, so that a server that ends every watch is
    // not asked a thousand times a second.
    if (reader.has_progress() && !error) continue;
    const Milliseconds delay =
        std::min(kLongestWatchDelay, kWatchDelay * (1 << std::max(failures - 1, 0)));
    if (!impl_->clock.SleepFor(asked ? *asked : Spread(delay, impl_->random), stop)) {
      return stopped();
    }
  }
}

Result<ExecResult> KubernetesClient::Exec(const std::string& namespace_name, const std::string& pod,
                                          const std::string& container,
                                          const std::vector<std::string>& argv,
                                          const std::string& input) {
  const std::string what =
      fmt::format("{} in {}", argv.empty() ? std::string("a command") : argv.front(), pod);
  std::string query = fmt::format("container={}&stdout=true&stderr=true{}",
                                  PercentEncoded(container), input.empty() ? "" : "&stdin=true");
  for (const std::string& word : argv) query += "&command=" + PercentEncoded(word);

  std::string nonce;
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t number = impl_->random.Next();
    for (int shift = 0; shift < 64; shift += 8) nonce += static_cast<char>(number >> shift & 0xff);
  }
  const std::string key = Base64(nonce);
  HttpRequest request{.path = WithQuery(PodPath(namespace_name, pod, "exec"), query),
                      .timeout = kCallTimeout};
  request.headers = {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " + key,
                     fmt::format("Sec-WebSocket-Protocol: {}, {}", kChannelsV5, kChannelsV4)};
  Connection connection;
  const HttpResponse response =
      TRY(impl_->Persevere(std::move(request), [this, &connection](const HttpRequest& ready) {
        return impl_->http.Upgrade(ready, connection);
      }));
  if (response.status != 101 || response.web_socket_accept != WebSocketAccept(key)) {
    return Internal(fmt::format("Kubernetes at {} did not switch to WebSocket for {}",
                                impl_->access.server, what),
                    "Something in between, such as a proxy, may not let it.");
  }
  const bool is_v5 = response.web_socket_protocol == kChannelsV5;
  if (!is_v5 && response.web_socket_protocol != kChannelsV4) {
    return Internal(fmt::format("Kubernetes chose the unknown subprotocol '{}' for {}",
                                response.web_socket_protocol, what));
  }
  if (!is_v5 && !input.empty()) {
    return Invalid(
        "",
        fmt::format("Kubernetes at {} is too old to give {} its input", impl_->access.server, what),
        "The end of the input can be told from version 1.30 on.");
  }
  return ConverseOverWebSocket(connection, input, what, impl_->random);
}

Result<std::string> KubernetesClient::Logs(const std::string& namespace_name,
                                           const std::string& pod, const std::string& container,
                                           int lines) {
  HttpRequest request;
  request.path = WithQuery(
      PodPath(namespace_name, pod, "log"),
      fmt::format("container={}&tailLines={}", PercentEncoded(container), std::max(lines, 0)));
  HttpResponse response = TRY(impl_->Perform(std::move(request)));
  return std::move(response.body);
}

const Access& KubernetesClient::access() const { return impl_->access; }
const std::string& KubernetesClient::host_name() const { return impl_->host_name; }
std::int64_t KubernetesClient::calls() const { return impl_->calls; }

}  // namespace dbaas::kubernetes

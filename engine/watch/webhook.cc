// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/webhook.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "engine/base/hash.h"

namespace dbaas {
namespace {

constexpr long kConnectTimeoutMs = 3000;
constexpr long kTimeoutMs = 5000;
constexpr std::string_view kEncodedSecret = "whsec_";

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What the receiver says beyond its status is nobody's business.
std::size_t Discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

std::string KeyOf(const Secret<std::string>& secret) {
  const std::string& text = secret.Reveal();
  if (!text.starts_with(kEncodedSecret)) return text;
  return DecodeBase64(std::string_view(text).substr(kEncodedSecret.size()));
}

Result<void> Judge(long status) {
  if (status >= 200 && status < 300) return Ok();
  const std::string answer = fmt::format("the webhook answered {}", status);
  if (status == 408 || status == 429 || status >= 500) return Unavailable(answer);
  return Invalid("webhook", answer);
}

}  // namespace

std::vector<std::string> SignatureHeaders(const Secret<std::string>& secret, TimePoint now,
                                          const std::string& body) {
  const std::string id = "msg_" + Sha256Hex(body).substr(0, 32);
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::vector<std::string> headers = {"webhook-id: " + id,
                                      fmt::format("webhook-timestamp: {}", seconds)};
  if (!secret.Reveal().empty()) {
    const std::string mac = HmacSha256(KeyOf(secret), fmt::format("{}.{}.{}", id, seconds, body));
    headers.push_back("webhook-signature: v1," + Base64(mac));
  }
  return headers;
}

Result<void> Post(const WebhookOptions& webhook, Clock& clock, const WatchReport& report) {
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  if (!handle) return Internal("libcurl gave no handle");
  const std::string body = Dump(ToJson(report));
  std::unique_ptr<curl_slist, FreeList> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  for (const std::string& header : SignatureHeaders(webhook.secret, clock.Now(), body)) {
    curl_slist_append(headers.get(), header.c_str());
  }
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "dbaas");
  curl_easy_setopt(curl, CURLOPT_URL, webhook.url.Reveal().c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Discard);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return Unavailable(fmt::format("the webhook does not answer: {}", curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return Judge(status);
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// HTTP to one Docker engine, by libcurl: requests whose answers may be streamed, and connections
// that the engine hands over raw ("hijacked") for a command's input and output. Called by client.*,
// which knows what the answers mean.
//
//   HttpClient http(endpoint);
//   HttpResponse response = TRY(http.Perform({.method = "GET", .path = "/_ping"}));
//
// Connections are kept: an easy handle owns one, and handles go back to a pool.
// Threading: HttpClient is thread-safe; each call has a handle of its own while it runs. A
// RawConnection belongs to one thread.
// Errors: only of transport. kUnavailable when nobody answers (in time), kDenied when the socket
// may not be opened or a certificate is refused, kTimeout when a raw exchange takes too long,
// kCancelled when a request is stopped; any HTTP status is a response. Sources:
// https://curl.se/libcurl/c/, RFC 9110.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/docker/endpoint.h"

struct ssl_st;  // OpenSSL's SSL.

namespace dbaas::docker {

/// Receives a part of a body. Returning false ends the transfer.
using BodySink = std::function<bool(std::string_view part)>;

struct HttpRequest {
  std::string method = "GET";
  std::string path;  ///< With the query, escaped.
  std::string body;
  std::string content_type = "application/json";
  Milliseconds timeout = std::chrono::seconds(60);  ///< 0: the answer may go on for ever.
  /// Takes the body of a successful (2xx) answer as it comes, in place of HttpResponse::body. First
  /// it gets an empty part, when the head of the answer is there.
  BodySink sink;
  std::stop_token stop;  ///< Ends the transfer within a second.
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string date;         ///< The engine's clock, in seconds: RFC 9110, 5.6.7.
  std::string path_stat;    ///< X-Docker-Container-Path-Stat, base64.
  std::string api_version;  ///< Api-Version.
};

/// A connection that the engine switched to raw bytes.
class RawConnection {
 public:
  /// Sends `input`, then tells the other side that nothing more will come; gives everything that is
  /// received meanwhile and afterwards to `sink`, until the other side closes.
  Result<void> Exchange(std::string_view input, const BodySink& sink, Milliseconds timeout);

 private:
  friend class HttpClient;
  struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  /// The TLS session below libcurl's handle; null without TLS. Told by OpenSSL during the
  /// handshake.
  struct Tls {
    ssl_st* session = nullptr;
  };
  void EndInput();

  std::unique_ptr<Tls> tls_;  ///< Outlives the handle, which points to it.
  std::unique_ptr<CURL, CloseHandle> handle_;
  std::string received_;  ///< Came in the same packet as the head of the answer.
  std::string endpoint_;  ///< For messages.
};

class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<HttpResponse> Perform(const HttpRequest& request);
  /// Sends the request on a connection of its own and asks to have it. The response has a body, and
  /// `connection` stays empty, when the engine says no.
  Result<HttpResponse> Upgrade(const HttpRequest& request, RawConnection& connection);

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  CURL* TakeHandle();
  void GiveBack(CURL* handle);
  void Configure(CURL* handle) const;
  Error TransportError(CURL* handle, CURLcode code, const char* message) const;

  const Endpoint endpoint_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

/// Percent-encodes everything but unreserved characters (RFC 3986).
std::string UrlEscape(std::string_view text);

}  // namespace dbaas::docker

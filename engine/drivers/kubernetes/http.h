// SPDX-License-Identifier: MPL-2.0
//
// HTTP to one Kubernetes API server, by libcurl: requests whose answers may be streamed, and
// connections that are switched to another protocol. Called by client.* and exec.*, which know
// what the answers mean.
//
//   HttpClient http(access);
//   const HttpResponse response = TRY(http.Perform({.path = "/version"}));
//
// Connections are kept: an easy handle owns one, and handles go back to a pool.
// Threading: HttpClient is thread-safe; each call has a handle of its own while it runs. A
// Connection belongs to one thread.
// Errors: only of transport. kUnavailable when nobody answers (in time), kDenied when a certificate
// is refused, kCancelled when a request is stopped; any HTTP status is a response.
// Sources: https://curl.se/libcurl/c/, RFC 9110.
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
#include "engine/base/secret.h"
#include "engine/drivers/kubernetes/kubeconfig.h"

namespace dbaas::kubernetes {

/// How one call proves who it is from.
struct Credential {
  Secret<std::string> authorization;  ///< Value of the header; empty: none.
  std::string certificate;            ///< PEM; empty: none.
  Secret<std::string> key;
  int generation = 0;  ///< Which one this is, for Credentials::Refused().
};

/// Receives a part of a body. Returning false ends the transfer.
using BodySink = std::function<bool(std::string_view part)>;

struct HttpRequest {
  std::string method = "GET";
  std::string path;  ///< With the query, escaped.
  std::string body;
  std::string content_type;
  std::string accept = "application/json, */*";
  std::vector<std::string> headers;  ///< More of them: "Name: value".
  Credential credential;
  Milliseconds timeout = std::chrono::seconds(60);  ///< 0: the answer may go on for ever.
  BodySink sink;         ///< Takes the body of a successful answer, in place of HttpResponse::body.
  std::stop_token stop;  ///< Ends the transfer at once.
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string retry_after;
  std::string web_socket_accept;
  std::string web_socket_protocol;
};

/// A connection of its own, after the head of the answer. Neither call waits.
class Connection {
 public:
  enum class Outcome { kMoved, kWouldBlock, kEnded };

  /// Sends a beginning of `bytes` and says how much. After kWouldBlock the next call gets the very
  /// same bytes at the same place, as OpenSSL wants it.
  Outcome Send(std::string_view bytes, std::size_t& sent);
  /// Appends to `received`.
  Outcome Receive(std::string& received);
  /// Until something can be received, or also sent; false when nothing could for `patience`.
  bool Wait(bool to_send, Milliseconds patience) const;

 private:
  friend class HttpClient;
  struct CloseHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<CURL, CloseHandle> handle_;
  std::string early_;  ///< Came in the same packet as the head of the answer.
};

class HttpClient {
 public:
  explicit HttpClient(const Access& access);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<HttpResponse> Perform(const HttpRequest& request);
  /// Sends a request without a body on a connection of its own. With 101 `connection` is what the
  /// server switched to; any other answer has its body.
  Result<HttpResponse> Upgrade(const HttpRequest& request, Connection& connection);

 private:
  CURL* TakeHandle();
  void GiveBack(CURL* handle);
  void Configure(CURL* handle, const Credential& credential) const;
  Error TransportError(CURLcode code, const char* message) const;
  Error NoAnswer() const;

  const std::string server_;  ///< As the user wrote it, for messages.
  std::string url_;           ///< What libcurl is told: with the name that TLS is to verify.
  std::string host_;          ///< For the Host header: with the port, if there is one.
  std::string path_;          ///< Comes before every path; mostly empty.
  const std::string authority_;
  const std::string proxy_;
  std::vector<std::string> identity_headers_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> connect_to_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace dbaas::kubernetes

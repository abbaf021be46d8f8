// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/http.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace dbaas::docker {
namespace {

// Enough for the executor's workers; more handles than this are closed when they come back.
constexpr std::size_t kIdleHandles = 16;
constexpr long kConnectTimeoutMs = 10'000;
constexpr std::size_t kMaxHeadBytes = 65536;

void PrepareProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    // OpenSSL writes to sockets without MSG_NOSIGNAL; a peer that went away must be an error code
    // and not the end of the process. Someone else's handler is left alone.
    struct sigaction current {};
    if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
      std::signal(SIGPIPE, SIG_IGN);
    }
  });
}

struct Transfer {
  CURL* handle = nullptr;
  const BodySink* sink = nullptr;
  HttpResponse response;
  bool sink_ended = false;
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view part(data, size * count);
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (*transfer.sink && status >= 200 && status < 300) {
    if ((*transfer.sink)(part)) return part.size();
    transfer.sink_ended = true;
    return 0;
  }
  transfer.response.body += part;
  return part.size();
}

bool EqualsIgnoringCase(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) ==
                  std::tolower(static_cast<unsigned char>(b));
         });
}

void ReadHeader(std::string_view line, HttpResponse& response) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (EqualsIgnoringCase(name, "Date")) response.date = value;
  if (EqualsIgnoringCase(name, "Api-Version")) response.api_version = value;
  if (EqualsIgnoringCase(name, "X-Docker-Container-Path-Stat")) response.path_stat = value;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* context) {
  const std::string_view line(data, size * count);
  ReadHeader(line, static_cast<Transfer*>(context)->response);
  const bool is_end_of_head = line == "\r\n" || line == "\n";
  if (is_end_of_head) OnBody(data, size, 0, context);
  return line.size();
}

/// libcurl asks about once a second, and whenever something comes in; anything but 0 ends it.
int OnProgress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

Milliseconds Now() {
  return std::chrono::duration_cast<Milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

Error NoAnswer(const std::string& endpoint) {
  return Unavailable(
      fmt::format("Docker engine at {} does not answer: it took too long", endpoint));
}

Error Lost(const std::string& endpoint, std::string_view why) {
  return Unavailable(fmt::format("Docker engine at {} closed the connection: {}", endpoint, why));
}

/// Waits until the socket can be read or written; false at the deadline.
bool WaitFor(curl_socket_t socket, short events, Milliseconds deadline) {
  const auto left = deadline - Now();
  if (left.count() <= 0) return false;
  pollfd descriptor{.fd = socket, .events = events, .revents = 0};
  const int ready =
      poll(&descriptor, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
  return ready >= 0 || errno == EINTR;
}

// libcurl has no call for ending the sending half of a TLS connection; OpenSSL has, and tells us
// the session when it is made: context function → info callback → RawConnection::Tls.
int TlsIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void OnTlsProgress(const SSL* session, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_DONE) == 0) return;
  void* const place = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), TlsIndex());
  if (place != nullptr) *static_cast<const SSL**>(place) = session;
}

CURLcode OnTlsContext(CURL*, void* context, void* place) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_ex_data(tls, TlsIndex(), place);
  SSL_CTX_set_info_callback(tls, OnTlsProgress);
  return CURLE_OK;
}

/// The callbacks above are OpenSSL's; with another library below libcurl they would be nonsense.
bool CurlUsesOpenSsl() {
  const char* library = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return library != nullptr && std::string_view(library).starts_with("OpenSSL");
}

curl_socket_t SocketOf(CURL* handle) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

}  // namespace

HttpClient::HttpClient(Endpoint endpoint) : endpoint_(std::move(endpoint)) { PrepareProcess(); }

HttpClient::~HttpClient() {
  for (CURL* handle : idle_) curl_easy_cleanup(handle);
}

CURL* HttpClient::TakeHandle() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      CURL* handle = idle_.back();  // The last one used: its connection is the most likely to live.
      idle_.pop_back();
      return handle;
    }
  }
  return curl_easy_init();
}

void HttpClient::GiveBack(CURL* handle) {
  curl_easy_reset(handle);  // Forgets the options and keeps the connection.
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleHandles) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

void HttpClient::Configure(CURL* handle) const {
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  if (!endpoint_.socket_path.empty()) {
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, endpoint_.socket_path.c_str());
  }
  // A proxy from the environment is for the web, not for an engine on this machine.
  if (endpoint_.IsLocal()) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  if (!endpoint_.url.starts_with("https")) return;
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, endpoint_.verify ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, endpoint_.verify ? 2L : 0L);
  if (endpoint_.verify && !endpoint_.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, endpoint_.ca_file.c_str());
  }
  if (!endpoint_.certificate_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, endpoint_.certificate_file.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, endpoint_.key_file.c_str());
  }
}

Error HttpClient::TransportError(CURL* handle, CURLcode code, const char* message) const {
  long os_error = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &os_error);
  std::string why = message[0] != '\0' ? message : curl_easy_strerror(code);
  // For a socket file libcurl speaks of "localhost port 80"; the system's own word is clearer.
  if (code == CURLE_COULDNT_CONNECT && os_error != 0)
    why = std::strerror(static_cast<int>(os_error));
  const std::string line =
      fmt::format("Docker engine at {} does not answer: {}", endpoint_.text, why);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      if (os_error == EACCES || os_error == EPERM) {
        return Denied(line, "Let this user into the group that owns the socket, usually docker.");
      }
      return Unavailable(line, "Is it running, and is this its endpoint?");
    case CURLE_OPERATION_TIMEDOUT: return NoAnswer(endpoint_.text);
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled("stopped while the Docker engine answered");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return Denied(line, "Check ca.pem, cert.pem and key.pem in cert_path.");
    default: return Unavailable(line);
  }
}

Result<HttpResponse> HttpClient::Perform(const HttpRequest& request) {
  CURL* handle = TakeHandle();
  if (handle == nullptr) return Internal("libcurl gave no handle");
  Configure(handle);
  Transfer transfer{.handle = handle, .sink = &request.sink};
  char message[CURL_ERROR_SIZE] = "";
  const std::string url = endpoint_.url + request.path;
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");  // No round trip before a body.
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  if (request.stop.stop_possible()) {
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &request.stop);
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST" || request.method == "PUT") {
    headers = curl_slist_append(headers, ("Content-Type: " + request.content_type).c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);

  const CURLcode code = curl_easy_perform(handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  if (code != CURLE_OK && !transfer.sink_ended) {
    Error error = TransportError(handle, code, message);
    curl_easy_cleanup(handle);  // Its connection is in an unknown state.
    return error;
  }
  GiveBack(handle);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

Result<HttpResponse> HttpClient::Upgrade(const HttpRequest& request, RawConnection& connection) {
  std::unique_ptr<CURL, RawConnection::CloseHandle> handle(curl_easy_init());
  if (!handle) return Internal("libcurl gave no handle");
  Configure(handle.get());
  char message[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle.get(), CURLOPT_URL, endpoint_.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  auto tls = std::make_unique<RawConnection::Tls>();
  if (endpoint_.url.starts_with("https") && CurlUsesOpenSsl()) {
    curl_easy_setopt(handle.get(), CURLOPT_SSL_CTX_FUNCTION, OnTlsContext);
    curl_easy_setopt(handle.get(), CURLOPT_SSL_CTX_DATA, &tls->session);
  }
  const CURLcode connected = curl_easy_perform(handle.get());
  if (connected != CURLE_OK) return TransportError(handle.get(), connected, message);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);

  const std::string host = endpoint_.url.substr(endpoint_.url.find("://") + 3);
  const std::string head = fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n{}",
      request.method, request.path, host, request.content_type, request.body.size(), request.body);
  const Milliseconds deadline = Now() + request.timeout;
  const curl_socket_t socket = SocketOf(handle.get());

  std::string_view unsent = head;
  while (!unsent.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(handle.get(), unsent.data(), unsent.size(), &sent);
    if (code == CURLE_AGAIN) {
      if (!WaitFor(socket, POLLOUT, deadline)) return NoAnswer(endpoint_.text);
    } else if (code != CURLE_OK) {
      return Lost(endpoint_.text, curl_easy_strerror(code));
    }
    unsent.remove_prefix(sent);
  }

  std::string received;
  char buffer[16 * 1024];
  std::size_t head_end = std::string::npos;
  while ((head_end = received.find("\r\n\r\n")) == std::string::npos) {
    if (received.size() > kMaxHeadBytes) return Lost(endpoint_.text, "its answer has no end");
    std::size_t count = 0;
    const CURLcode code = curl_easy_recv(handle.get(), buffer, sizeof(buffer), &count);
    if (code == CURLE_AGAIN) {
      if (!WaitFor(socket, POLLIN, deadline)) return NoAnswer(endpoint_.text);
    } else if (code != CURLE_OK || count == 0) {
      return Lost(endpoint_.text, "before it answered");
    }
    received.append(buffer, count);
  }

  HttpResponse response;
  const std::string_view all = received;
  std::string_view lines = all.substr(0, head_end);
  const auto first_end = std::min(lines.find("\r\n"), lines.size());
  const std::string status_line(lines.substr(0, first_end));
  if (std::sscanf(status_line.c_str(), "HTTP/1.%*d %d", &response.status) != 1) {
    return Internal("the Docker engine answered with something other than HTTP", status_line);
  }
  lines.remove_prefix(first_end);
  while (!lines.empty()) {
    lines.remove_prefix(2);
    const auto end = std::min(lines.find("\r\n"), lines.size());
    ReadHeader(lines.substr(0, end), response);
    lines.remove_prefix(end);
  }
  received.erase(0, head_end + 4);
  // 200 is how engines answered before they knew the upgrade; the connection is raw all the same.
  if (response.status != 101 && response.status != 200) {
    response.body = std::move(received);  // Short error texts come in one piece with the head.
    return response;
  }
  connection.tls_ = std::move(tls);
  connection.handle_ = std::move(handle);
  connection.received_ = std::move(received);
  connection.endpoint_ = endpoint_.text;
  return response;
}

/// Half closed: the command sees the end of its input, and we its output.
void RawConnection::EndInput() {
  if (tls_ && tls_->session != nullptr) {
    SSL_shutdown(tls_->session);  // Sends "close notify"; reading goes on.
  } else {
    shutdown(SocketOf(handle_.get()), SHUT_WR);
  }
}

Result<void> RawConnection::Exchange(std::string_view input, const BodySink& sink,
                                     Milliseconds timeout) {
  const curl_socket_t socket = SocketOf(handle_.get());
  const Milliseconds deadline = Now() + timeout;
  if (!received_.empty() && !sink(received_)) return Ok();
  bool sending = true;
  char buffer[64 * 1024];
  // Both directions at once: a command may answer before it has read all its input, and would wait
  // for ever on a full pipe if nobody listened.
  while (true) {
    bool moved = false;
    if (sending && input.empty()) {
      EndInput();
      sending = false;
    }
    if (sending) {
      std::size_t sent = 0;
      const CURLcode code = curl_easy_send(handle_.get(), input.data(), input.size(), &sent);
      if (code == CURLE_OK) {
        input.remove_prefix(sent);
        moved = sent > 0;
      } else if (code != CURLE_AGAIN) {
        sending = false;  // The command ended without reading on; its output still counts.
      }
    }
    std::size_t count = 0;
    const CURLcode code = curl_easy_recv(handle_.get(), buffer, sizeof(buffer), &count);
    if (code == CURLE_OK) {
      if (count == 0) return Ok();
      if (!sink({buffer, count})) return Ok();
      moved = true;
    } else if (code != CURLE_AGAIN) {
      return Lost(endpoint_, curl_easy_strerror(code));
    }
    if (moved) continue;
    const short events = sending ? POLLIN | POLLOUT : POLLIN;
    if (!WaitFor(socket, events, deadline)) {
      return Timeout(fmt::format("a command took too long on the Docker engine at {}", endpoint_));
    }
  }
}

std::string UrlEscape(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) || character == '-' || character == '.' || character == '_' ||
        character == '~') {
      escaped += character;
    } else {
      escaped += fmt::format("%{:02X}", byte);
    }
  }
  return escaped;
}

}  // namespace dbaas::docker

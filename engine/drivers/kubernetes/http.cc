// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/http.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

namespace dbaas::kubernetes {
namespace {

// Enough for the executor's workers; more handles than this are closed when they come back.
constexpr std::size_t kIdleHandles = 16;
constexpr long kConnectTimeoutMs = 10'000;
constexpr std::size_t kMaxHeadBytes = 65536;
// A list of 500 objects of a megabyte each, the most that etcd takes of one, is beyond reason.
constexpr std::size_t kMaxBodyBytes = 256 << 20;

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

using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

void Append(Headers& headers, const std::string& line) {
  // The list's head stays the same but for the first line.
  headers.reset(curl_slist_append(headers.release(), line.c_str()));
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
  if (transfer.response.body.size() + part.size() > kMaxBodyBytes) return 0;
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
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) {
    line.remove_suffix(1);
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (EqualsIgnoringCase(name, "Retry-After")) response.retry_after = value;
  if (EqualsIgnoringCase(name, "Sec-WebSocket-Accept")) response.web_socket_accept = value;
  if (EqualsIgnoringCase(name, "Sec-WebSocket-Protocol")) response.web_socket_protocol = value;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* context) {
  const std::string_view line(data, size * count);
  ReadHeader(line, static_cast<Transfer*>(context)->response);
  return line.size();
}

/// curl_easy_perform, but a stop is heard at once and not only when libcurl looks, about once a
/// second. The connection dies with the multi handle: who can be stopped stays long.
CURLcode PerformUntilStopped(CURL* handle, const std::stop_token& stop) {
  const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi(curl_multi_init(), curl_multi_cleanup);
  if (!multi) return CURLE_OUT_OF_MEMORY;
  if (curl_multi_add_handle(multi.get(), handle) != CURLM_OK) return CURLE_FAILED_INIT;
  CURLcode outcome = CURLE_OK;
  {
    const std::stop_callback wake(stop, [&multi] { curl_multi_wakeup(multi.get()); });
    int running = 1;
    while (true) {
      if (stop.stop_requested()) {
        outcome = CURLE_ABORTED_BY_CALLBACK;
        break;
      }
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
        outcome = CURLE_FAILED_INIT;
        break;
      }
      if (running == 0) {
        int left = 0;
        if (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
          outcome = message->data.result;
        }
        break;
      }
      curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
    }
  }
  curl_multi_remove_handle(multi.get(), handle);
  return outcome;
}

/// The numbers of a blob live as long as the text: libcurl makes no copy.
void SetBlob(CURL* handle, CURLoption option, const std::string& text) {
  curl_blob blob{.data = const_cast<char*>(text.data()),  // It is only read.
                 .len = text.size(),
                 .flags = CURL_BLOB_NOCOPY};
  curl_easy_setopt(handle, option, &blob);
}

curl_socket_t SocketOf(CURL* handle) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

/// Length of a body that the server announced; of a chunked or unannounced one, nothing.
std::size_t AnnouncedLength(std::string_view head) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const auto colon = std::min(line.find(':'), line.size());
    if (EqualsIgnoringCase(line.substr(0, colon), "Content-Length")) {
      std::size_t length = 0;
      for (const char character : line.substr(colon)) {
        if (std::isdigit(static_cast<unsigned char>(character)) && length < kMaxHeadBytes) {
          length = length * 10 + static_cast<std::size_t>(character - '0');
        }
      }
      return length;
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return 0;
}

}  // namespace

Connection::Outcome Connection::Send(std::string_view bytes, std::size_t& sent) {
  sent = 0;
  const CURLcode code = curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &sent);
  if (code == CURLE_AGAIN) return Outcome::kWouldBlock;
  return code == CURLE_OK ? Outcome::kMoved : Outcome::kEnded;
}

Connection::Outcome Connection::Receive(std::string& received) {
  if (!early_.empty()) {
    received += std::exchange(early_, {});
    return Outcome::kMoved;
  }
  char buffer[64 * 1024];
  std::size_t count = 0;
  const CURLcode code = curl_easy_recv(handle_.get(), buffer, sizeof(buffer), &count);
  if (code == CURLE_AGAIN) return Outcome::kWouldBlock;
  if (code != CURLE_OK || count == 0) return Outcome::kEnded;
  received.append(buffer, count);
  return Outcome::kMoved;
}

bool Connection::Wait(bool to_send, Milliseconds patience) const {
  pollfd descriptor{.fd = SocketOf(handle_.get()),
                    .events = static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN),
                    .revents = 0};
  const int ready = poll(&descriptor, 1, static_cast<int>(patience.count()));
  return ready > 0 || (ready < 0 && errno == EINTR);
}

HttpClient::HttpClient(const Access& access)
    : server_(access.server),
      authority_(access.authority),
      proxy_(access.proxy),
      connect_to_(nullptr, curl_slist_free_all) {
  PrepareProcess();
  const auto scheme_end = server_.find("://");
  const std::size_t host_at = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const auto path_at = std::min(server_.find('/', host_at), server_.size());
  host_ = server_.substr(host_at, path_at - host_at);
  path_ = server_.substr(path_at);
  url_ = server_.substr(0, path_at);
  if (!access.tls_server_name.empty()) {
    // libcurl verifies the name in the URL, so that has the other name, and the connection goes
    // where the user said.
    const auto port_at = host_.rfind(':');
    const bool has_port = port_at != std::string::npos && host_.find(']', port_at) == host_.npos;
    const std::string name = has_port ? host_.substr(0, port_at) : host_;
    const std::string port = has_port ? host_.substr(port_at + 1) : "443";
    url_ = fmt::format("{}{}:{}", server_.substr(0, host_at), access.tls_server_name, port);
    connect_to_.reset(curl_slist_append(nullptr, fmt::format("::{}:{}", name, port).c_str()));
  }
  if (!access.impersonated_user.empty()) {
    identity_headers_.push_back("Impersonate-User: " + access.impersonated_user);
    for (const std::string& group : access.impersonated_groups) {
      identity_headers_.push_back("Impersonate-Group: " + group);
    }
  }
}

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

void HttpClient::Configure(CURL* handle, const Credential& credential) const {
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  // A watch is silent for minutes; a server that is gone must not go unnoticed for longer.
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, 10L);
  if (!proxy_.empty()) curl_easy_setopt(handle, CURLOPT_PROXY, proxy_.c_str());
  if (connect_to_) curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to_.get());
  if (!url_.starts_with("https")) return;
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!authority_.empty()) {
    SetBlob(handle, CURLOPT_CAINFO_BLOB, authority_);
    // The system's folder of authorities would be believed as well.
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!credential.certificate.empty()) {
    SetBlob(handle, CURLOPT_SSLCERT_BLOB, credential.certificate);
    SetBlob(handle, CURLOPT_SSLKEY_BLOB, credential.key.Reveal());
  }
}

Error HttpClient::NoAnswer() const {
  return Unavailable(fmt::format("Kubernetes at {} does not answer: it took too long", server_));
}

Error HttpClient::TransportError(CURLcode code, const char* message) const {
  const std::string line = fmt::format("Kubernetes at {} does not answer: {}", server_,
                                       message[0] != '\0' ? message : curl_easy_strerror(code));
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unavailable(line, "Is it running, and is this its address?");
    case CURLE_OPERATION_TIMEDOUT: return NoAnswer();
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled("stopped while Kubernetes answered");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return Denied(line, "Check certificate-authority and client-certificate in the kubeconfig.");
    default: return Unavailable(line);
  }
}

Result<HttpResponse> HttpClient::Perform(const HttpRequest& request) {
  CURL* handle = TakeHandle();
  if (handle == nullptr) return Internal("libcurl gave no handle");
  Configure(handle, request.credential);
  Transfer transfer{.handle = handle, .sink = &request.sink};
  char message[CURL_ERROR_SIZE] = "";
  const std::string url = url_ + path_ + request.path;
  Headers headers(nullptr, curl_slist_free_all);
  Append(headers, "Expect:");  // No round trip before a body.
  Append(headers, "Accept: " + request.accept);
  if (connect_to_) Append(headers, "Host: " + host_);
  for (const std::string& header : identity_headers_) Append(headers, header);
  for (const std::string& header : request.headers) Append(headers, header);
  if (!request.credential.authorization.Reveal().empty()) {
    Append(headers, "Authorization: " + request.credential.authorization.Reveal());
  }
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  if (!request.content_type.empty()) {
    Append(headers, "Content-Type: " + request.content_type);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = request.stop.stop_possible() ? PerformUntilStopped(handle, request.stop)
                                                     : curl_easy_perform(handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK && !transfer.sink_ended) {
    Error error = TransportError(code, message);
    curl_easy_cleanup(handle);  // Its connection is in an unknown state.
    return error;
  }
  GiveBack(handle);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

Result<HttpResponse> HttpClient::Upgrade(const HttpRequest& request, Connection& connection) {
  connection.handle_.reset(curl_easy_init());
  CURL* const handle = connection.handle_.get();
  if (handle == nullptr) return Internal("libcurl gave no handle");
  Configure(handle, request.credential);
  char message[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  // A proxy would answer the requests itself; what follows is for the server's eyes.
  curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
  const CURLcode connected = curl_easy_perform(handle);
  if (connected != CURLE_OK) return TransportError(connected, message);
  // The handle outlives this call, its texts do not.
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);

  std::string head =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", request.method, path_, request.path, host_);
  for (const std::string& header : identity_headers_) head += header + "\r\n";
  for (const std::string& header : request.headers) head += header + "\r\n";
  if (!request.credential.authorization.Reveal().empty()) {
    head += "Authorization: " + request.credential.authorization.Reveal() + "\r\n";
  }
  head += "\r\n";
  std::string_view unsent = head;
  while (!unsent.empty()) {
    std::size_t sent = 0;
    switch (connection.Send(unsent, sent)) {
      case Connection::Outcome::kMoved: unsent.remove_prefix(sent); break;
      case Connection::Outcome::kEnded:
        return Unavailable(
            fmt::format("Kubernetes at {} closed the connection before it answered", server_));
      case Connection::Outcome::kWouldBlock:
        if (!connection.Wait(true, request.timeout)) return NoAnswer();
    }
  }

  std::string received;
  HttpResponse response;
  std::size_t body_at = std::string::npos;
  std::size_t body_length = 0;
  while (body_at == std::string::npos || received.size() < body_at + body_length) {
    switch (connection.Receive(received)) {
      case Connection::Outcome::kMoved: break;
      case Connection::Outcome::kEnded:
        if (body_at != std::string::npos)
          body_length = received.size() - body_at;
        else
          return Unavailable(
              fmt::format("Kubernetes at {} closed the connection before it answered", server_));
        break;
      case Connection::Outcome::kWouldBlock:
        if (!connection.Wait(false, request.timeout)) return NoAnswer();
    }
    if (body_at != std::string::npos) continue;
    const auto head_end = received.find("\r\n\r\n");
    if (head_end == std::string::npos) {
      if (received.size() > kMaxHeadBytes) return Internal("the answer's head has no end");
      continue;
    }
    body_at = head_end + 4;
    if (std::sscanf(received.c_str(), "HTTP/1.%*d %d", &response.status) != 1) {
      return Internal(fmt::format("{} answered with something other than HTTP", server_));
    }
    const std::string_view lines = std::string_view(received).substr(0, head_end);
    for (std::size_t at = 0; at < lines.size();) {
      const auto end = std::min(lines.find("\r\n", at), lines.size());
      ReadHeader(lines.substr(at, end - at), response);
      at = end + 2;
    }
    if (response.status != 101) body_length = AnnouncedLength(lines);
  }
  if (response.status == 101) {
    connection.early_ = received.substr(body_at);
  } else {
    response.body = received.substr(body_at, body_length);
  }
  return response;
}

}  // namespace dbaas::kubernetes

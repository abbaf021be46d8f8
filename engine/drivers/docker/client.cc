// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <thread>
#include <utility>

#include "engine/base/hash.h"
#include "engine/drivers/docker/stream.h"

namespace dbaas::docker {
namespace {

// The newest version that this code was read against, and the oldest that it was tried with.
constexpr const char* kNewestVersion = "1.47";
constexpr const char* kOldestVersion = "1.41";

constexpr Milliseconds kPullTimeout = std::chrono::minutes(10);
// Commands end by themselves, each in its own time; the longest is a backup.
constexpr Milliseconds kExecTimeout = std::chrono::hours(25);
constexpr const char* kTarType = "application/x-tar";

Milliseconds SteadyNow() {
  return std::chrono::duration_cast<Milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

std::pair<int, int> VersionNumbers(const std::string& text) {
  int major = 0;
  int minor = 0;
  std::sscanf(text.c_str(), "%d.%d", &major, &minor);
  return {major, minor};
}

bool IsSuccess(int status) { return status >= 200 && status < 400; }

/// Takes apart a stream of JSON objects, one a line. What is no JSON is left out.
class JsonLines {
 public:
  explicit JsonLines(std::function<void(const Json&)> on_object)
      : on_object_(std::move(on_object)) {}

  void Take(std::string_view part) {
    for (const char character : part) {
      if (character == '\n') {
        End();
      } else {
        line_ += character;
      }
    }
  }

  void End() {
    const Result<Json> object = ParseJson(line_, "a line");
    if (object.has_value()) on_object_(*object);
    line_.clear();
  }

 private:
  const std::function<void(const Json&)> on_object_;
  std::string line_;
};

/// Where we reach the engine need not be where its own machine does: a socket may be forwarded from
/// elsewhere. Only without root there is no common place, and then ours is the best guess.
/// Source: https://docs.docker.com/engine/security/rootless/tips/
std::string ControlSocket(const Json& info, const Endpoint& endpoint) {
  const Json& options = GetMember(info, "SecurityOptions");
  const bool is_rootless = options.is_array() && std::find(options.begin(), options.end(),
                                                           "name=rootless") != options.end();
  return is_rootless && !endpoint.socket_path.empty() ? endpoint.socket_path : kDefaultSocket;
}

}  // namespace

Error ErrorFromStatus(int status, const std::string& body) {
  std::string message;
  if (Result<Json> json = ParseJson(body, "the answer"); json.has_value()) {
    message = GetString(*json, "message");
  }
  if (message.empty()) message = fmt::format("the Docker engine answered with status {}", status);
  switch (status) {
    case 400: return Invalid("", message);
    case 401:
    case 403: return Denied(message);
    case 404: return NotFound(message);
    case 409: return Conflict(message);
    case 502:
    case 503:
    case 504: return Unavailable(message);
    default: return Internal(message);
  }
}

std::string LowerVersion(const std::string& left, const std::string& right) {
  return VersionNumbers(left) < VersionNumbers(right) ? left : right;
}

std::optional<TimePoint> ReadHttpDate(const std::string& text) {
  char month_name[4] = "";
  std::tm utc{};
  if (std::sscanf(text.c_str(), "%*3s, %d %3s %d %d:%d:%d GMT", &utc.tm_mday, month_name,
                  &utc.tm_year, &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6) {
    return std::nullopt;
  }
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto month = kMonths.find(month_name);
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  utc.tm_mon = static_cast<int>(month / 3);
  utc.tm_year -= 1900;
  return TimePoint(std::chrono::seconds(timegm(&utc)));
}

std::optional<TimePoint> ReadEngineTime(const std::string& text) {
  // Nanoseconds, without trailing zeros: the fraction is of any length. Whole seconds will do.
  std::tm utc{};
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6) {
    return std::nullopt;
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return TimePoint(std::chrono::seconds(timegm(&utc)));
}

DockerClient::DockerClient(Endpoint endpoint, std::string host_name, Clock& clock)
    : http_(std::move(endpoint)), host_name_(std::move(host_name)), clock_(clock) {}

void DockerClient::NoteEngineTime(const std::string& date) {
  const auto time = ReadHttpDate(date);
  if (!time) return;
  const std::lock_guard lock(mutex_);
  engine_offset_ = time->time_since_epoch() - SteadyNow();
}

TimePoint DockerClient::EngineNow() {
  const std::lock_guard lock(mutex_);
  if (!engine_offset_) return clock_.Now();
  return TimePoint(SteadyNow() + *engine_offset_);
}

Result<std::string> DockerClient::Version() {
  {
    const std::lock_guard lock(mutex_);
    if (!version_.empty()) return version_;
  }
  ++calls_;
  const HttpResponse ping = TRY(http_.Perform({.path = "/_ping"}));
  if (!IsSuccess(ping.status)) {
    Error error = ErrorFromStatus(ping.status, ping.body);
    if (error.kind == ErrorKind::kInternal) error.kind = ErrorKind::kUnavailable;
    return std::move(error).In(fmt::format("asking the Docker engine at {}", endpoint().text));
  }
  NoteEngineTime(ping.date);
  if (ping.api_version.empty()) {
    return Invalid("endpoint", fmt::format("{} is not a Docker engine", endpoint().text),
                   "It answers, but does not say its API version.");
  }
  if (VersionNumbers(ping.api_version) < VersionNumbers(kOldestVersion)) {
    return Invalid("endpoint", fmt::format("the Docker engine at {} is too old", endpoint().text),
                   fmt::format("It speaks API version {}; {} (Docker 20.10) or newer is needed.",
                               ping.api_version, kOldestVersion));
  }
  const std::lock_guard lock(mutex_);
  version_ = LowerVersion(ping.api_version, kNewestVersion);
  return version_;
}

Result<HttpResponse> DockerClient::Perform(HttpRequest request) {
  request.path = fmt::format("/v{}{}", TRY(Version()), request.path);
  ++calls_;
  HttpResponse response = TRY(http_.Perform(request));
  NoteEngineTime(response.date);
  if (!IsSuccess(response.status)) return ErrorFromStatus(response.status, response.body);
  return response;
}

Result<Json> DockerClient::Get(const std::string& path) {
  const HttpResponse response = TRY(Perform({.path = path}));
  return ParseJson(response.body, "the answer of the Docker engine");
}

Result<Json> DockerClient::Post(const std::string& path, const Json& body, Milliseconds timeout) {
  const HttpResponse response = TRY(Perform({.method = "POST",
                                             .path = path,
                                             .body = body.is_null() ? std::string() : Dump(body),
                                             .timeout = timeout}));
  if (response.body.empty()) return Json();
  return ParseJson(response.body, "the answer of the Docker engine");
}

Result<bool> DockerClient::Delete(const std::string& path, Milliseconds timeout) {
  const Result<HttpResponse> response =
      Perform({.method = "DELETE", .path = path, .timeout = timeout});
  if (response.has_value()) return true;
  if (response.error().kind == ErrorKind::kNotFound) return false;
  return response.error();
}

Result<void> DockerClient::PutArchive(const std::string& container, const std::string& folder,
                                      std::string archive, Replace replace) {
  // The content type matters: the engine takes any other body for a form and unpacks nothing.
  TRY(Perform({.method = "PUT",
               .path = fmt::format("/containers/{}/archive?noOverwriteDirNonDir={}&path={}",
                                   UrlEscape(container), replace == Replace::kSameKind ? 1 : 0,
                                   UrlEscape(folder)),
               .body = std::move(archive),
               .content_type = kTarType,
               .timeout = kSlowCallTimeout}));
  return Ok();
}

Result<std::vector<TarEntry>> DockerClient::GetArchive(const std::string& container,
                                                       const std::string& path) {
  const HttpResponse response =
      TRY(Perform({.path = fmt::format("/containers/{}/archive?path={}", UrlEscape(container),
                                       UrlEscape(path))}));
  return ReadTar(response.body);
}

Result<DockerClient::PathStat> DockerClient::StatPath(const std::string& container,
                                                      const std::string& path) {
  const HttpResponse response =
      TRY(Perform({.method = "HEAD",
                   .path = fmt::format("/containers/{}/archive?path={}", UrlEscape(container),
                                       UrlEscape(path))}));
  const Json stat = TRY(ParseJson(DecodeBase64(response.path_stat), "the engine's path stat"));
  return PathStat{.link_target = GetString(stat, "linkTarget")};
}

Result<void> DockerClient::ImportImage(const std::string& repository, const std::string& tag,
                                       std::string archive) {
  TRY(Perform({.method = "POST",
               .path = fmt::format("/images/create?fromSrc=-&repo={}&tag={}", UrlEscape(repository),
                                   UrlEscape(tag)),
               .body = std::move(archive),
               .content_type = kTarType,
               .timeout = kSlowCallTimeout}));
  return Ok();
}

Result<void> DockerClient::Pull(const std::string& image) {
  // The answer is 200 at once and then a stream of JSON objects; a failure is one of them.
  std::string failure;
  JsonLines lines([&failure](const Json& event) { failure = GetString(event, "error", failure); });
  HttpRequest request{.method = "POST", .timeout = kPullTimeout};
  request.path = "/images/create?fromImage=" + UrlEscape(image);
  // Without a tag the engine would pull every one there is.
  const bool has_tag = image.find(':', image.find_last_of('/') + 1) != std::string::npos;
  if (!has_tag && image.find('@') == std::string::npos) request.path += "&tag=latest";
  request.sink = [&lines](std::string_view part) {
    lines.Take(part);
    return true;
  };
  TRY(Perform(std::move(request)));
  lines.End();
  if (!failure.empty()) return NotFound(failure);
  return Ok();
}

Result<ExecResult> DockerClient::Exec(const std::string& container,
                                      const std::vector<std::string>& argv,
                                      const std::string& input) {
  const Json created =
      TRY(Post(fmt::format("/containers/{}/exec", UrlEscape(container)), {{"AttachStdin", true},
                                                                          {"AttachStdout", true},
                                                                          {"AttachStderr", true},
                                                                          {"Tty", false},
                                                                          {"Cmd", argv}}));
  const std::string id = GetString(created, "Id");
  ++calls_;
  RawConnection connection;
  const HttpResponse response =
      TRY(http_.Upgrade({.method = "POST",
                         .path = fmt::format("/v{}/exec/{}/start", TRY(Version()), id),
                         .body = Dump({{"Detach", false}, {"Tty", false}}),
                         .timeout = kSlowCallTimeout},
                        connection));
  if (response.status != 101 && response.status != 200) {
    return ErrorFromStatus(response.status, response.body);
  }
  StreamReader reader;
  const auto take = [&reader](std::string_view part) {
    reader.Take(part);
    return true;
  };
  TRY(connection.Exchange(input, take, kExecTimeout));

  // The stream ends a moment before the engine knows the exit code.
  const std::string path = fmt::format("/exec/{}/json", id);
  Json state = TRY(Get(path));
  for (int attempt = 0; attempt < 50 && GetBool(state, "Running"); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    state = TRY(Get(path));
  }
  if (!GetMember(state, "ExitCode").is_number_integer()) {
    return Unavailable(fmt::format("{} in {} ended without an exit code", argv.front(), container),
                       "The instance was probably stopped meanwhile.");
  }
  return ExecResult{.exit_code = static_cast<int>(GetInt(state, "ExitCode")),
                    .output = reader.output(),
                    .errors = reader.errors()};
}

Result<std::string> DockerClient::Logs(const std::string& container, int lines) {
  StreamReader reader(StreamReader::Keep::kTogether);
  HttpRequest request;
  request.path = fmt::format("/containers/{}/logs?stdout=1&stderr=1&tail={}", UrlEscape(container),
                             std::max(lines, 0));
  request.sink = [&reader](std::string_view part) {
    reader.Take(part);
    return true;
  };
  TRY(Perform(std::move(request)));
  return reader.output();
}

Error DockerClient::Follow(const std::string& filters,
                           const std::function<void(const Json& event)>& on_event,
                           std::stop_token stop) {
  // The engine answers a moment before it begins to listen: asking for the last second, too, leaves
  // no gap. Agreeing on the version tells its time.
  if (const auto version = Version(); !version) return version.error();
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(
      EngineNow().time_since_epoch() - std::chrono::seconds(1));
  JsonLines lines(on_event);
  HttpRequest request{.timeout = Milliseconds(0), .stop = std::move(stop)};
  request.path = fmt::format("/events?since={}&filters={}", since.count(), filters);
  request.sink = [&](std::string_view part) {
    if (part.empty()) on_event(nullptr);
    lines.Take(part);
    return true;
  };
  const Result<HttpResponse> ended = Perform(std::move(request));
  if (!ended) return ended.error();
  return Unavailable(fmt::format("the Docker engine at {} ended its events", endpoint().text));
}

Result<DockerClient::Machine> DockerClient::ReadMachine() {
  {
    const std::lock_guard lock(mutex_);
    if (machine_) return *machine_;
  }
  const Json info = TRY(Get("/info"));
  // The engine says "N/A" for the commit of a docker-init that it cannot run.
  const Json& init = GetMember(info, "InitCommit");
  const Machine machine{.cpus = GetDouble(info, "NCPU"),
                        .memory_bytes = GetInt(info, "MemTotal"),
                        .has_init = init.is_object() && GetString(init, "ID") != "N/A" &&
                                    !GetString(info, "InitBinary").empty(),
                        .control_socket = ControlSocket(info, endpoint())};
  const std::lock_guard lock(mutex_);
  machine_ = machine;
  return machine;
}

}  // namespace dbaas::docker

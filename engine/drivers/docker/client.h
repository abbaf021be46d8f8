// SPDX-License-Identifier: MPL-2.0
//
// DockerClient: the calls of the Docker Engine API that this driver makes, with their answers as
// JSON and their failures as our errors. Called by all other files of this folder.
//
//   DockerClient client(endpoint, "local", clock);
//   const Json container = TRY(client.Get("/containers/orders-1/json"));
//
// The version of the API is agreed once per client: the lower of the engine's and ours.
// Threading: thread-safe.
// Errors: 400 kInvalid, 401 and 403 kDenied, 404 kNotFound, 409 kConflict, 502 to 504 kUnavailable,
// other statuses kInternal, each with the engine's own message; transport as in http.h. The engine
// says 500 for most things that it will refuse again, so that is not retried.
// Source: https://docs.docker.com/reference/api/engine/version/v1.47/
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/docker/http.h"
#include "engine/drivers/docker/tar.h"
#include "engine/drivers/driver.h"

namespace dbaas::docker {

inline constexpr Milliseconds kCallTimeout = std::chrono::seconds(60);
/// Creating and starting read and write images and may wait for a busy disk.
inline constexpr Milliseconds kSlowCallTimeout = std::chrono::minutes(3);

class DockerClient {
 public:
  /// `clock` stands in only for an engine that does not say its time.
  DockerClient(Endpoint endpoint, std::string host_name, Clock& clock);

  Result<Json> Get(const std::string& path);
  Result<Json> Post(const std::string& path, const Json& body = nullptr,
                    Milliseconds timeout = kCallTimeout);
  /// True when something was deleted, false when there was nothing.
  Result<bool> Delete(const std::string& path, Milliseconds timeout = kSlowCallTimeout);

  // Files of containers, running or not. `container` is a name or an id.
  /// What an archive may put its entries in the place of.
  enum class Replace {
    kSameKind,  ///< A folder in the place of a file, or the reverse, is an error.
    kAnything,  ///< A file takes the place of a whole folder, too.
  };
  Result<void> PutArchive(const std::string& container, const std::string& folder,
                          std::string archive, Replace replace = Replace::kSameKind);
  Result<std::vector<TarEntry>> GetArchive(const std::string& container, const std::string& path);
  /// What a path is, without reading it: much cheaper than an archive. kNotFound when there is no
  /// such path, or no such container.
  struct PathStat {
    std::string link_target;  ///< Of a symbolic link, made absolute by the engine.
  };
  Result<PathStat> StatPath(const std::string& container, const std::string& path);

  /// Makes an image of one layer from a tar archive.
  Result<void> ImportImage(const std::string& repository, const std::string& tag,
                           std::string archive);
  /// `image` from its registry.
  Result<void> Pull(const std::string& image);

  Result<ExecResult> Exec(const std::string& container, const std::vector<std::string>& argv,
                          const std::string& input);
  Result<std::string> Logs(const std::string& container, int lines);

  /// Follows the engine's events of one kind of thing, as chosen by `filters` (escaped JSON), until
  /// it is stopped (kCancelled) or the stream ends (kUnavailable). First, with null, when it began:
  /// what happens from then on comes. Something of the second before may come, too.
  Error Follow(const std::string& filters, const std::function<void(const Json& event)>& on_event,
               std::stop_token stop);

  /// What the engine's machine can do; asked once.
  struct Machine {
    double cpus = 0;
    std::int64_t memory_bytes = 0;
    bool has_init = false;
    std::string control_socket = kDefaultSocket;  ///< As the machine itself knows it.
  };
  Result<Machine> ReadMachine();

  /// The engine's clock, as of its last answer and the time that passed here since. The one clock
  /// that all users of an engine share.
  TimePoint EngineNow();

  const Endpoint& endpoint() const { return http_.endpoint(); }
  const std::string& host_name() const { return host_name_; }
  /// Requests made so far.
  std::int64_t calls() const { return calls_; }

 private:
  Result<std::string> Version();
  Result<HttpResponse> Perform(HttpRequest request);
  void NoteEngineTime(const std::string& date);

  HttpClient http_;
  const std::string host_name_;
  Clock& clock_;
  std::atomic<std::int64_t> calls_ = 0;
  std::mutex mutex_;
  std::string version_;  ///< "1.41"; empty until it was agreed.
  std::optional<Machine> machine_;
  std::optional<Milliseconds> engine_offset_;  ///< Engine's clock minus our steady clock.
};

/// The error for an answer whose status is not 2xx or 3xx.
Error ErrorFromStatus(int status, const std::string& body);

/// The lower of two versions like "1.41".
std::string LowerVersion(const std::string& left, const std::string& right);

/// "Sat, 21 Nov 2026 04:03:12 GMT" and "2026-11-21T04:03:12.123456789Z"; nothing for other texts.
std::optional<TimePoint> ReadHttpDate(const std::string& text);
std::optional<TimePoint> ReadEngineTime(const std::string& text);

}  // namespace dbaas::docker

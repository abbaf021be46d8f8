// SPDX-License-Identifier: MPL-2.0
#include "provider/log.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <string_view>
#include <utility>

#include "engine/base/json.h"

namespace dbaas {
namespace {

// A byte of a message takes at most six on the line ("\u0007").
constexpr std::size_t kMaxMessage = 10'000;

thread_local LogFields thread_fields;

const char* LevelName(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace: return "trace";
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

std::string Timestamp(spdlog::log_clock::time_point time) {
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = microseconds / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     microseconds % 1'000'000);
}

std::string Shortened(std::string_view text) {
  if (text.size() <= kMaxMessage) return std::string(text);
  return fmt::format("{}… ({} bytes more)", text.substr(0, kMaxMessage), text.size() - kMaxMessage);
}

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    Json json = thread_fields;
    json["@level"] = LevelName(message.level);
    json["@message"] = Shortened({message.payload.data(), message.payload.size()});
    json["@module"] =
        message.logger_name.size() == 0
            ? "provider"
            : "provider." + std::string(message.logger_name.data(), message.logger_name.size());
    json["@timestamp"] = Timestamp(message.time);
    const std::string text = Dump(json) + "\n";
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

/// gRPC's own complaints, one of which is every refused TLS handshake, go the same way as ours.
void LogFromGrpc(gpr_log_func_args* message) {
  switch (message->severity) {
    case GPR_LOG_SEVERITY_DEBUG:
    case GPR_LOG_SEVERITY_INFO: return spdlog::trace("gRPC: {}", message->message);
    case GPR_LOG_SEVERITY_ERROR: return spdlog::warn("gRPC: {}", message->message);
  }
}

}  // namespace

spdlog::level::level_enum LogLevel(const Environment& environment) {
  for (const char* name : {"TF_LOG_PROVIDER_DBAAS", "TF_LOG_PROVIDER", "TF_LOG"}) {
    std::string level = environment(name);
    if (level.empty()) continue;
    std::transform(level.begin(), level.end(), level.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    for (const auto known : {spdlog::level::debug, spdlog::level::info, spdlog::level::warn}) {
      if (level == LevelName(known)) return known;
    }
    if (level == "error") return spdlog::level::err;
    if (level == "off") return spdlog::level::off;
    return spdlog::level::trace;  // "trace", "json", and what Terraform does with any other word.
  }
  return spdlog::level::off;
}

std::unique_ptr<spdlog::formatter> MakeLogFormatter() { return std::make_unique<JsonFormatter>(); }

void SetUpLogging(const Environment& environment) {
  const auto level = LogLevel(environment);
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(MakeLogFormatter());
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(LogFromGrpc);
  gpr_set_log_verbosity(level == spdlog::level::trace ? GPR_LOG_SEVERITY_INFO
                                                      : GPR_LOG_SEVERITY_ERROR);
}

LogScope::LogScope(LogFields fields) : outer_(std::exchange(thread_fields, std::move(fields))) {
  thread_fields.insert(outer_.begin(), outer_.end());
}

LogScope::~LogScope() { thread_fields = std::move(outer_); }

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Logging, as Terraform reads it from a provider's stderr: one JSON object a line, and nothing at
// all unless the user asked (TF_LOG). Everyone logs through spdlog's default logger; this file
// decides where that goes.
//
//   SetUpLogging(ProcessEnvironment());
//   spdlog::info("applying {}", cluster);
//   {"@level":"info","@message":"applying orders","@module":"provider","@timestamp":"…"}
//
// Thread-safe after SetUpLogging.
#pragma once

#include <spdlog/common.h>

#include <map>
#include <memory>
#include <string>

#include "provider/handshake.h"

namespace spdlog {
class formatter;
}

namespace dbaas {

/// Replaces the default logger, and gRPC's own.
void SetUpLogging(const Environment& environment);

/// TF_LOG_PROVIDER_DBAAS, else TF_LOG_PROVIDER, else TF_LOG. Off when none is set.
spdlog::level::level_enum LogLevel(const Environment& environment);

/// Writes a message as Terraform wants it. The time has exactly six fraction digits, for otherwise
/// Terraform takes the line for plain text; the "@" keys are always strings, for otherwise it
/// panics; and the line stays below the 64 KiB that it reads as one.
std::unique_ptr<spdlog::formatter> MakeLogFormatter();

/// Fields that every message of this thread carries while the object lives: which call it belongs
/// to. Scopes nest; the inner one wins and the outer one comes back.
using LogFields = std::map<std::string, std::string>;
class LogScope {
 public:
  explicit LogScope(LogFields fields);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  LogFields outer_;
};

}  // namespace dbaas

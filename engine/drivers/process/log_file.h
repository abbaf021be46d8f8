// SPDX-License-Identifier: MPL-2.0
//
// What an instance says, kept in three files of ten megabytes, the newest being `log`. Written by
// the supervisor, read by the driver.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/drivers/process/files.h"

namespace dbaas::process {

class LogFile {
 public:
  explicit LogFile(std::string folder);
  /// Best effort: an instance does not end because its disk is full.
  void Write(std::string_view text);

 private:
  void Open();

  const std::string path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

/// The last `lines` lines; empty when nothing was said.
std::string ReadLog(const std::string& folder, int lines);

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace dbaas::process {
namespace {

constexpr std::uint64_t kMaximumSize = 10 << 20;

std::string LastLines(const std::string& text, int lines) {
  std::size_t from = text.size();
  for (int line = 0; line <= lines && from != std::string::npos; ++line) {
    from = from == 0 ? std::string::npos : text.rfind('\n', from - 1);
  }
  return from == std::string::npos ? text : text.substr(from + 1);
}

}  // namespace

LogFile::LogFile(std::string folder) : path_(std::move(folder) + "/log") { Open(); }

void LogFile::Open() {
  file_ =
      Descriptor(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat status {};
  size_ =
      file_ && fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void LogFile::Write(std::string_view text) {
  if (size_ + text.size() > kMaximumSize) {
    std::rename((path_ + ".1").c_str(), (path_ + ".2").c_str());
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    Open();
  }
  while (!text.empty()) {
    const ssize_t written = write(file_.get(), text.data(), text.size());
    if (written <= 0) return;
    size_ += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string ReadLog(const std::string& folder, int lines) {
  std::string text;
  for (const char* name : {"/log", "/log.1", "/log.2"}) {
    const auto part = ReadText(folder + name);
    if (part) text = *part + text;
    if (!text.empty() && LastLines(text, lines).size() < text.size()) break;
  }
  return LastLines(text, lines);
}

}  // namespace dbaas::process

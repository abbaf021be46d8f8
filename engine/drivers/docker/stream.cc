// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/stream.h"

#include <algorithm>

namespace dbaas::docker {
namespace {

constexpr std::size_t kHeader = 8;
constexpr char kErrors = 2;

}  // namespace

void StreamReader::Append(std::string& text, std::string_view part) const {
  text += part.substr(0, limit_ - std::min(limit_, text.size()));
}

void StreamReader::Take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      const std::size_t wanted = std::min(kHeader - header_.size(), bytes.size());
      header_ += bytes.substr(0, wanted);
      bytes.remove_prefix(wanted);
      if (header_.size() < kHeader) return;
      stream_ = header_[0];
      for (std::size_t at = 4; at < kHeader; ++at) {
        left_ = left_ << 8 | static_cast<unsigned char>(header_[at]);
      }
      header_.clear();
      continue;
    }
    const std::string_view data = bytes.substr(0, left_);
    const bool to_errors = stream_ == kErrors && keep_ == Keep::kApart;
    Append(to_errors ? errors_ : output_, data);
    left_ -= data.size();
    bytes.remove_prefix(data.size());
  }
}

}  // namespace dbaas::docker

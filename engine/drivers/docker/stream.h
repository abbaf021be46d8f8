// SPDX-License-Identifier: MPL-2.0
//
// Takes apart the one stream in which the Docker Engine API sends a command's stdout and stderr.
// Called for Exec and Logs. Pure; one object per stream, one thread.
//
//   StreamReader reader;
//   reader.Take(bytes);                 // any number of times, cut anywhere
//   use(reader.output(), reader.errors());
//
// Source: "Stream format" of POST /containers/{id}/attach: frames of one byte for the stream (1
// stdout, 2 stderr), three zero bytes, the length in four bytes (big-endian), and the data.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dbaas::docker {

class StreamReader {
 public:
  enum class Keep { kApart, kTogether };  ///< Together: stderr goes to output(), as it came.
  /// `limit`: bytes kept of each stream; what comes after is dropped, so that a command that never
  /// stops talking cannot fill our memory.
  explicit StreamReader(Keep keep = Keep::kApart, std::size_t limit = 64 << 20)
      : keep_(keep), limit_(limit) {}

  void Take(std::string_view bytes);

  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }
  /// The stream did not end in the middle of a frame.
  bool complete() const { return header_.empty() && left_ == 0; }

 private:
  void Append(std::string& text, std::string_view part) const;

  const Keep keep_;
  const std::size_t limit_;
  std::string header_;    ///< Of the frame that is being read, until it has all 8 bytes.
  std::size_t left_ = 0;  ///< Bytes of data that the current frame still has.
  char stream_ = 1;
  std::string output_;
  std::string errors_;
};

}  // namespace dbaas::docker

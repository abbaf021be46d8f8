// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace dbaas::docker {
namespace {

constexpr std::size_t kBlock = 512;

// A header block: field, offset, length. Numbers are octal text ended by NUL or a space.
struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLinkTarget{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};

constexpr std::string_view kUstar{
    "ustar\0"
    "00",
    8};

std::size_t Padding(std::size_t size) { return (kBlock - size % kBlock) % kBlock; }

bool PutOctal(char* block, Field field, std::uint64_t number) {
  const std::string text = fmt::format("{:0{}o}", number, field.length - 1);
  if (text.size() > field.length - 1) return false;
  text.copy(block + field.offset, field.length);
  return true;
}

std::optional<std::uint64_t> GetOctal(std::string_view block, Field field) {
  std::string_view text = block.substr(field.offset, field.length);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  text = text.substr(0, text.find_first_of(std::string_view("\0 ", 2)));
  if (text.empty()) return 0;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 8);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string GetText(std::string_view block, Field field) {
  const std::string_view text = block.substr(field.offset, field.length);
  return std::string(text.substr(0, text.find('\0')));
}

/// The sum of all bytes of the header, its own field taken as spaces.
std::uint64_t Checksum(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < kBlock; ++at) {
    const bool own = at >= kChecksum.offset && at < kChecksum.offset + kChecksum.length;
    sum += own ? ' ' : static_cast<unsigned char>(block[at]);
  }
  return sum;
}

/// Splits a long path at a slash so that both halves fit; nothing when none does.
std::optional<std::pair<std::string, std::string>> SplitPath(const std::string& path) {
  if (path.size() <= kName.length) return std::pair<std::string, std::string>("", path);
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::size_t rest = path.size() - slash - 1;
    if (slash <= kPrefix.length && rest <= kName.length && rest > 0) {
      return std::pair(path.substr(0, slash), path.substr(slash + 1));
    }
  }
  return std::nullopt;
}

/// What a pax header says about the entry after it.
struct PaxRecords {
  std::string path;
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> mtime;
};

/// Records are "<length> <key>=<value>\n", the length being that of the whole record.
Result<PaxRecords> ReadPax(std::string_view data) {
  const auto broken = [] { return Internal("the archive has a broken pax header"); };
  PaxRecords records;
  while (!data.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(data.data(), data.data() + data.size(), length);
    const auto head = static_cast<std::size_t>(end - data.data()) + 1;
    if (error != std::errc() || length <= head || length > data.size()) return broken();
    if (*end != ' ' || data[length - 1] != '\n') return broken();
    const std::string_view record = data.substr(head, length - head - 1);
    data.remove_prefix(length);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) return broken();
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    std::int64_t number = 0;  // Times may have a fraction, which we do not need.
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (key == "path") records.path = value;
    if (key == "size") records.size = static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
    if (key == "mtime") records.mtime = number;
  }
  return records;
}

}  // namespace

void TarWriter::AddHeader(const TarEntry& entry, std::size_t size, char type,
                          std::string_view link_target) {
  char block[kBlock] = {};
  const std::string path = type == '5' ? entry.path + "/" : entry.path;
  const auto halves = SplitPath(path);
  const bool numbers_fit = PutOctal(block, kMode, static_cast<unsigned>(entry.mode)) &&
                           PutOctal(block, kUid, static_cast<unsigned>(entry.uid)) &&
                           PutOctal(block, kGid, static_cast<unsigned>(entry.gid)) &&
                           PutOctal(block, kSize, size) &&
                           PutOctal(block, kMtime, static_cast<std::uint64_t>(entry.mtime));
  if (!halves || entry.path.empty() || !numbers_fit || link_target.size() > kLinkTarget.length) {
    errors_.push_back(Invalid("", fmt::format("{} does not fit into an archive", entry.path),
                              "Its path, owner or size is beyond what tar can hold."));
    return;
  }
  halves->first.copy(block + kPrefix.offset, kPrefix.length);
  halves->second.copy(block + kName.offset, kName.length);
  block[kType] = type;
  link_target.copy(block + kLinkTarget.offset, kLinkTarget.length);
  kUstar.copy(block + kMagic.offset, kMagic.length);
  PutOctal(block, {kChecksum.offset, kChecksum.length - 1}, Checksum({block, kBlock}));
  block[kChecksum.offset + kChecksum.length - 1] = ' ';
  archive_.append(block, kBlock);
}

void TarWriter::AddFile(const TarEntry& entry) {
  AddHeader(entry, entry.content.size(), '0');
  archive_ += entry.content;
  archive_.append(Padding(entry.content.size()), '\0');
}

void TarWriter::AddFolder(const TarEntry& entry) { AddHeader(entry, 0, '5'); }

void TarWriter::AddLink(const TarEntry& entry) { AddHeader(entry, 0, '2', entry.content); }

Result<std::string> TarWriter::Finish() && {
  if (!errors_.empty()) return std::move(errors_.front());
  archive_.append(2 * kBlock, '\0');
  return std::move(archive_);
}

Result<std::vector<TarEntry>> ReadTar(std::string_view archive) {
  std::vector<TarEntry> entries;
  PaxRecords pax;
  while (archive.size() >= kBlock) {
    const std::string_view block = archive.substr(0, kBlock);
    archive.remove_prefix(kBlock);
    if (block.find_first_not_of('\0') == std::string_view::npos) return entries;  // The end mark.
    if (GetOctal(block, kChecksum) != Checksum(block)) {
      return Internal("the archive has a header with a wrong checksum");
    }
    const auto mode = GetOctal(block, kMode);
    const auto uid = GetOctal(block, kUid);
    const auto gid = GetOctal(block, kGid);
    const auto mtime = GetOctal(block, kMtime);
    const auto size = pax.size ? pax.size : GetOctal(block, kSize);
    if (!mode || !uid || !gid || !mtime || !size) {
      return Internal("the archive has a number that cannot be read");
    }
    if (*size > archive.size()) return Internal("the archive ends in the middle of a file");
    const std::string_view content = archive.substr(0, *size);
    archive.remove_prefix(std::min(archive.size(), *size + Padding(*size)));

    const char type = block[kType];
    if (type == 'x') {
      pax = TRY(ReadPax(content));
      continue;
    }
    if (type == '0' || type == '\0' || type == '5') {
      TarEntry entry{.path = GetText(block, kName),
                     .content = std::string(content),
                     .mode = static_cast<int>(*mode & 07777),
                     .uid = static_cast<int>(*uid),
                     .gid = static_cast<int>(*gid),
                     .mtime = pax.mtime.value_or(static_cast<std::int64_t>(*mtime)),
                     .is_folder = type == '5'};
      const std::string prefix = GetText(block, kPrefix);
      if (!prefix.empty()) entry.path = prefix + "/" + entry.path;
      if (!pax.path.empty()) entry.path = pax.path;
      while (entry.path.ends_with('/')) entry.path.pop_back();
      entries.push_back(std::move(entry));
    }
    pax = {};
  }
  return Internal("the archive has no end");
}

}  // namespace dbaas::docker

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace dbaas::process {
namespace {

std::string FolderOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> WriteAll(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("writing " + path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return Ok();
}

struct flock WholeFile() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Error SystemError(const std::string& doing, int number) {
  const std::string summary = fmt::format("{}: {}", doing, std::strerror(number));
  if (number == ENOENT) return NotFound(summary);
  if (number == EACCES || number == EPERM || number == EROFS) return Denied(summary);
  return Internal(summary);
}

Result<std::string> ReadText(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return SystemError("opening " + path, errno);
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("reading " + path, errno);
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

Result<Json> ReadJson(const std::string& path) { return ParseJson(TRY(ReadText(path)), path); }

Result<void> WriteText(const std::string& path, std::string_view content, int mode) {
  static std::atomic<unsigned> number = 0;
  const std::string folder = FolderOf(path);
  const std::string draft = fmt::format("{}/.draft-{}-{}", folder, getpid(), number++);
  Descriptor file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return SystemError("making " + draft, errno);
  Result<void> written = WriteAll(file.get(), content, path);
  if (written && fchmod(file.get(), static_cast<mode_t>(mode)) != 0) {
    written = SystemError("setting the mode of " + path, errno);
  }
  if (written && fsync(file.get()) != 0) written = SystemError("writing " + path, errno);
  if (written && rename(draft.c_str(), path.c_str()) != 0) {
    written = SystemError("writing " + path, errno);
  }
  if (!written) {
    unlink(draft.c_str());
    return written;
  }
  const Descriptor parent(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) fsync(parent.get());
  return Ok();
}

Result<void> MakeFolders(const std::string& path, int mode) {
  if (mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0 || errno == EEXIST) return Ok();
  if (errno != ENOENT) return SystemError("making folder " + path, errno);
  TRY(MakeFolders(FolderOf(path), mode));
  if (mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0 || errno == EEXIST) return Ok();
  return SystemError("making folder " + path, errno);
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* listing = opendir(folder.c_str());
  if (listing == nullptr) return names;
  while (const dirent* entry = readdir(listing)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(listing);
  std::sort(names.begin(), names.end());
  return names;
}

bool Exists(const std::string& path) {
  struct stat ignored {};
  return lstat(path.c_str(), &ignored) == 0;
}

Result<bool> RenameNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  return SystemError("making " + to, errno);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Close();
    number_ = other.Release();
  }
  return *this;
}
Descriptor::~Descriptor() { Close(); }
int Descriptor::Release() { return std::exchange(number_, -1); }
void Descriptor::Close() {
  if (number_ >= 0) close(std::exchange(number_, -1));
}

Result<Descriptor> LockFolder(const std::string& folder) {
  Descriptor file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file) return SystemError("opening " + folder, errno);
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemError("locking " + folder, errno);
  }
  return file;
}

Result<Descriptor> TryLockFile(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return SystemError("opening " + path, errno);
  struct flock lock = WholeFile();
  if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return file;
  if (errno == EAGAIN || errno == EACCES) return Descriptor();
  return SystemError("locking " + path, errno);
}

bool IsLocked(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return false;
  struct flock lock = WholeFile();
  return fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dbaas::process {
namespace {

/// Valid while `folder` is open.
sockaddr_un AddressIn(const Descriptor& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/control";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Descriptor OpenFolder(const std::string& folder) {
  return Descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

Result<Descriptor> ListenOnControl(const std::string& folder) {
  const Descriptor open_folder = OpenFolder(folder);
  if (!open_folder) return SystemError("opening " + folder, errno);
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return SystemError("making a socket", errno);
  unlink((folder + "/control").c_str());
  const sockaddr_un address = AddressIn(open_folder);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener.get(), 64) != 0) {
    return SystemError("listening on " + folder + "/control", errno);
  }
  return listener;
}

Result<Descriptor> ConnectToControl(const std::string& folder) {
  const Descriptor open_folder = OpenFolder(folder);
  if (!open_folder) return Descriptor();
  Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection) return SystemError("making a socket", errno);
  const sockaddr_un address = AddressIn(open_folder);
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
      0) {
    return connection;
  }
  if (errno == ENOENT || errno == ECONNREFUSED) return Descriptor();
  return SystemError("connecting to " + folder + "/control", errno);
}

}  // namespace dbaas::process

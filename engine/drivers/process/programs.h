// SPDX-License-Identifier: MPL-2.0
//
// What stands for container images on a process host: programs that the machine has, found on PATH
// and in Debian's well-known folders, and what an instance of them needs around it. The counterpart
// of images/. Called by instances.cc.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace dbaas::process {

struct Program {
  std::string name;      ///< "patroni", or an absolute path.
  std::string packages;  ///< What to install when it is missing: "patroni python3-etcd".
};

/// What an image stands for. `{}` is the image's tag in `image`'s place: "dbaas/postgresql:{}".
struct ImageDefinition {
  std::string image;
  std::vector<Program> programs;
  std::string search;  ///< A folder that is searched first: "/usr/lib/postgresql/{}/bin".
  std::string home;    ///< A path of the instance's own.
  std::vector<std::string> folders;  ///< Own paths that are there before the start.
  std::map<std::string, std::string> environment;
  /// Of its own paths that are sockets the longest, in bytes. Left out: that of HAProxy, the
  /// longest of all, so that a host with too long a name is refused by the first instance that it
  /// is for.
  std::size_t longest_socket = 39;
};

/// Those of images/.
const std::vector<ImageDefinition>& OwnImages();

/// An image whose programs are all there.
struct Image {
  std::string path;  ///< The variable PATH.
  std::string home;
  std::vector<std::string> folders;
  std::map<std::string, std::string> environment;
  std::size_t longest_socket = 0;
};

/// kNotFound, naming what to install, when a program is missing or the image is none of these.
Result<Image> FindImage(const std::vector<ImageDefinition>& images, const std::string& image,
                        const std::string& host);

/// Where `name` is; empty when it is not in `path`.
std::string FindProgram(const std::string& name, const std::string& path);

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
//
// Host words: what only a host can say, as it stands in commands, environment values and file
// contents until a driver resolves it. A dbms writes them, so that it needs to know no host:
//
//   "listen: " + ListenAddress() + ":5432"         // a container: 0.0.0.0:5432
//   "data_dir: " + OwnPath("/var/lib/postgresql")  // a process: a folder of the host's directory
//
// Every driver resolves them in Ensure (command, environment, file contents) and in Exec (argv and
// input). Names, mounts and the paths of files are no text, and never need them.
// Why they are written out and not guessed: docs/decisions/0011. Pure; ASCII, and nothing in them
// needs quoting in JSON, YAML or a shell's double quotes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace dbaas {

/// Where other instances reach this one. `instance` need not exist yet.
std::string AddressOfInstance(const std::string& instance);
/// Where an instance listens for others.
std::string ListenAddress();
/// Where an instance reaches what itself listens on.
std::string LocalAddress();
/// A path of the instance's own: of its files, its mounts, /run, /tmp or /var. REQUIRES: absolute.
std::string OwnPath(const std::string& path);
/// Name of the system's user that the instance runs as; `in_container` is what an image calls it.
std::string OwnUser(const std::string& in_container);

/// What the words mean to one instance.
struct HostWords {
  std::function<std::string(const std::string& instance)> address;  ///< Null: the name itself.
  std::string listen = "0.0.0.0";
  std::string local = "127.0.0.1";
  std::string root;  ///< Before every path of its own. No slash at the end.
  std::string user;  ///< Empty: what the image calls it.
};

/// `text` with all host words replaced. The default is a container, which has a name, a file system
/// and users of its own.
std::string ResolveHostWords(std::string_view text, const HostWords& words = {});

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/programs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <sstream>

#include "engine/drivers/process/files.h"

namespace dbaas::process {
namespace {

constexpr std::string_view kTag = "{}";
constexpr char kUsualPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The tag, when `image` fits `pattern`.
std::optional<std::string> TagOf(const std::string& pattern, const std::string& image) {
  const auto at = pattern.find(kTag);
  if (at == std::string::npos) {
    return image == pattern ? std::optional(std::string()) : std::nullopt;
  }
  if (image.compare(0, at, pattern, 0, at) != 0) return std::nullopt;
  return image.substr(at);
}

std::string WithTag(std::string text, const std::string& tag) {
  const auto at = text.find(kTag);
  return at == std::string::npos ? text : text.replace(at, kTag.size(), tag);
}

/// "15, 17": which others are there where a tag is part of a folder's name.
std::string OtherTags(const std::string& search) {
  const auto at = search.find(kTag);
  if (at == std::string::npos) return {};
  std::vector<std::string> tags;
  for (const auto& name : NamesIn(search.substr(0, at))) {
    if (Exists(WithTag(search, name))) tags.push_back(name);
  }
  return fmt::format("{}", fmt::join(tags, ", "));
}

Error Missing(const ImageDefinition& definition, const Program& program, const std::string& tag,
              const std::string& image, const std::string& host) {
  std::string detail =
      fmt::format("Install it: apt-get install {}.", WithTag(program.packages, tag));
  if (const std::string others = OtherTags(definition.search); !others.empty()) {
    detail += fmt::format(" In {} there is: {}.",
                          definition.search.substr(0, definition.search.find(kTag)), others);
  }
  return NotFound(fmt::format("{} is not installed on host {}, which runs no {} without it",
                              program.name, host, image),
                  detail);
}

}  // namespace

const std::vector<ImageDefinition>& OwnImages() {
  static const std::vector<ImageDefinition> kImages = {
      {.image = "dbaas/postgresql:{}",
       .programs = {{"postgres", "postgresql-{}"},
                    {"patroni", "patroni python3-etcd"},
                    {"pgbackrest", "pgbackrest"},
                    {"python3", "python3"}},
       .search = "/usr/lib/postgresql/{}/bin",
       .home = "/var/lib/postgresql",
       .folders = {"/run/postgresql"},
       .environment = {},
       .longest_socket = sizeof("/run/postgresql/.s.PGSQL.5432") - 1},
      // Whichever version Debian has: from 3.4 on all are the same to us.
      {.image = "dbaas/etcd:{}",
       .programs = {{"etcd", "etcd-server"}, {"etcdctl", "etcd-client"}},
       .search = "",
       .home = "/var/lib/etcd",
       .folders = {},
       .environment = {{"ETCDCTL_API", "3"}}},
      {.image = "dbaas/haproxy:{}",
       .programs = {{"haproxy", "haproxy"}},
       .search = "",
       .home = "/var/lib/haproxy",
       .folders = {"/var/lib/haproxy"},
       .environment = {}},
      // This program itself (supervisor.h).
      {.image = "dbaas/watch:{}",
       .programs = {},
       .search = "",
       .home = "/var/lib/dbaas",
       .folders = {},
       .environment = {},
       .longest_socket = 0}};
  return kImages;
}

std::string FindProgram(const std::string& name, const std::string& path) {
  const auto runs = [](const std::string& file) {
    struct stat status {};
    return stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? name : std::string();
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.starts_with('/')) continue;
    if (const std::string file = folder + "/" + name; runs(file)) return file;
  }
  return {};
}

Result<Image> FindImage(const std::vector<ImageDefinition>& images, const std::string& image,
                        const std::string& host) {
  const char* own_path = std::getenv("PATH");
  for (const auto& definition : images) {
    const auto tag = TagOf(definition.image, image);
    if (!tag) continue;
    // The system's own first: a python3 of somebody's home does not know the system's Patroni.
    Image found{.path = fmt::format("{}:{}", kUsualPath, own_path == nullptr ? "" : own_path),
                .home = definition.home,
                .folders = definition.folders,
                .environment = definition.environment,
                .longest_socket = definition.longest_socket};
    if (!definition.search.empty()) {
      // Debian's psql outside this folder is a script that looks for Debian's own clusters.
      found.path = WithTag(definition.search, *tag) + ":" + found.path;
    }
    for (const Program& program : definition.programs) {
      const bool is_versioned = program.packages.find(kTag) != std::string::npos;
      const std::string where = is_versioned ? WithTag(definition.search, *tag) : found.path;
      if (FindProgram(program.name, where).empty()) {
        return Missing(definition, program, *tag, image, host);
      }
    }
    return found;
  }
  return NotFound(fmt::format("host {} has no image {}", host, image),
                  "It runs programs of its machine and no images. Leave `image` out.");
}

}  // namespace dbaas::process

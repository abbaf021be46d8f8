// SPDX-License-Identifier: MPL-2.0
#include "tests/conformance/test_image.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace dbaas {

std::string EnsureTestImage(docker::DockerClient& client) {
  const Result<Json> image = client.Get(std::string("/images/") + kTestImage + "/json");
  if (image.has_value()) return {};
  if (image.error().kind != ErrorKind::kNotFound) return image.error().ToLine();
  std::ifstream file(kBusybox, std::ios::binary);
  std::string busybox{std::istreambuf_iterator<char>(file), {}};
  if (busybox.empty()) return "there is no /bin/busybox: apt-get install busybox-static";
  docker::TarWriter tar;
  tar.AddFolder({.path = "bin", .mode = 0755});
  tar.AddFolder({.path = "tmp", .mode = 01777});
  tar.AddFile({.path = "bin/busybox", .content = std::move(busybox), .mode = 0755});
  const Result<void> made = client.ImportImage("dbaas/test", "1", *std::move(tar).Finish());
  return made.has_value() ? std::string() : made.error().ToLine();
}

}  // namespace dbaas

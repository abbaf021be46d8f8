// SPDX-License-Identifier: MPL-2.0
//
// What a Docker engine answers: listings, events, a slot of a record, an archive. The first byte
// chooses.
#include <string_view>

#include "engine/drivers/docker/record_format.h"
#include "engine/drivers/docker/tar.h"
#include "engine/drivers/docker/translate.h"

namespace dbaas::docker {
namespace {

void ReadAnswer(const Json& json) {
  std::vector<ObservedObject> objects;
  ReadContainers(json, std::nullopt, objects);
  ReadContainers(json, "orders", objects);
  ReadVolumes(json, std::nullopt, objects);
  ReadNetworks(json, std::nullopt, objects);
  std::set<int> ports;
  ReadPublishedPorts(json, ports);
  ReadOwner(json);
  ReadEvent(json);
}

}  // namespace
}  // namespace dbaas::docker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dbaas;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      if (const auto json = ParseJson(bytes, "an answer")) docker::ReadAnswer(*json);
      break;
    case 1: docker::DecodeSlot(bytes); break;
    default:
      if (const auto entries = docker::ReadTar(bytes)) {
        static_cast<void>(docker::NewestSlots(*entries).has_value());
      }
  }
  return 0;
}

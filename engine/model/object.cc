// SPDX-License-Identifier: MPL-2.0
#include "engine/model/object.h"

#include "engine/base/hash.h"
#include "engine/base/json.h"

namespace dbaas {
namespace {

Json InstanceToJson(const InstanceSpec& instance) {
  Json mounts = Json::array();
  for (const auto& mount : instance.mounts) mounts.push_back({mount.volume, mount.path});
  Json ports = Json::array();
  for (const auto& port : instance.ports) {
    ports.push_back({{"name", port.name},
                     {"container_port", port.container_port},
                     {"host_port", port.host_port},
                     {"public_address", port.public_address}});
  }
  Json json = {{"image", instance.image},
               {"command", instance.command},
               {"environment", instance.environment},
               {"mounts", mounts},
               {"networks", instance.networks},
               {"ports", ports},
               {"cpu", instance.resources.cpu},
               {"memory_bytes", instance.resources.memory_bytes},
               {"shm_bytes", instance.shm_bytes},
               {"stop_signal", instance.stop_signal},
               {"stop_timeout_seconds", instance.stop_timeout_seconds}};
  // Fingerprints are made of this: what an instance does not have must not change them.
  if (instance.control_socket) json["control_socket"] = true;
  return json;
}

}  // namespace

const char* ToString(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kNetwork: return "network";
    case ObjectKind::kVolume: return "volume";
    case ObjectKind::kInstance: return "instance";
  }
  return "object";
}

std::string ObjectId::ToText() const { return std::string(ToString(kind)) + " " + name; }

Json ToJson(const Object& object) {
  Json json = {{"kind", ToString(object.id.kind)},
               {"name", object.id.name},
               {"cluster", object.cluster},
               {"part", object.part},
               {"member", object.member}};
  if (object.id.kind == ObjectKind::kInstance) json["instance"] = InstanceToJson(object.instance);
  return json;
}

InstanceSpec ResolveHostWords(InstanceSpec instance, const HostWords& words) {
  for (auto& argument : instance.command) argument = ResolveHostWords(argument, words);
  for (auto& [name, value] : instance.environment) value = ResolveHostWords(value, words);
  for (auto& file : instance.files) {
    file.content = Secret(ResolveHostWords(file.content.Reveal(), words));
  }
  return instance;
}

void Seal(Object& object, const std::string& salt) {
  object.fingerprint = FingerprintOf(salt + ResolveHostWords(Dump(ToJson(object))));
  Json files = Json::array();
  for (const auto& file : object.instance.files) {
    if (file.create_only) continue;
    files.push_back({file.path, file.mode, file.uid, file.gid,
                     Sha256Hex(ResolveHostWords(file.content.Reveal()))});
  }
  object.files_fingerprint = FingerprintOf(salt + Dump(files));
}

}  // namespace dbaas

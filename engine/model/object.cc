// SPDX-License-Identifier: MPL-2.0
#include "engine/model/object.h"

#include <fmt/format.h>

#include "engine/base/hash.h"
#include "engine/base/json.h"

namespace dbaas {
namespace {

std::string QuotedList(const std::vector<std::string>& texts) {
  std::string quoted;
  for (const auto& text : texts) quoted.append(quoted.empty() ? "" : ",").append(Quoted(text));
  return quoted;
}

std::string CanonicalText(const InstanceSpec& instance) {
  std::string environment;
  for (const auto& [name, value] : instance.environment) {
    environment +=
        fmt::format("{}{}:{}", environment.empty() ? "" : ",", Quoted(name), Quoted(value));
  }
  std::string mounts;
  for (const auto& mount : instance.mounts) {
    mounts += fmt::format("{}[{},{}]", mounts.empty() ? "" : ",", Quoted(mount.volume),
                          Quoted(mount.path));
  }
  std::string ports;
  for (const auto& port : instance.ports) {
    ports +=
        fmt::format(R"({}{{"container_port":{},"host_port":{},"name":{},"public_address":{}}})",
                    ports.empty() ? "" : ",", port.container_port, port.host_port,
                    Quoted(port.name), port.public_address);
  }
  // What an instance does not have must not change its fingerprint.
  const char* const control_socket = instance.control_socket ? R"("control_socket":true,)" : "";
  return fmt::format(
      R"({{"command":[{}],{}"cpu":{},"environment":{{{}}},"image":{},"memory_bytes":{},)"
      R"("mounts":[{}],"networks":[{}],"ports":[{}],"shm_bytes":{},"stop_signal":{},)"
      R"("stop_timeout_seconds":{}}})",
      QuotedList(instance.command), control_socket, Dump(instance.resources.cpu), environment,
      Quoted(instance.image), instance.resources.memory_bytes, mounts,
      QuotedList(instance.networks), ports, instance.shm_bytes, Quoted(instance.stop_signal),
      instance.stop_timeout_seconds);
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

std::string CanonicalText(const Object& object) {
  // What an object does not have must not change its fingerprint.
  const std::string directory =
      object.directory.empty() ? "" : fmt::format(R"("directory":{},)", Quoted(object.directory));
  const std::string instance =
      object.id.kind == ObjectKind::kInstance
          ? fmt::format(R"("instance":{},)", CanonicalText(object.instance))
          : "";
  return fmt::format(R"({{"cluster":{},{}{}"kind":"{}","member":{},"name":{},"part":{}}})",
                     Quoted(object.cluster), directory, instance, ToString(object.id.kind),
                     Quoted(object.member), Quoted(object.id.name), Quoted(object.part));
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
  object.fingerprint = FingerprintOf(salt + ResolveHostWords(CanonicalText(object)));
  std::string files = salt + "[";
  for (const auto& file : object.instance.files) {
    if (file.create_only) continue;
    if (files.back() == ']') files += ',';
    files += fmt::format(R"([{},{},{},{},"{}"])", Quoted(file.path), file.mode, file.uid, file.gid,
                         Sha256Hex(ResolveHostWords(file.content.Reveal())));
  }
  object.files_fingerprint = FingerprintOf(files + "]");
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/ids.h"

#include <algorithm>
#include <vector>

namespace dbaas {
namespace {

std::vector<std::string> Split(const std::string& id) {
  std::vector<std::string> parts(1);
  for (const char c : id) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The parts of `id`, with an empty host in front when it names none. `form` is for the error.
Result<std::vector<std::string>> SplitId(const std::string& id, std::size_t length,
                                         const std::string& form) {
  std::vector<std::string> parts = Split(id);
  const bool complete = std::none_of(parts.begin(), parts.end(),
                                     [](const std::string& part) { return part.empty(); });
  if (complete && parts.size() + 1 == length) parts.insert(parts.begin(), "");
  if (complete && parts.size() == length) return parts;
  return Invalid("id", "\"" + id + "\" is not an id of this kind",
                 "It has the form " + form +
                     "; without the host part, the first host of the provider is meant.");
}

Result<PartAddress> ParsePartAddress(const std::string& id, const std::string& form,
                                     std::string key_of(const std::string& name)) {
  const auto parts = TRY(SplitId(id, 3, form));
  return PartAddress{.host = parts[0], .cluster = parts[1], .key = key_of(parts[2])};
}

}  // namespace

Result<PartAddress> ParseClusterAddress(const std::string& id) {
  const auto parts = TRY(SplitId(id, 2, "host/cluster, such as \"local/orders\""));
  return PartAddress{.host = parts[0], .cluster = parts[1], .key = std::string(kClusterPart)};
}

Result<PartAddress> ParseReplicaAddress(const std::string& id) {
  return ParsePartAddress(id, "host/cluster/replica, such as \"local/orders/reports\"",
                          ReplicaPartKey);
}

Result<PartAddress> ParseBackupAddress(const std::string& id) {
  return ParsePartAddress(id, "host/cluster/backup, such as \"local/orders/before-upgrade\"",
                          BackupPartKey);
}

std::string PartId(const ClusterId& cluster, const std::string& name) {
  return cluster.ToText() + "/" + name;
}

std::string Endpoint(const std::string& address, int port) {
  // An IPv6 address needs brackets, or its last group would read as the port.
  const bool brackets = address.find(':') != std::string::npos;
  return (brackets ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace dbaas

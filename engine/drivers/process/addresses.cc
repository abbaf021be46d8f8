// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/addresses.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "engine/base/hash.h"

namespace dbaas::process {
namespace {

using Addresses = std::map<std::string, std::string>;  ///< By instance.

std::string PathOf(const Store& store) { return store.directory() + "/addresses.json"; }

Result<Addresses> Load(const Store& store) {
  const auto json = ReadJson(PathOf(store));
  if (!json) {
    if (json.error().kind == ErrorKind::kNotFound) return Addresses();
    return json.error();
  }
  Addresses addresses;
  for (const auto& [instance, address] : json->items()) {
    if (address.is_string()) addresses[instance] = address;
  }
  return addresses;
}

/// The addresses of a directory, in order: 254 and, should they not do, those of the next block.
std::string Nth(const std::string& directory, int number) {
  const std::string hash = Sha256(directory);
  // 127.0 is where everybody else puts things.
  const int block =
      (static_cast<unsigned char>(hash[0]) << 8 | static_cast<unsigned char>(hash[1]));
  const int wanted = 256 + (block + number / 254) % (65536 - 256);
  return fmt::format("127.{}.{}.{}", wanted / 256, wanted % 256, 1 + number % 254);
}

std::string FirstFree(const Store& store, const Addresses& addresses) {
  std::set<std::string> taken;
  for (const auto& [instance, address] : addresses) taken.insert(address);
  for (int number = 0;; ++number) {
    std::string address = Nth(store.directory(), number);
    if (!taken.contains(address)) return address;
  }
}

}  // namespace

Result<std::string> AddressFor(const Store& store, const std::string& instance) {
  Addresses addresses = TRY(Load(store));
  if (const auto found = addresses.find(instance); found != addresses.end()) return found->second;
  const Descriptor lock = TRY(store.Lock());
  addresses = TRY(Load(store));
  if (const auto found = addresses.find(instance); found != addresses.end()) return found->second;
  const std::string address = FirstFree(store, addresses);
  addresses[instance] = address;
  TRY(WriteText(PathOf(store), Dump(Json(addresses)) + "\n"));
  return address;
}

Result<void> FreeAddresses(const Store& store) {
  Addresses addresses = TRY(Load(store));
  if (addresses.empty()) return Ok();
  std::vector<std::string> prefixes;
  for (const auto& name : NamesIn(store.Records())) {
    prefixes.push_back(name.substr(0, name.rfind(".json")) + "-");
  }
  if (!prefixes.empty()) prefixes.push_back(std::string(kManagementCluster) + "-");
  const auto before = addresses.size();
  std::erase_if(addresses, [&](const auto& entry) {
    const auto is_of = [&](const std::string& prefix) { return entry.first.starts_with(prefix); };
    return std::none_of(prefixes.begin(), prefixes.end(), is_of) &&
           !Exists(store.FolderOf({ObjectKind::kInstance, entry.first}));
  });
  if (addresses.empty()) {
    unlink(PathOf(store).c_str());
    return Ok();
  }
  if (addresses.size() == before) return Ok();
  return WriteText(PathOf(store), Dump(Json(addresses)) + "\n");
}

}  // namespace dbaas::process

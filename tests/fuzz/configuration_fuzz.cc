// SPDX-License-Identifier: MPL-2.0
//
// A main.tf.json as anybody may have written it. What is accepted has hosts, resources that come
// after those they refer to, and is accepted again with the same meaning when it is printed anew.
#include <cstdlib>
#include <string>

#include "engine/base/json.h"
#include "engine/cli/configuration.h"
#include "engine/model/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dbaas;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = ParseConfiguration({{"main.tf.json", text}});
  if (!read) {
    static_cast<void>(read.error().ToLine());
    return 0;
  }
  if (read->hosts.empty()) std::abort();
  const auto json = ParseJson(text, "the file");
  if (!json) std::abort();
  const auto again = ParseConfiguration({{"main.tf.json", Dump(*json)}});
  if (!again || again->resources.size() != read->resources.size()) std::abort();
  for (std::size_t i = 0; i < read->resources.size(); ++i) {
    const auto& before = read->resources[i];
    const auto& after = again->resources[i];
    if (before.address != after.address) std::abort();
    if (Dump(ToJson(before.spec)) != Dump(ToJson(after.spec))) std::abort();
  }
  return 0;
}

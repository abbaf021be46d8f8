// SPDX-License-Identifier: MPL-2.0
//
// What a member's probe prints: Patroni's answers, and the database's.
#include <string>

#include "engine/dbms/dbms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dbaas;
  static const ClusterRecord kRecord = [] {
    ClusterRecord record{.cluster = "orders", .uid = "fuzz"};
    record.parts.emplace(
        std::string(kClusterPart),
        ClusterSpec{
            .name = "orders", .engine = "postgresql", .engine_version = "17", .node_count = 3});
    return record;
  }();
  const std::string output(reinterpret_cast<const char*>(data), size);
  static_cast<void>(FindDbms("postgresql")->ReadProbe(kRecord, output).has_value());
  return 0;
}

// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/dynamic_configuration.h"

#include <gtest/gtest.h>

namespace dbaas::postgresql {
namespace {

Settings Make(const std::map<std::string, std::string>& texts) {
  Settings settings;
  for (const auto& [key, text] : texts) settings.emplace(key, Secret(text));
  return settings;
}

TEST(DynamicConfigurationTest, PatchSetsAndResets) {
  const Settings desired = Make({{"parameters.work_mem", "8MB"},
                                 {"parameters.max_connections", "100"},
                                 {"synchronous_mode", "quorum"},
                                 {"patroni.ttl", "20"},
                                 {"patroni.failsafe_mode", "true"},
                                 {"role.admin", "login"}});
  EXPECT_EQ(Dump(DynamicPatch(desired, {"parameters.work_mem", "parameters.max_connections",
                                        "parameters.jit", "synchronous_mode", "patroni.ttl",
                                        "patroni.failsafe_mode", "role.admin", "database.app"})),
            R"({"failsafe_mode":true,)"
            R"("postgresql":{"parameters":{"jit":null,"max_connections":"100","work_mem":"8MB"}},)"
            R"("synchronous_mode":"quorum","ttl":20})");
  EXPECT_EQ(Dump(DynamicPatch(Make({{"synchronous_mode", "off"}}), {"synchronous_mode"})),
            R"({"synchronous_mode":false})");
  EXPECT_EQ(Dump(DynamicPatch(desired, {"role.admin"})), "{}");
}

TEST(DynamicConfigurationTest, WhatIsPatchedReadsBackTheSame) {
  Settings desired = PatroniSettings();
  desired.merge(Make({{"parameters.work_mem", "8MB"},
                      {"parameters.autovacuum", "off"},
                      {"synchronous_mode", "off"}}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : desired) keys.push_back(key);
  EXPECT_EQ(ReadDynamic(DynamicPatch(desired, keys), "17"), desired);
}

TEST(DynamicConfigurationTest, ReadsWhatOthersWrote) {
  const Json configuration = Json::parse(R"({"ttl": 30, "pause": true, "synchronous_mode": true,
      "postgresql": {"use_slots": true, "parameters": {"Work_Mem": "8192kB", "max_connections": 100,
                                                       "jit": false, "unheard.of": "x"}}})");
  const Settings settings = ReadDynamic(configuration, "17");
  EXPECT_EQ(settings, Make({{"parameters.work_mem", "8MB"},
                            {"parameters.max_connections", "100"},
                            {"parameters.jit", "off"},
                            {"parameters.unheard.of", "x"},
                            {"patroni.ttl", "30"},
                            {"synchronous_mode", "on"}}));
  EXPECT_EQ(ReadDynamic(Json::object(), "17"), Make({{"synchronous_mode", "off"}}));
}

}  // namespace
}  // namespace dbaas::postgresql

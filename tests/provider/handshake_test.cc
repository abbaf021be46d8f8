// SPDX-License-Identifier: MPL-2.0
#include "provider/handshake.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/json.h"

namespace dbaas {
namespace {

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

TEST(HandshakeTest, OnlyTheRightCookieIsTerraform) {
  const std::string cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
  EXPECT_TRUE(IsLaunchedByTerraform(Variables({{"TF_PLUGIN_MAGIC_COOKIE", cookie}})));
  EXPECT_FALSE(IsLaunchedByTerraform(Variables({{"TF_PLUGIN_MAGIC_COOKIE", "another"}})));
  EXPECT_FALSE(IsLaunchedByTerraform(Variables({})));
}

TEST(HandshakeTest, LineWithoutTlsKeepsItsLastBar) {
  EXPECT_EQ(HandshakeLine({.socket_path = "/tmp/plugin1"}), "1|6|unix|/tmp/plugin1|grpc|\n");
}

TEST(HandshakeTest, CertificateIsBase64WithoutPadding) {
  EXPECT_EQ(HandshakeLine({.socket_path = "/tmp/p", .certificate_der = "f"}),
            "1|6|unix|/tmp/p|grpc|Zg\n");
  EXPECT_EQ(HandshakeLine({.socket_path = "/tmp/p", .certificate_der = std::string("\xfb\xff")}),
            "1|6|unix|/tmp/p|grpc|+/8\n");
}

TEST(HandshakeTest, SeventhFieldOnlyForHostsThatAsk) {
  EXPECT_EQ(HandshakeLine({.socket_path = "/tmp/p", .is_multiplexed = false}),
            "1|6|unix|/tmp/p|grpc||false\n");
}

TEST(HandshakeTest, ReattachLineIsWhatBothHostsRead) {
  const std::string line = ReattachLine("/tmp/plugin1", 123);
  const std::string before = "TF_REATTACH_PROVIDERS='";
  ASSERT_TRUE(line.starts_with(before) && line.ends_with('\''));
  const auto json = ParseJson(line.substr(before.size(), line.size() - before.size() - 1), "line");
  ASSERT_TRUE(json.has_value());
  const Json expected = {{"Protocol", "grpc"},
                         {"ProtocolVersion", 6},
                         {"Pid", 123},
                         {"Test", true},
                         {"Addr", {{"Network", "unix"}, {"String", "/tmp/plugin1"}}}};
  EXPECT_EQ(GetMember(*json, "registry.terraform.io/dbaas/dbaas"), expected);
  EXPECT_EQ(GetMember(*json, "registry.opentofu.org/dbaas/dbaas"), expected);
}

}  // namespace
}  // namespace dbaas

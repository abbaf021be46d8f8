// SPDX-License-Identifier: MPL-2.0
#include "engine/model/host_words.h"

#include <gtest/gtest.h>

#include "engine/base/json.h"
#include "engine/model/object.h"

namespace dbaas {
namespace {

std::string Text() {
  return "listen " + ListenAddress() + ":5432, self " + LocalAddress() + ", etcd http://" +
         AddressOfInstance("dbaas-management-etcd") + ":2379, sockets " +
         OwnPath("/run/postgresql") + ", as " + OwnUser("postgres");
}

TEST(HostWordsTest, InAContainerTheyAreWhatAContainerHas) {
  EXPECT_EQ(ResolveHostWords(Text()),
            "listen 0.0.0.0:5432, self 127.0.0.1, etcd http://dbaas-management-etcd:2379, "
            "sockets /run/postgresql, as postgres");
}

TEST(HostWordsTest, AHostSaysWhatTheyAre) {
  const HostWords words{.address = [](const std::string& name) { return "[" + name + "]"; },
                        .listen = "127.1.1.1",
                        .local = "127.1.1.1",
                        .root = "/srv/x/root",
                        .user = "alice"};
  EXPECT_EQ(ResolveHostWords(Text(), words),
            "listen 127.1.1.1:5432, self 127.1.1.1, etcd http://[dbaas-management-etcd]:2379, "
            "sockets /srv/x/root/run/postgresql, as alice");
}

TEST(HostWordsTest, TheyGoThroughJsonUnharmedAndNothingElseIsTouched) {
  const std::string text = Dump(Json{{"a", Text()}});
  EXPECT_EQ(Json::parse(ResolveHostWords(text))["a"], ResolveHostWords(Text()));
  for (const char* other : {"", "{{", "}}", "{{dbaas:unknown x}}", "{{dbaas:path /x", "{{x}}"}) {
    EXPECT_EQ(ResolveHostWords(other), other);
  }
}

TEST(HostWordsTest, AFingerprintIsThatOfAContainer) {
  Object with{.id = {ObjectKind::kInstance, "orders-1"}, .cluster = "orders"};
  Object without = with;
  with.instance.command = {"etcd", "--data-dir", OwnPath("/var/lib/etcd")};
  without.instance.command = {"etcd", "--data-dir", "/var/lib/etcd"};
  with.instance.files = {{.path = "/a", .content = Secret("at " + ListenAddress())}};
  without.instance.files = {{.path = "/a", .content = Secret<std::string>("at 0.0.0.0")}};
  Seal(with, "salt");
  Seal(without, "salt");
  EXPECT_EQ(with.fingerprint, without.fingerprint);
  EXPECT_EQ(with.files_fingerprint, without.files_fingerprint);
}

}  // namespace
}  // namespace dbaas

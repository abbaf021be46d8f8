// SPDX-License-Identifier: MPL-2.0
//
// What actions ask the engine for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/checks.h"
#include "schemas/resource_type.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ActionRequest RequestOf(const char* name, const Value::Map& config) {
  const ActionType& type = *AllTypes().FindAction(name);
  const Value whole = Whole(type.schema, config);
  EXPECT_THAT(CheckValues(type.schema, whole), IsEmpty());
  return type.request(whole).value();
}

TEST(ActionsTest, ASwitchoverGoesToTheBestOrToTheOneThatIsNamed) {
  auto request = RequestOf("dbaas_switchover", {{"cluster_id", Text("local/orders")}});
  EXPECT_EQ(request.cluster, "local/orders");
  EXPECT_EQ(request.work.ToText(), "switchover");
  request =
      RequestOf("dbaas_switchover", {{"cluster_id", Text("orders")}, {"member", Text("orders-2")}});
  EXPECT_EQ(request.cluster, "orders");
  EXPECT_EQ(request.work.ToText(), "switchover to orders-2");
}

TEST(ActionsTest, ARestartIsOfAllOrOfThoseThatAreNamed) {
  auto request = RequestOf("dbaas_restart", {{"cluster_id", Text("orders")}});
  EXPECT_EQ(request.work.ToText(), "restart");
  request = RequestOf("dbaas_restart", {{"cluster_id", Text("orders")},
                                        {"members", Texts({"orders-1", "orders-3"})}});
  EXPECT_EQ(request.work.kind, Maintenance::Kind::kRestart);
  EXPECT_THAT(request.work.members, ElementsAre("orders-1", "orders-3"));
}

TEST(ActionsTest, AReloadIsOfAll) {
  EXPECT_EQ(RequestOf("dbaas_reload", {{"cluster_id", Text("orders")}}).work.ToText(), "reload");
}

TEST(ActionsTest, ARestorationGoesToOneOfThreeMoments) {
  const Value id = Text("orders");
  auto request =
      RequestOf("dbaas_restore", {{"cluster_id", id}, {"time", Text("2026-11-21T11:30:00+01:00")}});
  EXPECT_EQ(request.work.kind, Maintenance::Kind::kRestore);
  EXPECT_EQ(request.work.ToText(), "restore as of 2026-11-21T10:30:00.000Z");
  request = RequestOf("dbaas_restore", {{"cluster_id", id}, {"lsn", Text("0/3000060")}});
  EXPECT_EQ(request.work.ToText(), "restore as of 0/3000060");
  request = RequestOf("dbaas_restore", {{"cluster_id", id}, {"backup_id", Text("20261121F")}});
  EXPECT_EQ(request.work.ToText(), "restore as of backup 20261121F");
}

TEST(ActionsTest, NothingIsComputed) {
  for (const auto& type : AllTypes().actions) {
    for (const auto& attribute : type.schema.attributes) {
      EXPECT_FALSE(attribute.computed) << type.name << "." << attribute.name;
    }
  }
}

}  // namespace
}  // namespace dbaas

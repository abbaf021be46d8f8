// SPDX-License-Identifier: MPL-2.0
//
// import, as typed, over a host in memory. That terraform agrees is an acceptance test.
#include "engine/base/json.h"
#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ImportTest : public FileTest {
 protected:
  void HaveCluster(const std::string& attributes, const std::string& replicas = "") {
    Write(attributes, replicas);
    ASSERT_EQ(In("apply", {"--yes"}), kDone) << err_.str();
  }

  /// What was printed becomes the file.
  void Keep() { std::ofstream(folder_ + "/main.tf.json") << out_.str(); }
};

TEST_F(ImportTest, AnEmptyHostHasNothingToImport) {
  ASSERT_EQ(Dbaas({"import"}), kDone);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ImportTest, OnlyWhatIsNoDefaultIsWritten) {
  HaveCluster(
      R"(, "node_count": 2, "parameters": {"work_mem": "9MB", "log_line_prefix": "$${x}\"%p"})",
      kReplica);
  ASSERT_EQ(Dbaas({"import", "--generate"}), kDone) << err_.str();
  EXPECT_EQ(out_.str(), R"(terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

provider "dbaas" {}

import {
  to = dbaas_cluster.orders
  id = "local/orders"
}

resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 2

  parameters = {
    "log_line_prefix" = "$${x}\"%p"
    "work_mem"        = "9MB"
  }
}

import {
  to = dbaas_replica.orders_reports
  id = "local/orders/reports"
}

resource "dbaas_replica" "orders_reports" {
  cluster_id = dbaas_cluster.orders.id
  name       = "reports"
}
)");
}

TEST_F(ImportTest, TheFileThatWasGeneratedNeedsNoChange) {
  HaveCluster(R"(, "node_count": 2, "resources": {"cpu": 2, "memory": "512MiB"},
                  "deletion_protection": false, "port": 15999,
                  "parameters": {"log_line_prefix": "$${x}%%{y}"})",
              kReplica);
  ASSERT_EQ(Dbaas({"import", "--generate", "--json"}), kDone) << err_.str();
  const Json written = Json::parse(out_.str());
  EXPECT_EQ(written["resource"]["dbaas_cluster"]["orders"]["deletion_protection"], false);
  EXPECT_EQ(written["import"][1],
            Json({{"to", "dbaas_replica.orders_reports"}, {"id", "local/orders/reports"}}));
  Keep();
  EXPECT_EQ(In("plan", {"--detailed-exitcode"}), kDone) << out_.str() << err_.str();
}

TEST_F(ImportTest, DriftIsNotWrittenIntoTheFile) {
  HaveCluster(R"(, "node_count": 2)");
  host_->RemoveByHand({ObjectKind::kInstance, "orders-2"});
  ASSERT_EQ(Dbaas({"import", "--generate", "--json"}), kDone) << err_.str();
  const Json written = Json::parse(out_.str());
  EXPECT_EQ(written["resource"]["dbaas_cluster"]["orders"],
            Json({{"name", "orders"}, {"node_count", 2}}));
}

TEST_F(ImportTest, SecretsAreNeverWritten) {
  HaveCluster(R"(, "password_wo": "correct horse 42", "password_wo_version": 3)");
  ASSERT_EQ(Dbaas({"import", "--generate"}), kDone) << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("password")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("correct horse")));
}

TEST_F(ImportTest, WithoutGenerateThereAreOnlyImportBlocks) {
  HaveCluster("");
  ASSERT_EQ(Dbaas({"import"}), kDone);
  EXPECT_EQ(out_.str(), "import {\n  to = dbaas_cluster.orders\n  id = \"local/orders\"\n}\n");
  ASSERT_EQ(Dbaas({"import", "--json"}), kDone);
  EXPECT_EQ(Json::parse(out_.str()),
            Json({{"import", {{{"to", "dbaas_cluster.orders"}, {"id", "local/orders"}}}}}));
}

}  // namespace
}  // namespace dbaas

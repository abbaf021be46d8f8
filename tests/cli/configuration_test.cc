// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dbaas {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<Configuration> Parse(const std::string& text) {
  return ParseConfiguration({{"main.tf.json", text}});
}

/// A file with one cluster of these attributes.
std::string Cluster(const std::string& attributes) {
  return R"({"resource": {"dbaas_cluster": {"orders": {"name": "orders")" +
         (attributes.empty() ? "" : ", " + attributes) + "}}}}";
}

std::string ErrorOf(const std::string& text) {
  const auto parsed = Parse(text);
  return parsed ? "no error" : parsed.error().summary;
}

TEST(ConfigurationTest, ClusterWithDefaultsIsTheSpecThatTerraformWouldAskFor) {
  const auto parsed = Parse(Cluster(R"("node_count": 3, "parameters": {"work_mem": "8MB"})"));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().ToLine();
  ASSERT_EQ(parsed->resources.size(), 1U);
  const auto& spec = std::get<ClusterSpec>(parsed->resources[0].spec);
  EXPECT_EQ(spec.node_count, 3);
  EXPECT_EQ(spec.engine_version, "17");
  EXPECT_EQ(spec.parameters.at("work_mem"), "8MB");
  EXPECT_TRUE(spec.deletion_protection);
  EXPECT_FALSE(spec.port.has_value());
  EXPECT_EQ(parsed->resources[0].part.host, "local");
}

TEST(ConfigurationTest, ReferencesGiveTheValueAndTheOrder) {
  const auto good = Parse(R"({
    "provider": {"dbaas": {"host": [{"name": "eu", "docker": {}}]}},
    "resource": {
      "dbaas_replica": {"aaa": {"cluster_id": "${dbaas_cluster.zzz.id}", "name": "reports"}},
      "dbaas_cluster": {"zzz": {"name": "orders"}}}})");
  ASSERT_TRUE(good.has_value()) << good.error().ToLine();
  ASSERT_EQ(good->resources.size(), 2U);
  EXPECT_EQ(good->resources[0].address, "dbaas_cluster.zzz");
  EXPECT_EQ(good->resources[1].config.at("cluster_id"), Value::String("eu/orders"));
  EXPECT_EQ(good->resources[1].part.key, "replica/reports");
}

TEST(ConfigurationTest, HostsOfTheProviderBlock) {
  const auto parsed = Parse(R"({"provider": {"dbaas": {"host": [
      {"name": "db1", "docker": {"endpoint": "tcp://db1:2376", "tls_verify": true}},
      {"name": "db2"}]}}})");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().ToLine();
  ASSERT_EQ(parsed->hosts.size(), 2U);
  EXPECT_EQ(parsed->hosts[0].docker_endpoint, "tcp://db1:2376");
  EXPECT_EQ(parsed->hosts[1].name, "db2");
}

TEST(ConfigurationTest, AHostBlockByItself) {
  const auto host = ParseHost(
      {"DBAAS_HOST", R"({"name": "prod", "kubernetes": {"context": "c", "namespace": "db"}})"});
  ASSERT_TRUE(host.has_value()) << host.error().ToLine();
  EXPECT_EQ(host->name, "prod");
  EXPECT_EQ(host->kind, HostConfig::Kind::kKubernetes);
  EXPECT_EQ(host->kubernetes.context, "c");
  EXPECT_EQ(host->kubernetes.namespace_name, "db");

  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"prod", "not valid JSON"},
      {"[]", "DBAAS_HOST: a JSON object is expected here"},
      {R"({"kubernetes": {}})", "name"},
      {R"({"name": "prod", "kubernetes": {"contxt": "c"}})", "contxt"},
      {R"({"name": "prod", "docker": {}, "kubernetes": {}})", "either a docker block"}};
  for (const auto& [text, reason] : wrong) {
    const auto none = ParseHost({"DBAAS_HOST", text});
    ASSERT_FALSE(none.has_value()) << text;
    EXPECT_THAT(none.error().ToLine(), testing::AllOf(HasSubstr("DBAAS_HOST"), HasSubstr(reason)));
  }
}

TEST(ConfigurationTest, CommentsAndWhatIsForTerraformAloneAreIgnored) {
  const auto parsed = Parse(R"({
    "//": "shared", "terraform": {"required_providers": {"dbaas": {"source": "dbaas/dbaas"}}},
    "output": {"where": {"value": "${dbaas_cluster.orders.endpoint}"}},
    "resource": {"dbaas_cluster": {"orders": {"//": "ours", "name": "orders"}}}})");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().ToLine();
}

TEST(ConfigurationTest, ScalarsAreConvertedAsTerraformDoes) {
  const auto parsed = Parse(Cluster(
      R"("node_count": "2", "engine_version": 17, "deletion_protection": "false",
         "parameters": {"max_connections": 50}, "username": "a$${b}")"));
  EXPECT_THAT(parsed.error().summary, HasSubstr("orders.username"));  // The text was a${b}.
  EXPECT_THAT(parsed.error().summary, testing::Not(HasSubstr("expression")));
  const auto good = Parse(Cluster(
      R"("node_count": "2", "engine_version": 17, "deletion_protection": "false",
         "parameters": {"max_connections": 50})"));
  ASSERT_TRUE(good.has_value()) << good.error().ToLine();
  const auto& spec = std::get<ClusterSpec>(good->resources[0].spec);
  EXPECT_EQ(spec.node_count, 2);
  EXPECT_EQ(spec.engine_version, "17");
  EXPECT_FALSE(spec.deletion_protection);
  EXPECT_EQ(spec.parameters.at("max_connections"), "50");
}

struct Refused {
  std::string name;
  std::string text;
  std::string says;  ///< How the error begins.
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

class ConfigurationRefusesTest : public testing::TestWithParam<Refused> {};

TEST_P(ConfigurationRefusesTest, AndSaysWhere) {
  EXPECT_THAT(ErrorOf(GetParam().text), StartsWith(GetParam().says));
}

const std::string kOrders = "main.tf.json: resource.dbaas_cluster.orders";

INSTANTIATE_TEST_SUITE_P(
    All, ConfigurationRefusesTest,
    testing::Values(
        Refused{"Expression", Cluster(R"("node_count": "${var.nodes}")"),
                kOrders + ".node_count: this is an expression: ${var.nodes}"},
        Refused{"LongReference",
                Cluster("\"image\": \"${" + std::string(1'000'000, 'a') + ".b.c}\""),
                kOrders + ": there is no resource aaa"},
        Refused{"ReferenceIntoAList", Cluster(R"("image": "${dbaas_cluster.a.members[0]}")"),
                kOrders + ".image: this is an expression"},
        Refused{"Interpolation", Cluster(R"("image": "x-${dbaas_cluster.a.name}")"),
                kOrders + ".image: this is an expression"},
        Refused{"Directive", Cluster(R"("image": "%{if true}x%{endif}")"),
                kOrders + ".image: this is an expression"},
        Refused{"InAMap", Cluster(R"("parameters": {"work_mem": "${local.m}"})"),
                kOrders + ".parameters.work_mem: this is an expression"},
        Refused{"Count", Cluster(R"("count": 2)"), kOrders + ".count: count needs terraform"},
        Refused{"ForEach", Cluster(R"("for_each": {})"), kOrders + ".for_each: for_each needs"},
        Refused{"Lifecycle", Cluster(R"("lifecycle": {})"), kOrders + ".lifecycle: lifecycle"},
        Refused{"UnknownAttribute", Cluster(R"("nodes": 2)"),
                kOrders + ".nodes: there is no attribute of this name"},
        Refused{"Computed", Cluster(R"("endpoint": "x")"),
                kOrders + ".endpoint: this attribute is"},
        Refused{"Missing", R"({"resource": {"dbaas_cluster": {"orders": {}}}})",
                kOrders + ": name is required"},
        Refused{"WrongType", Cluster(R"("node_count": [1])"),
                kOrders + ".node_count: a list is not expected"},
        Refused{"NotANumber", Cluster(R"("node_count": "many")"),
                kOrders + ".node_count: a number is expected"},
        Refused{"OutOfRange", Cluster(R"("node_count": 12)"), kOrders + ".node_count: "},
        Refused{"Across", Cluster(R"("synchronous_replication": true)"),
                kOrders + ".synchronous_replication: synchronous_replication needs a standby"},
        Refused{"Parameter", Cluster(R"("parameters": {"wrk_mem": "8MB"})"),
                kOrders + ".parameters[\"wrk_mem\"]: "},
        Refused{"Module", R"({"module": {"m": {}}})",
                "main.tf.json: module: module blocks need terraform"},
        Refused{"Variable", R"({"variable": {}})", "main.tf.json: variable: "},
        Refused{"Data", R"({"data": {}})", "main.tf.json: data: "},
        Refused{"OtherProvider", R"({"provider": {"aws": {}}})",
                "main.tf.json: provider.aws: dbaas knows no provider"},
        Refused{"OtherResource", R"({"resource": {"aws_instance": {}}})",
                "main.tf.json: resource.aws_instance: dbaas has no resource"},
        Refused{"TwoHostsOfOneName",
                R"({"provider": {"dbaas": {"host": [{"name": "a"}, {"name": "a"}]}}})",
                "main.tf.json: provider.dbaas.host[1].name: "},
        Refused{"NoSuchResource",
                R"({"resource": {"dbaas_replica": {"r":
                    {"cluster_id": "${dbaas_cluster.x.id}", "name": "r"}}}})",
                "main.tf.json: resource.dbaas_replica.r: there is no resource dbaas_cluster.x"},
        Refused{"KnownOnlyLater",
                R"({"resource": {"dbaas_cluster": {"orders": {"name": "orders"}},
                    "dbaas_replica": {"r": {"cluster_id": "${dbaas_cluster.orders.ca_cert}",
                    "name": "r"}}}})",
                "main.tf.json: resource.dbaas_replica.r.cluster_id: ca_cert of "
                "dbaas_cluster.orders is only known after an apply"},
        Refused{"Circle", Cluster(R"("image": "${dbaas_cluster.orders.image}")"),
                kOrders + ": its references lead back to itself"},
        Refused{"Twice",
                R"({"resource": {"dbaas_cluster": {"a": {"name": "x"}, "b": {"name": "x"}}}})",
                "main.tf.json: resource.dbaas_cluster.b: this is the same as dbaas_cluster.a"},
        Refused{"DuplicateKey", R"({"resource": {}, "resource": {}})",
                "main.tf.json: \"resource\" is there twice"},
        Refused{"NotJson", "{", "main.tf.json"},
        Refused{"NotAnObject", "[]", "main.tf.json: a JSON object is expected here"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace dbaas

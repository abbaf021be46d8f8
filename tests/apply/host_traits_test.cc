// SPDX-License-Identifier: MPL-2.0
//
// A host that differs from an engine on one machine: what it cannot do is said, what it has is
// used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/apply/desired.h"
#include "engine/engine.h"
#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// As a namespace of Kubernetes.
constexpr HostTraits kOwnAddresses{
    .control_socket = false, .directories = false, .shared_volumes = false, .own_addresses = true};
/// The same with ports of the nodes.
constexpr HostTraits kRange{.control_socket = false,
                            .directories = false,
                            .shared_volumes = false,
                            .first_port = 30000,
                            .last_port = 30003};

PartChange Of(PartChange change, const std::string& cluster) {
  change.id.cluster = cluster;
  if (change.spec) std::get<ClusterSpec>(*change.spec).name = cluster;
  return change;
}

PartChange Replica() {
  return Change(Verb::kCreate, ReplicaSpec{.name = "reports"}, "replica/reports");
}

class HostTraitsTest : public testing::Test {
 protected:
  ClusterRecord Apply(const PartChange& change) {
    const auto applied = world_.Apply(change);
    EXPECT_TRUE(applied.has_value()) << applied.error().ToLine();
    return applied && *applied ? **applied : ClusterRecord();
  }
  std::string ErrorOf(const PartChange& change) {
    const auto applied = world_.Apply(change);
    EXPECT_FALSE(applied.has_value());
    if (applied) return {};
    EXPECT_EQ(world_.PlanOf(change), "error: " + applied.error().ToLine());
    return applied.error().field + ": " + applied.error().ToLine();
  }

  World world_;
};

TEST_F(HostTraitsTest, ClustersWithAddressesOfTheirOwnHaveTheUsualPorts) {
  world_.host.SetTraits(kOwnAddresses);
  const std::map<std::string, int> usual = {{"write", 5432}, {"read", 5433}};
  EXPECT_EQ(Apply(Change(Verb::kCreate, Spec(1))).ports, usual);
  EXPECT_EQ(Apply(Of(Change(Verb::kCreate, Spec(1)), "billing")).ports, usual);
  EXPECT_EQ(Apply(Replica()).ports.at("replica/reports"), 5432);
  EXPECT_EQ(world_.PlanOf(Change(Verb::kUpdate, Spec(1))), "");
}

TEST_F(HostTraitsTest, APortOfOnesOwnKeepsTheOthersOffIt) {
  world_.host.SetTraits(kOwnAddresses);
  ClusterSpec spec = Spec(1);
  spec.port = 5433;
  EXPECT_EQ(Apply(Change(Verb::kCreate, spec)).ports.at("read"), 5434);
  spec.port = 5434;
  EXPECT_THAT(ErrorOf(Change(Verb::kUpdate, spec)), HasSubstr("port: the cluster publishes port"));
}

TEST_F(HostTraitsTest, PortsAreHandedOutInTheRangeOfTheHost) {
  world_.host.SetTraits(kRange);
  world_.host.AddForeignPort(30001);
  const auto ports = Apply(Change(Verb::kCreate, Spec(1))).ports;
  EXPECT_EQ(ports.at("write"), 30000);
  EXPECT_EQ(ports.at("read"), 30002);
  EXPECT_THAT(ErrorOf(Of(Change(Verb::kCreate, Spec(1)), "billing")),
              HasSubstr("no free port left"));
}

TEST_F(HostTraitsTest, APortOutsideOfTheRangeIsRefused) {
  world_.host.SetTraits(kRange);
  ClusterSpec spec = Spec(1);
  spec.reader_port = 15432;
  EXPECT_THAT(ErrorOf(Change(Verb::kCreate, spec)),
              AllOf(HasSubstr("reader_port: "), HasSubstr("30000 to 30003")));
}

TEST_F(HostTraitsTest, ADirectoryOfTheHostIsRefusedWhereThereIsNone) {
  world_.host.SetTraits(kOwnAddresses);
  ClusterSpec spec = Spec(1);
  spec.backup_directory = "/srv/backups";
  EXPECT_THAT(ErrorOf(Change(Verb::kCreate, spec)), HasSubstr("backup_directory: "));
}

TEST_F(HostTraitsTest, BackupsNeedABucketWhereVolumesAreNotShared) {
  world_.host.SetTraits(kOwnAddresses);
  EXPECT_FALSE(Apply(Change(Verb::kCreate, Spec(2))).shared_volumes);
  EXPECT_THAT(world_.host.Names(), Not(Contains("volume orders-backups")));
  BackupPolicySpec policy;
  EXPECT_THAT(ErrorOf(Change(Verb::kCreate, policy, "backup_policy")),
              AllOf(HasSubstr("s3: "), HasSubstr("set s3")));
  policy.s3 = S3Storage{.endpoint = "https://s3", .bucket = "b"};
  const ClusterRecord record = Apply(Change(Verb::kCreate, policy, "backup_policy"));
  EXPECT_THAT(world_.host.Names(), Not(Contains("volume orders-backups")));
  EXPECT_FALSE(RecordFromJson(ToJson(record)).value().shared_volumes);
}

TEST_F(HostTraitsTest, OtherHostsRememberNothingOfIt) {
  const ClusterRecord record = Apply(Change(Verb::kCreate, Spec(1)));
  EXPECT_TRUE(record.shared_volumes);
  EXPECT_FALSE(ToJson(record).contains("shared_volumes"));
  EXPECT_THAT(world_.host.Names(), Contains("volume orders-backups"));
}

TEST_F(HostTraitsTest, AViewAndCredentialsNameTheAddressOfWhoeverPublishes) {
  world_.host.SetTraits(kOwnAddresses);
  Engine engine({std::shared_ptr<Driver>(&world_.host, [](Driver*) {})}, world_.clock,
                world_.random);
  ASSERT_TRUE(engine.Apply(Change(Verb::kCreate, Spec(1)), world_.notes, {}).has_value());
  const auto view = engine.Apply(Replica(), world_.notes, {});
  ASSERT_TRUE(view.has_value()) << view.error().ToLine();
  EXPECT_EQ(view->address, "orders-proxy.local.test");
  ASSERT_EQ(view->members.size(), 2U);
  EXPECT_EQ(view->members[0].address, "");
  EXPECT_EQ(view->members[1].address, "orders-reports.local.test");
  const auto credentials = engine.ReadCredentials({"local", "orders"});
  ASSERT_TRUE(credentials.has_value()) << credentials.error().ToLine();
  EXPECT_THAT(credentials->uri.Reveal(), HasSubstr("@orders-proxy.local.test:5432/"));
  EXPECT_THAT(credentials->reader_uri.Reveal(), HasSubstr("@orders-proxy.local.test:5433/"));
}

TEST_F(HostTraitsTest, AReplacementIsCheckedToo) {
  world_.host.SetTraits(kOwnAddresses);
  Engine engine({std::shared_ptr<Driver>(&world_.host, [](Driver*) {})}, world_.clock,
                world_.random);
  ClusterSpec spec = Spec(1);
  spec.backup_directory = "/srv/backups";
  const auto possible = engine.CheckHost(Change(Verb::kCreate, spec));
  ASSERT_FALSE(possible.has_value());
  EXPECT_EQ(possible.error().field, "backup_directory");
}

}  // namespace
}  // namespace dbaas

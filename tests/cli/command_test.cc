// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/command.h"

#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(CommandTest, HelpNamesEveryVerbOfTheTable) {
  EXPECT_EQ(Dbaas({"--help"}), 0);
  for (const Verb& verb : AllVerbs()) {
    EXPECT_THAT(out_.str(), HasSubstr("\n  " + verb.name + " ")) << verb.name;
  }
}

TEST_F(CommandTest, EveryVerbHasHelpOfItsOwn) {
  for (const Verb& verb : AllVerbs()) {
    EXPECT_EQ(Dbaas({verb.name, "--help"}), 0) << verb.name;
    EXPECT_THAT(out_.str(), StartsWith(verb.text)) << verb.name;
  }
}

TEST_F(CommandTest, AWordThatNobodyKnowsIsAnErrorOfTheCommandLine) {
  EXPECT_GT(Dbaas({"conjure"}), 100);
  EXPECT_THAT(err_.str(), HasSubstr("conjure"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CommandTest, ShowOfAnEmptyHost) {
  EXPECT_EQ(Dbaas({"show"}), kDone);
  EXPECT_EQ(out_.str(), "No clusters.\n");
}

TEST_F(CommandTest, TheHostOfTheEnvironmentMayBeDescribed) {
  std::vector<HostConfig> asked;
  const auto make = session_.make_engine;
  session_.make_engine = [&](std::vector<HostConfig> hosts) {
    asked = hosts;
    return make(std::move(hosts));
  };
  setenv("DBAAS_HOST", R"({"name":"prod","kubernetes":{"context":"c"}})", /*overwrite=*/1);
  EXPECT_EQ(Dbaas({"show"}), kDone);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kubernetes.context, "c");
  setenv("DBAAS_DIRECTORY", "/srv", /*overwrite=*/1);
  EXPECT_EQ(Dbaas({"show"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("both set"));
  unsetenv("DBAAS_DIRECTORY");
  setenv("DBAAS_HOST", "prod", /*overwrite=*/1);
  EXPECT_EQ(Dbaas({"show"}), kFailed);
  EXPECT_THAT(err_.str(), HasSubstr("DBAAS_HOST"));
  unsetenv("DBAAS_HOST");
}

TEST_F(CommandTest, ShowOfAClusterThatIsNotThere) {
  EXPECT_EQ(Dbaas({"show", "orders"}), kNoSuchCluster);
  EXPECT_THAT(err_.str(), HasSubstr("there is no cluster local/orders"));
}

TEST_F(CommandTest, CredentialsOfAClusterThatIsNotThere) {
  EXPECT_EQ(Dbaas({"credentials", "orders", "--json"}), kNoSuchCluster);
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace dbaas

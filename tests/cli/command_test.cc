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

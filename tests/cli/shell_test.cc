// SPDX-License-Identifier: MPL-2.0
//
// completion and manual: they know what --help knows.
#include <array>
#include <cstdio>

#include "tests/cli/fixture.h"

namespace dbaas {
namespace {

using ::testing::HasSubstr;

class ShellTest : public CommandTest {
 protected:
  /// What bash would offer for these words, the last of which is being typed.
  std::string Offered(const std::string& words, int last) {
    EXPECT_EQ(Dbaas({"completion", "bash"}), kDone);
    const std::string path = testing::TempDir() + "dbaas_completion.bash";
    std::ofstream(path) << out_.str() << "COMP_WORDS=(" << words << ")\nCOMP_CWORD=" << last
                        << "\n_dbaas\necho \"${COMPREPLY[*]}\"\n";
    FILE* bash = popen(("bash " + path + " 2>&1").c_str(), "r");
    std::string said;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), bash) != nullptr) said += buffer.data();
    pclose(bash);
    return said;
  }
};

TEST_F(ShellTest, BashOffersVerbsAndTheirOptions) {
  EXPECT_EQ(Offered("dbaas swi", 1), "switchover\n");
  EXPECT_EQ(Offered("dbaas plan --de", 2), "--destroy --detailed-exitcode\n");
  EXPECT_EQ(Offered("dbaas failover orders --", 3), "--to --yes --force --json --help\n");
  EXPECT_EQ(Offered("dbaas plan -f ma", 3), "\n");  // Files, by the shell itself.
  EXPECT_EQ(Offered("dbaas nothing --", 2), "\n");
}

TEST_F(ShellTest, EveryShellAndTheManualKnowEveryVerb) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(Dbaas({"completion", shell}), kDone);
    for (const Verb& verb : AllVerbs()) EXPECT_THAT(out_.str(), HasSubstr(verb.name)) << shell;
    EXPECT_THAT(out_.str(), HasSubstr("detailed-exitcode")) << shell;
  }
  ASSERT_EQ(Dbaas({"manual"}), kDone);
  for (const Verb& verb : AllVerbs()) {
    EXPECT_THAT(out_.str(), HasSubstr(".SS \\fBdbaas " + verb.name));
  }
  EXPECT_THAT(out_.str(), HasSubstr(".TP\n\\fB\\-f\\fR, \\fB\\-\\-file\\fR \\fIFILE\\fR\n"));
  EXPECT_GT(Dbaas({"completion", "csh"}), 100);
}

using ManualTest = ShellTest;

TEST_F(ManualTest, TheStoredPageIsFresh) {
  ASSERT_EQ(Dbaas({"manual"}), kDone);
  std::ifstream stored(std::string(DBAAS_SOURCE_DIR) + "/docs/dbaas.1");
  std::stringstream text;
  text << stored.rdbuf();
  EXPECT_EQ(text.str(), out_.str()) << "run ./dev docs";
}

}  // namespace
}  // namespace dbaas

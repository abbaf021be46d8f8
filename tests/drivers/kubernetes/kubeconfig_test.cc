// SPDX-License-Identifier: MPL-2.0
// Kubeconfigs as they are written by hand and by machines, and what plugins print.
#include "engine/drivers/kubernetes/kubeconfig.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "engine/base/hash.h"
#include "engine/drivers/kubernetes/credentials.h"
#include "tests/fakes/fake_clock.h"

namespace dbaas::kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

constexpr char kPlain[] = R"(
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: here, context: {cluster: one, user: me, namespace: databases}}
- {name: there, context: {cluster: two, user: me}}
- {name: lost, context: {cluster: none, user: me}}
clusters:
- {name: one, cluster: {server: "https://10.0.0.1:6443/", certificate-authority: pki/ca.crt}}
- {name: two, cluster: {server: "https://10.0.0.2", tls-server-name: kubernetes}}
users:
- {name: me, user: {token: s3cret}}
)";

class KubeconfigTest : public testing::Test {
 protected:
  KubeconfigTest()
      : folder_(testing::TempDir() + "kubeconfig-" + std::to_string(getpid()) + "-" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_ + "/pki");
    Write("pki/ca.crt", kPem);
  }
  ~KubeconfigTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  Result<Access> Read(const AccessOptions& options) {
    return ReadAccess(options, [this](const std::string& name) { return variables_[name]; });
  }

  /// Of a file with one cluster and one user of these words.
  Result<Access> ReadOne(const std::string& cluster, const std::string& user) {
    const std::string text =
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, "
        "user: u}}]\nclusters: [{name: k, cluster: {" +
        cluster + "}}]\nusers: [{name: u, user: {" + user + "}}]\n";
    return Read({.config_path = Write("one", text)});
  }

  const std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(KubeconfigTest, TheCurrentContextIsRead) {
  const Result<Access> access = Read({.config_path = Write("config", kPlain)});
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->namespace_name, "databases");
  EXPECT_EQ(access->authority, kPem) << "the path is relative to the file";
  EXPECT_EQ(access->token.Reveal(), "s3cret");
}

TEST_F(KubeconfigTest, AnotherContextMayBeAskedFor) {
  const Result<Access> access = Read({.config_path = Write("config", kPlain), .context = "there"});
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  EXPECT_EQ(access->server, "https://10.0.0.2");
  EXPECT_EQ(access->tls_server_name, "kubernetes");
  EXPECT_EQ(access->namespace_name, "default");
}

TEST_F(KubeconfigTest, WhatIsNotThereIsSaidWithWhatIs) {
  const std::string path = Write("config", kPlain);
  const Result<Access> unknown = Read({.config_path = path, .context = "nowhere"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(unknown.error().field, "context");
  EXPECT_EQ(unknown.error().summary, path + " has no context 'nowhere'");
  EXPECT_THAT(unknown.error().detail, HasSubstr("here, there, lost"));

  const Result<Access> lost = Read({.config_path = path, .context = "lost"});
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().field, "config_path");
  EXPECT_THAT(lost.error().summary, HasSubstr("cluster 'none'"));

  const Result<Access> missing = Read({.config_path = folder_ + "/nothing"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().summary, folder_ + "/nothing cannot be read");

  const Result<Access> broken = Read({.config_path = Write("broken", "a: [1,\nb: }")});
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().summary, HasSubstr("is not YAML: line 2"));
  EXPECT_FALSE(Read({.config_path = Write("list", "- a\n")}).has_value());
  EXPECT_FALSE(Read({.config_path = Write("words", "contexts: [1, 2]\ncurrent-context: c")}));
}

TEST_F(KubeconfigTest, OfSeveralFilesTheFirstThatSaysSomethingCounts) {
  Write("first", "current-context: there\nusers: [{name: me, user: {token: of-the-first}}]\n");
  Write("second", kPlain);
  variables_["KUBECONFIG"] = folder_ + "/absent:" + folder_ + "/first:" + folder_ + "/second";
  const Result<Access> access = Read({});
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  EXPECT_EQ(access->server, "https://10.0.0.2");
  EXPECT_EQ(access->token.Reveal(), "of-the-first");

  variables_["KUBECONFIG"] = folder_ + "/absent";
  EXPECT_THAT(Read({}).error().summary, HasSubstr("KUBECONFIG"));
}

TEST_F(KubeconfigTest, TheHomeFolderIsLookedInto) {
  std::filesystem::create_directories(folder_ + "/.kube");
  Write(".kube/config", kPlain);
  Write("pki/ca.crt", kPem);
  variables_["HOME"] = folder_;
  // Its authority is beside the file, and there is none.
  EXPECT_THAT(Read({}).error().ToLine(), HasSubstr(".kube/pki/ca.crt cannot be read"));
  EXPECT_TRUE(Read({.context = "there"}).has_value());
  EXPECT_TRUE(Read({.config_path = "~/.kube/config", .context = "there"}).has_value());
}

TEST_F(KubeconfigTest, APodHasItsOwnAccount) {
  const std::string account = folder_ + "/account";
  EXPECT_EQ(Read({.service_account = account}).error().summary, "there is no kubeconfig");
  std::filesystem::create_directories(account);
  Write("account/token", "t");
  Write("account/ca.crt", kPem);
  Write("account/namespace", "operators\n");
  variables_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  variables_["KUBERNETES_SERVICE_PORT"] = "443";
  const Result<Access> access = Read({.service_account = account});
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  EXPECT_EQ(access->server, "https://[fd00::1]:443");
  EXPECT_EQ(access->namespace_name, "operators");
  EXPECT_EQ(access->token_file, account + "/token");
  EXPECT_EQ(access->authority, kPem);
}

TEST_F(KubeconfigTest, CertificatesComeInlineToo) {
  const std::string data = Base64(kPem);
  const Result<Access> access =
      ReadOne("server: https://a, certificate-authority-data: " + data,
              "client-certificate-data: " + data + ", client-key: pki/ca.crt");
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  EXPECT_EQ(access->authority, kPem);
  EXPECT_EQ(access->client_certificate, kPem);
  EXPECT_EQ(access->client_key.Reveal(), kPem);
  EXPECT_THAT(ReadOne("server: https://a", "client-certificate-data: " + data).error().summary,
              HasSubstr("only one of client-certificate and client-key"));
  EXPECT_THAT(
      ReadOne("server: https://a, certificate-authority-data: aGVsbG8=", "").error().summary,
      HasSubstr("is not PEM"));
}

TEST_F(KubeconfigTest, WhatIsNotSafeIsRefusedWithTheReason) {
  const Result<Access> insecure =
      ReadOne("server: https://a, insecure-skip-tls-verify: true", "token: t");
  ASSERT_FALSE(insecure.has_value());
  EXPECT_THAT(insecure.error().summary, HasSubstr("insecure-skip-tls-verify"));
  EXPECT_THAT(insecure.error().detail, HasSubstr("certificate-authority-data"));
  EXPECT_TRUE(ReadOne("server: https://a, insecure-skip-tls-verify: false", "token: t"));
  EXPECT_THAT(ReadOne("server: http://a.example", "token: t").error().summary,
              HasSubstr("has no TLS"));
  EXPECT_THAT(ReadOne("server: http://127.0.0.1.example", "").error().summary,
              HasSubstr("has no TLS"));
  EXPECT_TRUE(ReadOne("server: 'http://127.0.0.1:8001'", "token: t").has_value());
  EXPECT_FALSE(ReadOne("server: https://a", "auth-provider: {name: gcp}").has_value());
  EXPECT_FALSE(ReadOne("server: https://a", "as-groups: [admins]").has_value());
}

TEST_F(KubeconfigTest, APluginIsRead) {
  const std::string exec =
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get, args: [a, \"2\"], "
      "env: [{name: X, value: y}], installHint: buy it, provideClusterInfo: true, "
      "interactiveMode: ";
  const Result<Access> access = ReadOne("server: https://a", exec + "Never}");
  ASSERT_TRUE(access.has_value()) << access.error().ToLine();
  ASSERT_TRUE(access->exec.has_value());
  EXPECT_EQ(access->exec->command, folder_ + "/get");
  EXPECT_THAT(access->exec->arguments, ElementsAre("a", "2"));
  EXPECT_EQ(access->exec->environment.at("X"), "y");
  EXPECT_TRUE(access->exec->provide_cluster_info);
  EXPECT_FALSE(ReadOne("server: https://a", exec + "Always}").has_value());
}

constexpr char kV1[] = "client.authentication.k8s.io/v1";

/// A plugin that is a shell script of ours: $1 is where it counts its runs.
Access WithPlugin(const std::string& script, const std::string& count) {
  Access access{.server = "https://127.0.0.1:1"};
  access.exec = ExecPlugin{.api_version = kV1,
                           .command = "sh",
                           .arguments = {"-c", script, "plugin", count},
                           .environment = {{"GIVEN", "abc"}},
                           .install_hint = "install it",
                           .provide_cluster_info = true};
  return access;
}

TEST_F(KubeconfigTest, APluginRunsOnceUntilItsCredentialExpiresOrIsRefused) {
  const std::string count = folder_ + "/count";
  const Access access = WithPlugin(
      "echo run >>$1; printf %s \"$KUBERNETES_EXEC_INFO\" >$1.info\n"
      "n=$(wc -l <$1)\n"
      "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\","
      "\"status\": {\"token\": \"'$GIVEN-$n'\", \"expirationTimestamp\": "
      "\"2026-01-01T02:05:00+02:00\"}}'",
      count);
  FakeClock clock;  // 2026-01-01T00:00:00Z
  Credentials credentials(access, clock);
  const auto header = [&credentials] {
    const Result<Credential> credential = credentials.Current();
    return credential.has_value() ? credential->authorization.Reveal()
                                  : credential.error().ToLine();
  };
  EXPECT_EQ(header(), "Bearer abc-1");
  clock.Tick(std::chrono::minutes(4));
  EXPECT_EQ(header(), "Bearer abc-1");
  const Credential first = *credentials.Current();
  EXPECT_TRUE(credentials.Refused(first));
  EXPECT_EQ(header(), "Bearer abc-2");
  EXPECT_TRUE(credentials.Refused(first)) << "but another thread had it anew already";
  EXPECT_EQ(header(), "Bearer abc-2");
  clock.Tick(std::chrono::minutes(1));
  EXPECT_EQ(header(), "Bearer abc-3");
  std::ifstream file(count + ".info");
  const std::string info{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(info, HasSubstr(R"("interactive":false)"));
  EXPECT_THAT(info, HasSubstr(R"("server":"https://127.0.0.1:1")"));
}

TEST_F(KubeconfigTest, APluginThatFailsIsDeniedWithItsWords) {
  FakeClock clock;
  const Access failing = WithPlugin("echo 'log in first' >&2; echo s3cret; exit 3", "");
  const Result<Credential> failed = Credentials(failing, clock).Current();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(failed.error().ToLine(),
            "asking sh for a credential: it failed with exit code 3: log in first");
  EXPECT_EQ(failed.error().detail, "log in first");

  const Access wordy = WithPlugin("echo '{\"token\": \"s3cret\"'", "");
  const Result<Credential> nonsense = Credentials(wordy, clock).Current();
  ASSERT_FALSE(nonsense.has_value());
  EXPECT_THAT(nonsense.error().ToLine() + nonsense.error().detail, Not(HasSubstr("s3cret")));

  Access absent = failing;
  absent.exec->command = folder_ + "/absent";
  const Result<Credential> none = Credentials(absent, clock).Current();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(none.error().ToLine(), HasSubstr("No such file"));
  EXPECT_EQ(none.error().detail, "install it");
}

TEST_F(KubeconfigTest, ATokenFileIsReadOnceAMinuteAndAfterARefusal) {
  Access access{.token_file = Write("token", "one\n")};
  FakeClock clock;
  Credentials credentials(access, clock);
  const auto header = [&] { return credentials.Current()->authorization.Reveal(); };
  EXPECT_EQ(header(), "Bearer one");
  Write("token", "two\n");
  EXPECT_EQ(header(), "Bearer one");
  clock.Tick(std::chrono::seconds(61));
  EXPECT_EQ(header(), "Bearer two");
  Write("token", "three\n");
  EXPECT_TRUE(credentials.Refused(*credentials.Current()));
  EXPECT_EQ(header(), "Bearer three");
}

TEST_F(KubeconfigTest, PasswordsAndTokensHaveNothingNewToOffer) {
  const Access access{.username = "me", .password = Secret<std::string>("pw")};
  FakeClock clock;
  Credentials credentials(access, clock);
  const Credential credential = *credentials.Current();
  EXPECT_EQ(credential.authorization.Reveal(), "Basic bWU6cHc=");
  EXPECT_FALSE(credentials.Refused(credential));
}

TEST(TimeTest, OffsetsCount) {
  const TimePoint noon = ToTimePoint("2026-01-01T12:00:00.000Z");
  EXPECT_EQ(ReadTime("2026-01-01T12:00:00Z"), noon);
  EXPECT_EQ(ReadTime("2026-01-01T12:00:00.123456789Z"), noon);
  EXPECT_EQ(ReadTime("2026-01-01T04:00:00-08:00"), noon);
  EXPECT_EQ(ReadTime("2026-01-01T17:30:00+05:30"), noon);
  EXPECT_EQ(ReadTime("tomorrow"), std::nullopt);
  EXPECT_EQ(ReadTime(""), std::nullopt);
}

}  // namespace
}  // namespace dbaas::kubernetes

// SPDX-License-Identifier: MPL-2.0
// The client against a real server in this process: what it asks, and what it makes of answers.
#include "engine/drivers/kubernetes/client.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "engine/base/x509.h"
#include "tests/drivers/docker/test_server.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas::kubernetes {
namespace {

using docker::TestAnswer;
using docker::TestRequest;
using docker::TestServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Transport = TestServer::Transport;

constexpr char kPods[] = "/api/v1/namespaces/db/pods";

std::string Url(const TestServer& server, const std::string& scheme = "http") {
  return scheme + server.endpoint().substr(3);
}

/// A Status object, as the server sends them.
TestAnswer Status(int code, const std::string& message, const Json& more = Json::object()) {
  Json status = {{"kind", "Status"}, {"status", "Failure"}, {"message", message}, {"code", code}};
  status.update(more);
  return {.status = code, .body = Dump(status)};
}

class KubernetesClientTest : public testing::Test {
 protected:
  /// One answer a request, in turn; the last one for all that follow.
  TestServer& Serve(std::vector<TestAnswer> answers) {
    server_ = std::make_unique<TestServer>(
        Transport::kTcp,
        [answers = std::move(answers), next = std::make_shared<std::atomic<std::size_t>>(0)](
            const TestRequest&) { return answers[std::min((*next)++, answers.size() - 1)]; });
    return *server_;
  }

  KubernetesClient& Client(Access access = {}) {
    access.server = Url(*server_);
    client_ = std::make_unique<KubernetesClient>(access, "prod", clock_, random_);
    return *client_;
  }

  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const TestRequest& request : server_->requests()) {
      paths.push_back(request.method + " " + request.path);
    }
    return paths;
  }

  FakeClock clock_;
  SeededRandom random_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<KubernetesClient> client_;
};

TEST_F(KubernetesClientTest, OneConnectionServesManyCalls) {
  Serve({{.body = R"({"major": "1"})"}});
  KubernetesClient& client = Client({.token = Secret<std::string>("t0ken")});
  for (int call = 0; call < 3; ++call) EXPECT_TRUE(client.Get("/version").has_value());
  EXPECT_EQ(client.calls(), 3);
  EXPECT_EQ(server_->connections(), 1);
  EXPECT_EQ(server_->requests()[0].headers.at("authorization"), "Bearer t0ken");
}

TEST_F(KubernetesClientTest, WritesSayWhoManagesAndInWhichWay) {
  Serve({{}});
  KubernetesClient& client = Client();
  EXPECT_TRUE(client.Apply("/api/v1/x", {{"a", 1}}, true).has_value());
  EXPECT_TRUE(client.Apply("/api/v1/x", {{"a", 1}}, false).has_value());
  EXPECT_TRUE(client.Create("/api/v1", {{"a", 1}}).has_value());
  EXPECT_TRUE(client.Replace("/api/v1/x", {{"a", 1}}).has_value());
  EXPECT_TRUE(client.MergePatch("/api/v1/x", {{"a", nullptr}}).has_value());
  EXPECT_EQ(*client.Delete("/api/v1/x", {{"propagationPolicy", "Background"}}), true);
  EXPECT_THAT(Paths(),
              ElementsAre("PATCH /api/v1/x?fieldManager=dbaas&force=true",
                          "PATCH /api/v1/x?fieldManager=dbaas&force=false",
                          "POST /api/v1?fieldManager=dbaas", "PUT /api/v1/x?fieldManager=dbaas",
                          "PATCH /api/v1/x?fieldManager=dbaas", "DELETE /api/v1/x"));
  const std::vector<TestRequest> requests = server_->requests();
  EXPECT_EQ(requests[0].headers.at("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(requests[0].body, R"({"a":1})");
  EXPECT_EQ(requests[4].headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(requests[5].body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"})");
}

TEST_F(KubernetesClientTest, DeletingWhatIsNotThereIsNoError) {
  Serve({Status(404, "pods \"x\" not found")});
  EXPECT_EQ(*Client().Delete("/api/v1/x"), false);
}

TEST_F(KubernetesClientTest, StatusesBecomeKindsWithTheServersWords) {
  const std::map<int, ErrorKind> kinds = {
      {400, ErrorKind::kInvalid},     {403, ErrorKind::kDenied},
      {404, ErrorKind::kNotFound},    {409, ErrorKind::kConflict},
      {410, ErrorKind::kConflict},    {422, ErrorKind::kInvalid},
      {429, ErrorKind::kUnavailable}, {500, ErrorKind::kInternal},
      {502, ErrorKind::kUnavailable}, {503, ErrorKind::kUnavailable},
      {504, ErrorKind::kUnavailable}, {418, ErrorKind::kInternal}};
  for (const auto& [status, kind] : kinds) {
    Serve({Status(status, "the server's\nwords")});
    const Result<Json> answer = Client().Get("/api/v1/x");
    ASSERT_FALSE(answer.has_value()) << status;
    EXPECT_EQ(answer.error().kind, kind) << status;
    EXPECT_THAT(answer.error().summary, HasSubstr("the server's words")) << status;
  }
  Serve({{.status = 400, .body = "<html>"}});
  EXPECT_EQ(Client().Get("/api/v1/x?limit=1").error().summary,
            "Kubernetes answered GET /api/v1/x with status 400");
}

TEST_F(KubernetesClientTest, WhatOneMayNotDoIsNamed) {
  Serve({Status(403,
                "pods is forbidden: User \"me\" cannot list resource \"pods\" in API group \"\" in "
                "the namespace \"db\"")});
  const Result<Json> answer = Client().List(kPods);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(answer.error().summary,
            "pods is forbidden: User \"me\" cannot list resource \"pods\" in API group \"\" in the "
            "namespace \"db\"");
}

TEST_F(KubernetesClientTest, AConflictNamesTheOthersAndTheirFields) {
  const Json causes =
      Json::array({{{"reason", "FieldManagerConflict"},
                    {"message", "conflict with \"kubectl-edit\" using apps/v1"},
                    {"field", ".spec.replicas"}},
                   {{"reason", "FieldManagerConflict"},
                    {"message", "conflict with \"helm\" with subresource \"scale\" using apps/v1"},
                    {"field", ".spec.paused"}}});
  Serve({Status(
      409, "Apply failed with 2 conflicts",
      {{"details", {{"name", "orders-1"}, {"kind", "statefulsets"}, {"causes", causes}}}})});
  const Result<Json> answer = Client().Apply("/apis/x", {{"a", 1}}, false);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(answer.error().summary,
            "someone else manages fields of statefulsets orders-1: kubectl-edit manages "
            ".spec.replicas, helm manages .spec.paused");
}

TEST_F(KubernetesClientTest, PagesAreReadToTheEndAndBeginAnewWhenOneHasExpired) {
  const TestAnswer first = {
      .body =
          R"({"kind":"PodList","metadata":{"continue":"a/b","resourceVersion":"7"},"items":[1,2]})"};
  const TestAnswer last = {
      .body = R"({"kind":"PodList","metadata":{"resourceVersion":"9"},"items":[3]})"};
  Serve({first, Status(410, "The provided continue parameter is too old"), first, last});
  const Result<Json> list = Client().List(kPods, "dbaas/cluster=orders");
  ASSERT_TRUE(list.has_value()) << list.error().ToLine();
  EXPECT_EQ((*list)["items"], Json::array({1, 2, 3}));
  EXPECT_EQ((*list)["metadata"]["resourceVersion"], "9");
  const std::string base = std::string("GET ") + kPods + "?labelSelector=dbaas%2Fcluster%3Dorders";
  EXPECT_THAT(Paths(), ElementsAre(base + "&limit=500", base + "&limit=500&continue=a%2Fb",
                                   base + "&limit=500", base + "&limit=500&continue=a%2Fb"));
}

TEST_F(KubernetesClientTest, AListThatKeepsExpiringIsAskedForInOnePiece) {
  server_ = std::make_unique<TestServer>(Transport::kTcp, [](const TestRequest& request) {
    if (request.path.find("limit=") != std::string::npos) return Status(410, "too old");
    return TestAnswer{.body = R"({"items":[1]})"};
  });
  const Result<Json> list = Client().List(kPods);
  ASSERT_TRUE(list.has_value()) << list.error().ToLine();
  EXPECT_EQ((*list)["items"], Json::array({1}));
  EXPECT_EQ(server_->requests().size(), 4u);
}

TEST_F(KubernetesClientTest, ARefusedCredentialIsHadAnewOnce) {
  const std::string path = testing::TempDir() + "kubernetes-token-" + std::to_string(getpid());
  std::ofstream(path) << "old";
  server_ = std::make_unique<TestServer>(Transport::kTcp, [&path](const TestRequest& request) {
    if (request.headers.at("authorization") == "Bearer new") return TestAnswer{};
    std::ofstream(path) << "new";
    return Status(401, "Unauthorized");
  });
  KubernetesClient& client = Client({.token_file = path});
  EXPECT_TRUE(client.Get("/version").has_value());
  EXPECT_EQ(client.calls(), 2);
  unlink(path.c_str());

  Serve({Status(401, "Unauthorized")});
  KubernetesClient& stranger = Client({.token = Secret<std::string>("s3cret")});
  const Result<Json> answer = stranger.Get("/version");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(answer.error().ToLine() + answer.error().detail, Not(HasSubstr("s3cret")));
  EXPECT_EQ(stranger.calls(), 1) << "there is nothing new to offer";
}

TEST_F(KubernetesClientTest, TheServerSaysWhenToComeBack) {
  TestAnswer busy = Status(429, "too many requests");
  busy.headers = {{"Retry-After", "7"}};
  TestAnswer starting = Status(500, "etcdserver: leader changed");
  starting.headers = {{"Retry-After", "2"}};
  Serve({busy, starting, {}});
  EXPECT_TRUE(Client().Create("/api/v1/x", {{"a", 1}}).has_value());
  EXPECT_EQ(clock_.Slept(), std::chrono::seconds(9));

  Serve({busy});
  const Result<Json> never = Client().Get("/api/v1/x");
  ASSERT_FALSE(never.has_value());
  EXPECT_EQ(never.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(client_->calls(), 4);
}

TEST_F(KubernetesClientTest, WhatMayHaveBeenCreatedIsNotCreatedAgain) {
  Serve({Status(504, "gateway timeout")});
  EXPECT_EQ(Client().Create("/api/v1/x", {{"a", 1}}).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(client_->calls(), 1);
  EXPECT_EQ(Client().Apply("/api/v1/x", {{"a", 1}}, true).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(client_->calls(), 4);
}

TEST_F(KubernetesClientTest, AServerThatDoesNotAnswerIsOneClearLine) {
  KubernetesClient client({.server = "http://127.0.0.1:1"}, "prod", clock_, random_);
  const Result<Json> answer = client.Get("/version");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().summary,
              HasSubstr("Kubernetes at http://127.0.0.1:1 does not answer: "));
}

TEST_F(KubernetesClientTest, AWatchGoesOnFromItsBookmarkUntilThatHasExpired) {
  Serve({{.body = R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"11"}}})"
                  "\n"
                  R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"20"}}})"
                  "\n"},
         {.close_without_answer = true},
         {.body = R"({"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"21"}}})"
                  "\n"
                  R"({"type":"MODIFIED","obj)"},
         {.body = R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
                  "\n"}});
  std::vector<std::string> seen;
  const Error end = Client().Watch(kPods, "a=b", "10",
                                   [&seen](const Json& event) {
                                     seen.push_back(GetString(event, "type") + " " +
                                                    GetString(event["object"]["metadata"], "name"));
                                   },
                                   {});
  EXPECT_EQ(end.kind, ErrorKind::kConflict);
  EXPECT_THAT(end.summary, HasSubstr("expired"));
  EXPECT_THAT(seen, ElementsAre("ADDED a", "DELETED a"));
  const std::string base = std::string("GET ") + kPods +
                           "?labelSelector=a%3Db&watch=true&allowWatchBookmarks=true&"
                           "timeoutSeconds=290&resourceVersion=";
  const std::vector<std::string> paths = Paths();
  ASSERT_GE(paths.size(), 4u);
  EXPECT_EQ(paths.front(), base + "10");
  EXPECT_EQ(paths[1], base + "20");
  EXPECT_EQ(paths[paths.size() - 2], base + "20");
  EXPECT_EQ(paths.back(), base + "21");
}

TEST_F(KubernetesClientTest, AWatchEndsWhereThereIsNoGoingOn) {
  const auto watch = [this] { return Client().Watch(kPods, "", "1", [](const Json&) {}, {}); };
  Serve({Status(410, "too old resource version")});
  EXPECT_EQ(watch().kind, ErrorKind::kConflict);
  EXPECT_EQ(client_->calls(), 1);
  Serve({Status(403, "may not")});
  EXPECT_EQ(watch().kind, ErrorKind::kDenied);
  Serve({Status(503, "starting")});
  EXPECT_EQ(watch().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(client_->calls(), 6);
}

TEST_F(KubernetesClientTest, AWatchEndsAtOnceWhenItIsStopped) {
  std::promise<void> asked;
  std::promise<void> over;
  server_ = std::make_unique<TestServer>(Transport::kTcp, [&](const TestRequest&) {
    asked.set_value();
    over.get_future().wait();
    return TestAnswer{};
  });
  std::stop_source source;
  std::thread stopper([&] {
    asked.get_future().wait();
    source.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const Error end = Client().Watch(
      kPods, "", "1", [](const Json&) {}, source.get_token());
  EXPECT_EQ(end.kind, ErrorKind::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900))
      << "libcurl itself looks about once a second";
  stopper.join();
  over.set_value();
}

TEST_F(KubernetesClientTest, LogsAreText) {
  Serve({{.body = "one\ntwo\n"}});
  EXPECT_EQ(*Client().Logs("db", "orders-1", "postgresql", 20), "one\ntwo\n");
  EXPECT_THAT(Paths(), ElementsAre("GET /api/v1/namespaces/db/pods/orders-1/log?container="
                                   "postgresql&tailLines=20"));
}

TEST(KubernetesTlsTest, OnlyTheGivenAuthorityIsBelievedAndWeShowOurCertificate) {
  const KeyPair authority = *MakeCertificateAuthority("cluster", 1);
  const KeyPair server_identity = *IssueCertificate(authority, "api", {"kubernetes"}, 1);
  const KeyPair client_identity = *IssueCertificate(authority, "me", {"me"}, 1);
  TestServer server(
      Transport::kTls, [](const TestRequest&) { return TestAnswer{}; }, server_identity,
      authority.certificate_pem);
  FakeClock clock;
  SeededRandom random;
  const auto ask = [&](Access access) {
    access.server = Url(server, "https");
    access.client_certificate = client_identity.certificate_pem;
    access.client_key = client_identity.private_key_pem;
    return KubernetesClient(access, "prod", clock, random).Get("/version");
  };
  const Result<Json> answer =
      ask({.tls_server_name = "kubernetes", .authority = authority.certificate_pem});
  ASSERT_TRUE(answer.has_value()) << answer.error().ToLine();
  EXPECT_EQ(server.requests()[0].headers.at("host"), server.endpoint().substr(6));

  const Result<Json> other_name = ask({.authority = authority.certificate_pem});
  ASSERT_FALSE(other_name.has_value());
  EXPECT_EQ(other_name.error().kind, ErrorKind::kDenied);
  const KeyPair stranger = *MakeCertificateAuthority("stranger", 1);
  const Result<Json> unknown =
      ask({.tls_server_name = "kubernetes", .authority = stranger.certificate_pem});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kDenied);
}

}  // namespace
}  // namespace dbaas::kubernetes

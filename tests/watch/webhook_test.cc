// SPDX-License-Identifier: MPL-2.0
//
// What a receiver gets, from a real HTTP server on this machine.
#include "engine/watch/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/hash.h"
#include "tests/drivers/docker/test_server.h"
#include "tests/fakes/fake_clock.h"

namespace dbaas {
namespace {

using docker::TestAnswer;
using docker::TestRequest;
using docker::TestServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const WatchReport kReport{.kind = WatchReport::Kind::kFailover,
                          .at = TimePoint(Milliseconds(1'000'000)),
                          .host = "local",
                          .cluster = "orders",
                          .member = "orders-2",
                          .text = "orders-2, the primary, ended",
                          .took = Milliseconds(321)};

class WebhookTest : public testing::Test {
 protected:
  WebhookOptions To(const std::string& path = "/hook") const {
    std::string url = server_.endpoint() + path;
    url.replace(0, std::string("tcp").size(), "http");
    return {.url = Secret(url), .secret = Secret<std::string>("open sesame")};
  }

  int status_ = 204;
  FakeClock clock_;
  TestServer server_{TestServer::Transport::kTcp, [this](const TestRequest&) {
                       return TestAnswer{.status = status_, .body = ""};
                     }};
};

TEST_F(WebhookTest, TheReceiverCanTellWhoSentWhatAndWhen) {
  ASSERT_TRUE(Post(To(), clock_, kReport).has_value());
  ASSERT_THAT(server_.requests(), SizeIs(1));
  const TestRequest got = server_.requests()[0];
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.path, "/hook");
  EXPECT_EQ(got.headers.at("content-type"), "application/json");
  EXPECT_EQ(got.body, Dump(ToJson(kReport)));
  const std::string signed_text =
      got.headers.at("webhook-id") + "." + got.headers.at("webhook-timestamp") + "." + got.body;
  EXPECT_EQ(got.headers.at("webhook-signature"),
            "v1," + Base64(HmacSha256("open sesame", signed_text)));
}

// The vector of the specification's own libraries.
TEST(WebhookSignatureTest, IsThatOfTheSpecification) {
  const Secret<std::string> plain("C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  const Secret<std::string> encoded("whsec_" + Base64(plain.Reveal()));
  const TimePoint now(std::chrono::seconds(1'614'265'330));
  EXPECT_EQ(SignatureHeaders(plain, now, "{}"), SignatureHeaders(encoded, now, "{}"));
  EXPECT_THAT(SignatureHeaders(Secret<std::string>(), now, "{}"),
              ElementsAre("webhook-id: msg_44136fa355b3678a1146ad16f7e8649e",
                          "webhook-timestamp: 1614265330"));
}

TEST_F(WebhookTest, TheSameReportHasTheSameIdAndAnotherTime) {
  ASSERT_TRUE(Post(To(), clock_, kReport).has_value());
  clock_.Tick(std::chrono::seconds(5));
  ASSERT_TRUE(Post(To(), clock_, kReport).has_value());
  const auto got = server_.requests();
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0].headers.at("webhook-id"), got[1].headers.at("webhook-id"));
  EXPECT_NE(got[0].headers.at("webhook-timestamp"), got[1].headers.at("webhook-timestamp"));
  EXPECT_NE(got[0].headers.at("webhook-signature"), got[1].headers.at("webhook-signature"));
}

TEST_F(WebhookTest, WhatMayGetBetterIsTriedAgainAndARefusalIsNot) {
  const auto kind = [&](int status) {
    status_ = status;
    return Post(To(), clock_, kReport).error().kind;
  };
  EXPECT_EQ(kind(503), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(429), ErrorKind::kUnavailable);
  EXPECT_EQ(kind(401), ErrorKind::kInvalid);
  EXPECT_EQ(kind(302), ErrorKind::kInvalid);  // Nobody is sent elsewhere.
}

TEST_F(WebhookTest, NoErrorTellsTheUrl) {
  status_ = 404;
  EXPECT_THAT(Post(To("/token-7"), clock_, kReport).error().ToLine(), Not(HasSubstr("token-7")));
  const auto away = Post({.url = Secret<std::string>("http://127.0.0.1:1/token-7"), .secret = {}},
                         clock_, kReport);
  EXPECT_EQ(away.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(away.error().ToLine(), Not(HasSubstr("token-7")));
}

}  // namespace
}  // namespace dbaas

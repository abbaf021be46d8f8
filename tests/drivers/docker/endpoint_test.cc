// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/endpoint.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/drivers/docker/docker_driver.h"

namespace dbaas::docker {
namespace {

Endpoint Parse(const std::string& text) {
  Result<Endpoint> endpoint = ParseEndpoint({.endpoint = text});
  EXPECT_TRUE(endpoint.has_value()) << endpoint.error().ToLine();
  return endpoint.has_value() ? *endpoint : Endpoint();
}

DockerOptions Resolve(DockerOptions options, std::map<std::string, std::string> environment) {
  return FromEnvironment(std::move(options),
                         [&](const std::string& name) -> std::optional<std::string> {
                           const auto found = environment.find(name);
                           if (found == environment.end()) return std::nullopt;
                           return found->second;
                         });
}

TEST(EndpointTest, NothingMeansTheDefaultSocket) {
  EXPECT_EQ(Parse("").socket_path, "/var/run/docker.sock");
  EXPECT_EQ(Parse("").text, "unix:///var/run/docker.sock");
}

TEST(EndpointTest, ASocketIsOnThisMachine) {
  for (const char* text : {"unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"}) {
    const Endpoint endpoint = Parse(text);
    EXPECT_EQ(endpoint.socket_path, "/run/user/1000/docker.sock");
    EXPECT_TRUE(endpoint.IsLocal());
    EXPECT_EQ(endpoint.Address(), "127.0.0.1");
  }
}

TEST(EndpointTest, TcpHasAHostAndAPort) {
  EXPECT_EQ(Parse("tcp://db1:2375").url, "http://db1:2375");
  EXPECT_EQ(Parse("tcp://db1:2375/").url, "http://db1:2375");
  EXPECT_EQ(Parse("tcp://db1").url, "http://db1:2375");
  EXPECT_EQ(Parse("tcp://[fd00::5]:2375").url, "http://[fd00::5]:2375");
  EXPECT_EQ(Parse("tcp://[fd00::5]:2375").Address(), "fd00::5");
  EXPECT_EQ(Parse("https://db1").url, "https://db1:2376");
  EXPECT_EQ(Parse("tcp://db1:2375").Address(), "db1");
  EXPECT_FALSE(Parse("tcp://db1:2375").IsLocal());
  EXPECT_EQ(Parse("tcp://127.0.0.1:2375").Address(), "127.0.0.1");
  EXPECT_EQ(Parse("tcp://localhost:2375").Address(), "127.0.0.1");
}

TEST(EndpointTest, NonsenseIsNamedWithItsField) {
  for (const char* text : {"ssh://db1", "npipe:////./pipe/docker", "tcp://", "tcp://db1:0",
                           "tcp://db1:65536", "tcp://db1:http", "tcp://db1:1:2", "tcp://db1/path",
                           "tcp://[fd00::5", "db1:2375", "unix://relative.sock", "fd://"}) {
    const Result<Endpoint> endpoint = ParseEndpoint({.endpoint = text});
    ASSERT_FALSE(endpoint.has_value()) << text;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::kInvalid) << text;
    EXPECT_EQ(endpoint.error().field, "endpoint") << text;
    EXPECT_NE(endpoint.error().summary.find(text), std::string::npos) << text;
  }
}

TEST(EndpointTest, CertificatesMeanTlsThatIsVerifiedUnlessToldOtherwise) {
  DockerOptions options{.endpoint = "tcp://db1:2376", .cert_path = "/certs"};
  EXPECT_EQ(ParseEndpoint(options)->url, "https://db1:2376");
  EXPECT_EQ(ParseEndpoint(options)->ca_file, "/certs/ca.pem");
  EXPECT_EQ(ParseEndpoint(options)->certificate_file, "/certs/cert.pem");
  EXPECT_EQ(ParseEndpoint(options)->key_file, "/certs/key.pem");
  EXPECT_TRUE(ParseEndpoint(options)->verify);
  options.tls_verify = false;
  EXPECT_EQ(ParseEndpoint(options)->url, "https://db1:2376");
  EXPECT_FALSE(ParseEndpoint(options)->verify);
  options = {.endpoint = "tcp://db1", .tls_verify = true};
  EXPECT_EQ(ParseEndpoint(options)->url, "https://db1:2376");
  EXPECT_EQ(ParseEndpoint(options)->ca_file, "");
}

TEST(EndpointTest, TheEnvironmentFillsWhatIsOpen) {
  const DockerOptions options = Resolve({}, {{"DOCKER_HOST", "tcp://db1:2376"},
                                             {"DOCKER_CERT_PATH", "/certs"},
                                             {"DOCKER_TLS_VERIFY", "1"}});
  EXPECT_EQ(options.endpoint, "tcp://db1:2376");
  EXPECT_EQ(options.cert_path, "/certs");
  EXPECT_EQ(options.tls_verify, true);
  EXPECT_EQ(Resolve({}, {}).endpoint, "");
  EXPECT_FALSE(Resolve({}, {{"DOCKER_TLS_VERIFY", ""}}).tls_verify.has_value());
}

TEST(EndpointTest, VerificationAloneMeansTheCertificatesOfTheDockerCommand) {
  EXPECT_EQ(Resolve({}, {{"DOCKER_TLS_VERIFY", "1"}, {"HOME", "/home/a"}}).cert_path,
            "/home/a/.docker");
  EXPECT_EQ(Resolve({}, {{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CONFIG", "/c"}}).cert_path, "/c");
}

TEST(EndpointTest, AConfiguredEndpointKeepsTheEnvironmentOut) {
  const DockerOptions options =
      Resolve({.endpoint = "unix:///run/docker.sock"}, {{"DOCKER_HOST", "tcp://db1:2376"},
                                                        {"DOCKER_CERT_PATH", "/certs"},
                                                        {"DOCKER_TLS_VERIFY", "1"}});
  EXPECT_EQ(options.endpoint, "unix:///run/docker.sock");
  EXPECT_EQ(options.cert_path, "");
  EXPECT_FALSE(options.tls_verify.has_value());
}

}  // namespace
}  // namespace dbaas::docker

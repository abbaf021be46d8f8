// SPDX-License-Identifier: MPL-2.0
// The real binary, started, spoken to and ended the way Terraform does it.
#include "tests/provider/plugin_process.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <sstream>
#include <thread>

#include "engine/base/json.h"
#include "provider/proto/plugin.grpc.pb.h"
#include "provider/proto/tfplugin6.grpc.pb.h"

namespace dbaas {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr milliseconds kOneSecond(1'000);

class PluginProcessTest : public testing::Test {
 protected:
  PluginProcess::Environment Variables() {
    return {{"PLUGIN_PROTOCOL_VERSIONS", "6,5"},
            {"PLUGIN_MIN_PORT", "10000"},
            {"PLUGIN_MAX_PORT", "25000"},
            {"PLUGIN_UNIX_SOCKET_DIR", folder_.path()},
            {"PLUGIN_CLIENT_CERT", terraform_.certificate_pem}};
  }

  PluginProcess::Environment Variables(const std::string& name, const std::string& value) {
    auto variables = Variables();
    variables[name] = value;
    return variables;
  }

  static grpc::Status GetSchema(const std::shared_ptr<grpc::Channel>& channel,
                                tfplugin6::GetProviderSchema::Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return tfplugin6::Provider::NewStub(channel)->GetProviderSchema(&context, {}, &response);
  }

  static grpc::Status Shutdown(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    plugin::Empty response;
    return plugin::GRPCController::NewStub(channel)->Shutdown(&context, {}, &response);
  }

  TemporaryFolder folder_;
  KeyPair terraform_ = MakeTerraformCertificate();
};

TEST_F(PluginProcessTest, OneSessionFromHandshakeToShutdown) {
  PluginProcess plugin(Variables());
  const std::string line = plugin.ReadLine();
  EXPECT_THAT(line, MatchesRegex("1\\|6\\|unix\\|/[^|]+\\|grpc\\|[A-Za-z0-9+/]+"));
  const std::string path = Fields(line).at(3);
  EXPECT_THAT(path, StartsWith(folder_.path() + "/"));
  struct stat socket {};
  ASSERT_EQ(stat(path.c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0600u) << "the socket is for this user alone";
  EXPECT_THAT(plugin.ReadRest(), IsEmpty())
      << "nothing follows the handshake, and stdout is closed";

  const auto channel = Connect(line, terraform_);
  // What Terraform opens at once, and leaves open to the end.
  auto stdio_stub = plugin::GRPCStdio::NewStub(channel);
  auto broker_stub = plugin::GRPCBroker::NewStub(channel);
  grpc::ClientContext stdio_context;
  grpc::ClientContext broker_context;
  auto stdio = stdio_stub->StreamStdio(&stdio_context, {});
  auto broker = broker_stub->StartStream(&broker_context);

  tfplugin6::GetProviderSchema::Response schema;
  const grpc::Status status = GetSchema(channel, schema);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(schema.has_provider());
  EXPECT_EQ(schema.resource_schemas().count("dbaas_cluster"), 1u);
  EXPECT_EQ(schema.data_source_schemas().count("dbaas_engine_versions"), 1u);

  grpc::ClientContext stop_context;
  tfplugin6::StopProvider::Response stopped;
  EXPECT_TRUE(
      tfplugin6::Provider::NewStub(channel)->StopProvider(&stop_context, {}, &stopped).ok());
  EXPECT_EQ(stopped.error(), "");

  EXPECT_TRUE(Shutdown(channel).ok()) << "the answer comes before the end";
  EXPECT_EQ(plugin.Wait(kOneSecond), 0);
  EXPECT_THAT(folder_.Files(), IsEmpty());
  EXPECT_THAT(plugin.ReadErrors(), IsEmpty()) << "no log unless it was asked for";
  stdio_context.TryCancel();
  broker_context.TryCancel();
  plugin::StdioData data;
  EXPECT_FALSE(stdio->Read(&data)) << "we never print";
  plugin::ConnInfo connection;
  EXPECT_FALSE(broker->Read(&connection));
}

TEST_F(PluginProcessTest, OnlyTheCertificateOfTerraformGetsIn) {
  PluginProcess plugin(Variables());
  const std::string line = plugin.ReadLine();
  tfplugin6::GetProviderSchema::Response schema;
  const KeyPair stranger = MakeTerraformCertificate();
  EXPECT_FALSE(GetSchema(Connect(line, stranger), schema).ok());
  const auto plaintext =
      grpc::CreateChannel("unix:" + Fields(line).at(3), grpc::InsecureChannelCredentials());
  EXPECT_FALSE(GetSchema(plaintext, schema).ok());
  EXPECT_TRUE(GetSchema(Connect(line, terraform_), schema).ok());
}

/// The bytes of the answer to a request of these bytes; empty when there is none.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request) {
  grpc::ClientContext context;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  std::promise<grpc::Status> done;
  grpc::GenericStub(channel).UnaryCall(&context, method, {}, &sent, &received,
                                       [&](const grpc::Status& status) { done.set_value(status); });
  grpc::Slice answer;
  if (!done.get_future().get().ok() || !received.TrySingleSlice(&answer).ok()) return {};
  return {reinterpret_cast<const char*>(answer.begin()), answer.size()};
}

TEST_F(PluginProcessTest, HealthIsServing) {
  PluginProcess plugin(Variables());
  const auto channel = Connect(plugin.ReadLine(), terraform_);
  const std::string serving("\x08\x01", 2);  // { status: SERVING }
  const std::string check = "/grpc.health.v1.Health/Check";
  EXPECT_EQ(CallRaw(channel, check, "\x0a\x06plugin"), serving);  // { service: "plugin" }
  EXPECT_EQ(CallRaw(channel, check, ""), serving);
  EXPECT_EQ(CallRaw(channel, check, "\x0a\x05other"), "");
}

TEST_F(PluginProcessTest, WithoutClientCertificateThereIsNoTls) {
  PluginProcess plugin(Variables("PLUGIN_CLIENT_CERT", ""));
  const std::string line = plugin.ReadLine();
  EXPECT_THAT(line, EndsWith("|grpc|"));
  tfplugin6::GetProviderSchema::Response schema;
  const auto channel =
      grpc::CreateChannel("unix:" + Fields(line).at(3), grpc::InsecureChannelCredentials());
  EXPECT_TRUE(GetSchema(channel, schema).ok());
}

TEST_F(PluginProcessTest, BrokenClientCertificateIsSaidAndEnds) {
  PluginProcess plugin(Variables("PLUGIN_CLIENT_CERT", "not a certificate"));
  EXPECT_EQ(plugin.Wait(10 * kOneSecond), 1);
  EXPECT_THAT(plugin.ReadErrors(), HasSubstr("PLUGIN_CLIENT_CERT"));
  EXPECT_THAT(plugin.ReadRest(), IsEmpty());
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(PluginProcessTest, ProtocolVersionsAreASet) {
  for (const char* versions : {"5,6", "6", "5", ""}) {
    PluginProcess plugin(Variables("PLUGIN_PROTOCOL_VERSIONS", versions));
    EXPECT_THAT(plugin.ReadLine(), StartsWith("1|6|unix|")) << versions;
  }
}

TEST_F(PluginProcessTest, MultiplexingIsDeclinedWhenItIsOffered) {
  PluginProcess plugin(Variables("PLUGIN_MULTIPLEX_GRPC", "true"));
  EXPECT_THAT(plugin.ReadLine(), EndsWith("|false"));
}

TEST_F(PluginProcessTest, SocketIsSharedWithTheGroupThatWasNamed) {
  PluginProcess plugin(Variables("PLUGIN_UNIX_SOCKET_GROUP", std::to_string(getgid())));
  const std::string path = Fields(plugin.ReadLine()).at(3);
  struct stat socket {};
  ASSERT_EQ(stat(path.c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0660u);
  ASSERT_EQ(stat(path.substr(0, path.rfind('/')).c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777, 0710u) << "which can enter the folder";

  PluginProcess unknown(Variables("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group"));
  EXPECT_EQ(unknown.Wait(10 * kOneSecond), 1);
  EXPECT_THAT(unknown.ReadErrors(), HasSubstr("no-such-group"));
}

TEST_F(PluginProcessTest, PathTooLongForASocketIsSaid) {
  PluginProcess plugin(Variables("PLUGIN_UNIX_SOCKET_DIR", "/tmp/" + std::string(100, 'x')));
  EXPECT_EQ(plugin.Wait(10 * kOneSecond), 1);
  EXPECT_THAT(plugin.ReadErrors(), HasSubstr("too long"));
}

TEST_F(PluginProcessTest, InterruptIsLeftToTerraform) {
  PluginProcess plugin(Variables());
  const std::string line = plugin.ReadLine();
  plugin.Signal(SIGINT);
  EXPECT_EQ(plugin.Wait(milliseconds(100)), std::nullopt);
  tfplugin6::GetProviderSchema::Response schema;
  EXPECT_TRUE(GetSchema(Connect(line, terraform_), schema).ok());
}

TEST_F(PluginProcessTest, TerminationIsAnEndInOrder) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    PluginProcess plugin(Variables());
    plugin.ReadLine();
    plugin.Signal(signal);
    EXPECT_EQ(plugin.Wait(kOneSecond), 0);
    EXPECT_THAT(folder_.Files(), IsEmpty());
  }
}

TEST_F(PluginProcessTest, CrashIsReportedAndLeavesNoSocket) {
  auto variables = Variables();
  // A sanitizer would tell of it in its own words.
  for (const char* sanitizer : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    variables[sanitizer] = "handle_segv=0";
  }
  PluginProcess plugin(variables);
  plugin.ReadLine();
  plugin.Signal(SIGSEGV);
  const auto code = plugin.Wait(10 * kOneSecond);
  EXPECT_TRUE(code.has_value() && *code != 0);
  EXPECT_THAT(folder_.Files(), IsEmpty());
  EXPECT_THAT(plugin.ReadErrors(), StartsWith("panic: terraform-provider-dbaas"));
}

TEST_F(PluginProcessTest, EndsWithItsParent) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  // A Terraform of our own, which dies without a word.
  const pid_t parent = fork();
  if (parent == 0) {
    PluginProcess plugin(Variables());
    const std::string line = plugin.ReadLine();
    const bool listening = !line.empty() && folder_.Files().size() == 1;
    if (write(pipe_ends[1], &listening, sizeof(listening)) != sizeof(listening)) _exit(1);
    kill(getpid(), SIGKILL);
  }
  close(pipe_ends[1]);
  bool listening = false;
  ASSERT_EQ(read(pipe_ends[0], &listening, sizeof(listening)), 1);
  EXPECT_TRUE(listening);
  close(pipe_ends[0]);
  waitpid(parent, nullptr, 0);
  for (int i = 0; i < 1000 && !folder_.Files().empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(PluginProcessTest, OutlivesTheThreadThatStartedIt) {
  std::unique_ptr<PluginProcess> plugin;
  std::string line;
  std::thread([&] {
    plugin = std::make_unique<PluginProcess>(Variables());
    line = plugin->ReadLine();
  }).join();
  EXPECT_EQ(plugin->Wait(milliseconds(100)), std::nullopt);
  tfplugin6::GetProviderSchema::Response schema;
  EXPECT_TRUE(GetSchema(Connect(line, terraform_), schema).ok());
}

TEST_F(PluginProcessTest, LogsAreJsonAndOnlyOnStderr) {
  PluginProcess plugin(Variables("TF_LOG", "trace"));
  const std::string line = plugin.ReadLine();
  const auto channel = Connect(line, terraform_);
  tfplugin6::GetProviderSchema::Response schema;
  EXPECT_TRUE(GetSchema(channel, schema).ok());
  EXPECT_TRUE(Shutdown(channel).ok());
  EXPECT_EQ(plugin.Wait(kOneSecond), 0);
  EXPECT_THAT(plugin.ReadRest(), IsEmpty());
  std::istringstream log(plugin.ReadErrors());
  int calls = 0;
  for (std::string text; std::getline(log, text);) {
    const auto json = ParseJson(text, "the line");
    ASSERT_TRUE(json.has_value()) << text;
    EXPECT_THAT(GetString(*json, "@timestamp"),
                MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"));
    calls += GetString(*json, "tf_rpc") == "GetProviderSchema" ? 1 : 0;
  }
  EXPECT_GT(calls, 0);
}

TEST_F(PluginProcessTest, PeopleGetAHint) {
  PluginProcess plugin(PluginProcess::Environment{{"TF_PLUGIN_MAGIC_COOKIE", "wrong"}});
  EXPECT_EQ(plugin.Wait(10 * kOneSecond), 1);
  EXPECT_THAT(plugin.ReadErrors(), HasSubstr("plugin"));
  EXPECT_THAT(plugin.ReadRest(), IsEmpty());

  PluginProcess version({}, {"--version"});
  EXPECT_THAT(version.ReadLine(), MatchesRegex("terraform-provider-dbaas [0-9]+\\.[0-9]+\\..*"));
  EXPECT_EQ(version.Wait(10 * kOneSecond), 0);
}

TEST_F(PluginProcessTest, DebugModeServesUntilInterrupted) {
  PluginProcess plugin({{"TMPDIR", folder_.path()}, {"TF_PLUGIN_MAGIC_COOKIE", ""}}, {"--debug"});
  std::string line;
  for (int i = 0; i < 5 && !line.starts_with("TF_REATTACH_PROVIDERS="); ++i) {
    line = plugin.ReadLine();
  }
  const std::string text = line.substr(line.find('{'), line.rfind('}') - line.find('{') + 1);
  const auto json = ParseJson(text, "the line");
  ASSERT_TRUE(json.has_value()) << line;
  const Json& server = GetMember(*json, "registry.terraform.io/dbaas/dbaas");
  EXPECT_EQ(GetInt(server, "Pid"), plugin.pid());
  const std::string path = GetString(GetMember(server, "Addr"), "String");
  for (int i = 0; i < 2; ++i) {
    tfplugin6::GetProviderSchema::Response schema;
    EXPECT_TRUE(
        GetSchema(grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials()), schema)
            .ok());
  }
  plugin.Signal(SIGINT);
  EXPECT_EQ(plugin.Wait(kOneSecond), 0);
  EXPECT_THAT(folder_.Files(), IsEmpty());
}

TEST_F(PluginProcessTest, ManySessionsLeaveNothing) {
  for (int i = 0; i < 25; ++i) {
    PluginProcess plugin(Variables());
    const auto channel = Connect(plugin.ReadLine(), terraform_);
    ASSERT_TRUE(Shutdown(channel).ok()) << i;
    ASSERT_EQ(plugin.Wait(kOneSecond), 0) << i;
    ASSERT_THAT(folder_.Files(), IsEmpty()) << i;
  }
}

}  // namespace
}  // namespace dbaas

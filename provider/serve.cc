// SPDX-License-Identifier: MPL-2.0
#include "provider/serve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/base/x509.h"
#include "provider/crash.h"
#include "provider/lifecycle.h"
#include "provider/log.h"
#include "provider/plugin_services.h"
#include "provider/server.h"
#include "provider/stop_signal.h"

namespace dbaas {
namespace {

constexpr int kMaxMessageBytes = 256 << 20;  // What Terraform's own SDKs allow, both ways.
constexpr int kCertificateDays = 365;        // Longer than any apply.
constexpr mode_t kOwnerOnly = 0177;          // As a umask.

// How long calls that are under way may take to stop and write down what they did. Terraform kills
// a provider two seconds after it asked it to shut down; a provider that lost its Terraform may
// take more, because nobody waits for it.
constexpr Milliseconds kDrainForHost{1'500};
constexpr Milliseconds kDrainAlone{5'000};

int Fail(const Error& error) {
  std::fprintf(stderr, "terraform-provider-dbaas: %s\n", error.ToLine().c_str());
  return 1;
}

/// The real stdout, under a number that nothing else writes to. From here on whatever is printed
/// goes nowhere: one stray byte before the handshake and Terraform refuses the plugin.
int TakeStdout() {
  const int real = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, STDOUT_FILENO);
  close(nowhere);
  return real;
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The path of the socket, in a folder of its own that nobody else can enter: on some systems the
/// permissions of a socket alone do not count.
Result<std::string> MakeSocketPath(const Environment& environment) {
  std::string parent = environment("PLUGIN_UNIX_SOCKET_DIR");
  if (parent.empty()) parent = environment("TMPDIR");
  if (parent.empty()) parent = "/tmp";
  SystemRandom random;
  const std::string folder =
      std::filesystem::absolute(parent) / fmt::format("dbaas-plugin-{}", random.Token(16));
  std::string path = folder + "/socket";
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return Invalid("", "the path of the socket is too long",
                   path + " has more than 107 characters. Set TMPDIR to a shorter folder.");
  }
  if (mkdir(folder.c_str(), 0700) != 0) {
    return Denied(fmt::format("cannot make the folder {}: {}", folder, std::strerror(errno)));
  }
  return path;
}

void RemoveSocket(const std::string& path) {
  unlink(path.c_str());
  rmdir(FolderOf(path).c_str());
}

/// By name or by number.
Result<gid_t> FindGroup(const std::string& group) {
  gid_t id = 0;
  const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), id);
  if (error == std::errc{} && end == group.data() + group.size()) return id;
  // Not getgrnam: it loads shared libraries at run time, and we may be linked without any.
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/group", "re"), std::fclose);
  while (const struct group* entry = file ? fgetgrent(file.get()) : nullptr) {
    if (group == entry->gr_name) return entry->gr_gid;
  }
  return NotFound("/etc/group has no group " + group);
}

Result<void> ShareWithGroup(const std::string& path, const std::string& group) {
  if (group.empty()) return Ok();
  const gid_t id = TRY_IN(FindGroup(group), "sharing the socket");
  const auto give = [id](const std::string& file, mode_t mode) {
    return chown(file.c_str(), static_cast<uid_t>(-1), id) == 0 && chmod(file.c_str(), mode) == 0;
  };
  if (!give(path, 0660) || !give(FolderOf(path), 0710)) {
    return Denied("cannot give the socket to the group " + group);
  }
  return Ok();
}

struct Credentials {
  std::shared_ptr<grpc::ServerCredentials> grpc;
  std::string certificate_der;  ///< Empty: no TLS.
};

/// Terraform sends its certificate and pins ours, which we tell it in the handshake; nobody else
/// on this machine can connect. It does without when the user set TF_DISABLE_PLUGIN_TLS.
Result<Credentials> MakeCredentials(const std::string& client_certificate_pem) {
  if (client_certificate_pem.empty()) return Credentials{grpc::InsecureServerCredentials(), {}};
  TRY_IN(PemToDer(client_certificate_pem), "reading PLUGIN_CLIENT_CERT");
  const KeyPair own = TRY(MakeSelfSigned("dbaas", "localhost", {"localhost"}, kCertificateDays));
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = client_certificate_pem;
  options.pem_key_cert_pairs.push_back({own.private_key_pem.Reveal(), own.certificate_pem});
  return Credentials{grpc::SslServerCredentials(options), TRY(PemToDer(own.certificate_pem))};
}

/// Everything that answers on the socket. Never destroyed: the process ends by _exit while threads
/// of gRPC still use it.
class Plugin {
 public:
  Plugin(Lifecycle& lifecycle, const StopSignal& stop)
      : lifecycle_(lifecycle), provider_(lifecycle), controller_([this, &stop] {
          shutdown_by_host_ = true;
          stop.Request();
        }) {}

  Result<void> Listen(const std::string& path, const Credentials& credentials) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + path, credentials.grpc);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    builder.RegisterService(&provider_);
    builder.RegisterService(&controller_);
    builder.RegisterService(&stdio_);
    builder.RegisterService(&broker_);
    const mode_t usual = umask(kOwnerOnly);
    server_ = builder.BuildAndStart();
    umask(usual);
    if (server_ == nullptr) {
      RemoveSocket(path);
      return Unavailable("cannot listen on " + path,
                         "Either the folder is not writable or PLUGIN_CLIENT_CERT is damaged.");
    }
    server_->GetHealthCheckService()->SetServingStatus("plugin", true);
    RemoveOnCrash(path);
    path_ = path;
    return Ok();
  }

  [[noreturn]] void RunUntil(const StopSignal& stop) {
    // While the host reads our line and connects: where it has to do that on the same processor, it
    // goes first.
    std::this_thread::yield();
    provider_.Prepare();
    stop.Wait();
    RemoveSocket(path_);
    lifecycle_.Stop();
    const bool drained = provider_.WaitIdle(shutdown_by_host_ ? kDrainForHost : kDrainAlone);
    // A Terraform that died may never have seen the last answers.
    if (shutdown_by_host_) lifecycle_.Settle();
    spdlog::debug("{}", drained ? "stopped" : "stopped with calls still under way");
    // Not by return: gRPC would wait for streams that the host leaves open to the end.
    _exit(0);
  }

 private:
  Lifecycle& lifecycle_;
  ProviderServer provider_;
  ControllerService controller_;
  StdioService stdio_;
  BrokerService broker_;
  std::unique_ptr<grpc::Server> server_;
  std::string path_;
  std::atomic<bool> shutdown_by_host_ = false;
};

Result<void> Serve(const Environment& environment, Lifecycle& lifecycle, int stdout_file) {
  auto* stop = new StopSignal(StopSignal::Interrupt::kIgnored);
  stop->StopWithParent();
  const Credentials credentials = TRY(MakeCredentials(environment("PLUGIN_CLIENT_CERT")));
  Handshake handshake;
  handshake.socket_path = TRY(MakeSocketPath(environment));
  handshake.certificate_der = credentials.certificate_der;
  if (!environment("PLUGIN_MULTIPLEX_GRPC").empty()) handshake.is_multiplexed = false;

  auto* plugin = new Plugin(lifecycle, *stop);
  TRY(plugin->Listen(handshake.socket_path, credentials));
  const std::string line = HandshakeLine(handshake);
  if (auto shared = ShareWithGroup(handshake.socket_path, environment("PLUGIN_UNIX_SOCKET_GROUP"));
      !shared) {
    RemoveSocket(handshake.socket_path);
    return std::move(shared).error();
  }
  if (write(stdout_file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    stop->Request();  // Whoever started us is gone already.
  }
  close(stdout_file);
  plugin->RunUntil(*stop);
}

Result<void> ServeReattached(const Environment& environment, Lifecycle& lifecycle) {
  auto* stop = new StopSignal(StopSignal::Interrupt::kStops);
  const std::string path = TRY(MakeSocketPath(environment));
  auto* plugin = new Plugin(lifecycle, *stop);
  TRY(plugin->Listen(path, {grpc::InsecureServerCredentials(), {}}));
  std::printf(
      "The provider is running, and will until Ctrl-C. To let Terraform use it, set this where "
      "Terraform runs:\n\n%s\n",
      ReattachLine(path, getpid()).c_str());
  std::fflush(stdout);
  plugin->RunUntil(*stop);
}

}  // namespace

int ServeTerraform(const Environment& environment, Lifecycle& lifecycle) {
  // Threads share what others gave back. With eight heaps a processor, as is usual, each of the
  // threads that answer calls would keep one of its own: an eighth of the memory of a large plan.
  mallopt(M_ARENA_MAX, 2);
  const int stdout_file = TakeStdout();
  // No openssl.cnf: where it lies and what it may load depend on the system that OpenSSL was built
  // on, which is not the one we run on. It would also cost a tenth of our start.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  InstallCrashHandlers();
  SetUpLogging(environment);
  return Fail(Serve(environment, lifecycle, stdout_file).error());
}

int ServeDebug(const Environment& environment, Lifecycle& lifecycle) {
  InstallCrashHandlers();
  SetUpLogging(environment);
  return Fail(ServeReattached(environment, lifecycle).error());
}

}  // namespace dbaas

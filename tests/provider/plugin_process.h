// SPDX-License-Identifier: MPL-2.0
//
// The provider as Terraform sees it: starts the real binary with the environment that Terraform
// gives it, reads the handshake, connects as Terraform does. For tests only.
//
//   PluginProcess plugin({.client = MakeTerraformCertificate()});
//   auto stub = tfplugin6::Provider::NewStub(plugin.Connect(…));
//
// Not thread-safe. Kills the process when it goes.
#pragma once

#include <grpcpp/channel.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/x509.h"

namespace dbaas {

/// A certificate with every particular of the one that go-plugin makes for Terraform: ECDSA P-521,
/// signed with SHA-512, a CA, for localhost.
KeyPair MakeTerraformCertificate();

/// An empty folder that goes with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::vector<std::string> Files() const;

 private:
  std::string path_;
};

class PluginProcess {
 public:
  using Environment = std::map<std::string, std::string>;
  /// The environment is `variables` alone, and the cookie unless it is there already.
  PluginProcess(Environment variables, std::vector<std::string> arguments = {});
  ~PluginProcess();
  PluginProcess(const PluginProcess&) = delete;
  PluginProcess& operator=(const PluginProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// The next line of its stdout, without the newline; empty at the end.
  std::string ReadLine();
  /// Everything that is left of a stream, until its end.
  std::string ReadRest();
  std::string ReadErrors();
  /// Exit code, or minus the signal; nothing when it is still there after `patience`.
  std::optional<int> Wait(std::chrono::milliseconds patience);
  void Signal(int signal) const;

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  int errors_ = -1;
  std::string read_;
  std::optional<int> exit_code_;
};

/// The fields between the bars.
std::vector<std::string> Fields(const std::string& handshake);

/// A connection by TLS that trusts the certificate of the handshake alone, and shows `client`.
std::shared_ptr<grpc::Channel> Connect(const std::string& handshake, const KeyPair& client);

}  // namespace dbaas

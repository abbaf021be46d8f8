// SPDX-License-Identifier: MPL-2.0
#include "tests/provider/plugin_process.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

namespace dbaas {
namespace {

std::string ToText(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  std::string text(data, length);
  BIO_free(bio);
  return text;
}

void AddExtension(X509* certificate, int kind, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, text);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Base64 as in the handshake: without padding.
std::string DerToPem(std::string base64) {
  while (base64.size() % 4 != 0) base64 += '=';
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
  return pem + "-----END CERTIFICATE-----\n";
}

/// As exec() wants them: ended by a null.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(int file) {
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(file, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, count);
  }
  return text;
}

}  // namespace

KeyPair MakeTerraformCertificate() {
  EVP_PKEY* key = EVP_EC_gen("P-521");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -30);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 262'980L * 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add_name = [name](const char* field, const char* text) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  };
  add_name("O", "HashiCorp");
  add_name("CN", "localhost");
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  AddExtension(certificate, NID_key_usage,
               "critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign");
  AddExtension(certificate, NID_ext_key_usage, "clientAuth,serverAuth");
  AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, NID_subject_key_identifier, "hash");
  AddExtension(certificate, NID_subject_alt_name, "DNS:localhost");
  X509_sign(certificate, key, EVP_sha512());

  BIO* certificate_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_pem, certificate);
  BIO* key_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_pem, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {ToText(certificate_pem), Secret<std::string>(ToText(key_pem))};
}

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "dbaas-test-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}
TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::vector<std::string> TemporaryFolder::Files() const {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    files.push_back(entry.path().string());
  }
  return files;
}

PluginProcess::PluginProcess(Environment variables, std::vector<std::string> arguments) {
  variables.emplace("TF_PLUGIN_MAGIC_COOKIE",
                    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");
  std::vector<std::string> texts;
  texts.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    texts.push_back(name);
    texts.back().append("=").append(value);
  }
  arguments.insert(arguments.begin(), DBAAS_PROVIDER);
  std::vector<char*> environment = Pointers(texts);
  std::vector<char*> argv = Pointers(arguments);

  int output[2];
  int errors[2];
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
  if (posix_spawn(&pid_, DBAAS_PROVIDER, &actions, nullptr, argv.data(), environment.data()) != 0) {
    std::abort();
  }
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  close(errors[1]);
  output_ = output[0];
  errors_ = errors[0];
}

PluginProcess::~PluginProcess() {
  if (!exit_code_) {
    Signal(SIGKILL);
    Wait(std::chrono::seconds(10));
  }
  close(output_);
  close(errors_);
}

std::string PluginProcess::ReadLine() {
  char byte = 0;
  std::string line;
  while (read(output_, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

std::string PluginProcess::ReadRest() { return ReadAll(output_); }
std::string PluginProcess::ReadErrors() { return ReadAll(errors_); }

std::optional<int> PluginProcess::Wait(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!exit_code_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    } else if (std::chrono::steady_clock::now() > end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return exit_code_;
}

void PluginProcess::Signal(int signal) const { kill(pid_, signal); }

std::vector<std::string> Fields(const std::string& handshake) {
  std::vector<std::string> fields(1);
  for (const char c : handshake) {
    if (c == '|') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::shared_ptr<grpc::Channel> Connect(const std::string& handshake, const KeyPair& client) {
  const std::vector<std::string> fields = Fields(handshake);
  if (fields.size() < 6) return nullptr;
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = DerToPem(fields[5]);
  options.pem_private_key = client.private_key_pem.Reveal();
  options.pem_cert_chain = client.certificate_pem;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel("unix:" + fields[3], grpc::SslCredentials(options), arguments);
}

}  // namespace dbaas

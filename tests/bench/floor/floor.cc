// SPDX-License-Identifier: MPL-2.0
//
// bench_floor SOCKET: the least that any plugin written with gRPC for C++ costs. It listens on a
// unix socket, prints a handshake line and answers every call, whatever its name, with an empty
// message. Started by tests/bench/run; ends when it is killed.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

/// One call: reads the one request, answers with nothing.
class EmptyAnswer : public grpc::ServerGenericBidiReactor {
 public:
  EmptyAnswer() { StartRead(&request_); }
  void OnReadDone(bool /*has_request*/) override {
    StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
  grpc::Slice nothing_;
  grpc::ByteBuffer answer_{&nothing_, 1};
};

class EmptyService : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new EmptyAnswer();
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = argv[1];
  EmptyService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  const std::string line = "1|6|unix|" + path + "|grpc|\n";
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return 1;
  server->Wait();
}

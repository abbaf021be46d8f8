// SPDX-License-Identifier: MPL-2.0
//
// bench_call SOCKET METHOD: one call with an empty request, without TLS. Prints the size of the
// answer in bytes and the milliseconds that it took on an open connection. The client of
// tests/bench/run.
//
//   bench_call /tmp/plugin.sock /tfplugin6.Provider/GetProviderSchema   →   48211 1.274
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <climits>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  using Clock = std::chrono::steady_clock;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(INT_MAX);
  const auto channel = grpc::CreateCustomChannel(std::string("unix:") + argv[1],
                                                 grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    std::fprintf(stderr, "nobody listens on %s\n", argv[1]);
    return 1;
  }
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer answer;
  grpc::Status status;
  const auto started = Clock::now();
  const auto call = stub.PrepareUnaryCall(&context, argv[2], request, &queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  const std::chrono::duration<double, std::milli> taken = Clock::now() - started;
  if (!status.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[2], status.error_message().c_str());
    return 1;
  }
  std::printf("%zu %.3f\n", answer.Length(), taken.count());
}

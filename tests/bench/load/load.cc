// SPDX-License-Identifier: MPL-2.0
//
// bench_load SECONDS ROUNDS CERTIFICATE KEY SIDE...: how many calls per second providers answer. A
// SIDE is "PID HANDSHAKE-LINE" of a provider that runs; all sides take turns, a slice of SECONDS
// each. Everything is sent as Terraform core does: over one connection, by the certificate that
// the provider was started with, values written by the core of tests/protocol/ from the provider's
// own schema, planned states as the provider planned them. Prints one line of JSON for each slice.
// The client of tests/bench/calls_bench.py.
//
// Per slice: GetProviderSchema one after another; and, at 1, 10 and 100 calls at a time,
// ReadResource of clusters that are there, PlanResourceChange and ApplyResourceChange of new ones,
// and ApplyResourceChange of those that are there. What was created is destroyed before the next
// slice.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/protocol/core.h"
#include "tests/protocol/core_wire.h"

namespace dbaas {
namespace {

using std::chrono::steady_clock;

constexpr const char* kCluster = "dbaas_cluster";
constexpr int kKept = 100;      // Clusters that are there while all is measured.
constexpr int kPlanned = 1000;  // Clusters that are planned, and created at most, in a slice.
constexpr int kAtOnce = 10;     // Outside the slices; as Terraform does.
constexpr int kConcurrencies[] = {1, 10, 100};
constexpr double kNoEnd = std::numeric_limits<double>::infinity();

[[noreturn]] void Give(const std::string& reason) {
  std::fprintf(stderr, "bench_load: %s\n", reason.c_str());
  std::exit(1);
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

double SecondsSince(steady_clock::time_point began) {
  return std::chrono::duration<double>(steady_clock::now() - began).count();
}

/// User and system time of a process and all its threads.
double CpuSeconds(int pid) {
  const std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::shared_ptr<grpc::Channel> Connect(const std::string& handshake, const std::string& certificate,
                                       const std::string& key) {
  std::vector<std::string> fields;
  std::istringstream line(handshake);
  for (std::string field; std::getline(line, field, '|');) fields.push_back(field);
  if (fields.size() < 5) Give("not a handshake: " + handshake);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(INT_MAX);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (fields.size() > 5 && !fields[5].empty()) {
    std::string der = fields[5];
    while (der.size() % 4 != 0) der += '=';
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < der.size(); at += 64) pem += der.substr(at, 64) + "\n";
    pem += "-----END CERTIFICATE-----\n";
    credentials = grpc::SslCredentials({pem, ReadFile(key), ReadFile(certificate)});
    arguments.SetSslTargetNameOverride("localhost");
  }
  return grpc::CreateCustomChannel("unix:" + fields[3], credentials, arguments);
}

/// What a slice gave.
struct Slice {
  int concurrency = 0;
  double seconds = 0;
  double cpu = 0;                         ///< Of the provider's process.
  std::vector<double> milliseconds;       ///< Of each call, in the order of their ends.
  std::vector<grpc::ByteBuffer> answers;  ///< By request, of those that were sent.
};

/// How requests are taken: again and again until the time is over, or each but once.
enum class Requests { kInTurns, kOnce };

/// A connection, and the process behind it.
class Client {
 public:
  Client(int pid, const std::shared_ptr<grpc::Channel>& channel) : pid_(pid), stub_(channel) {}

  /// Makes calls of one method, `concurrency` at a time, and begins none after `seconds`.
  Slice Drive(const std::string& method, const std::vector<grpc::ByteBuffer>& requests,
              Requests how, int concurrency, double seconds) {
    Slice slice{.concurrency = concurrency};
    const double cpu = CpuSeconds(pid_);
    const auto began = steady_clock::now();
    std::size_t started = 0;
    std::size_t under_way = 0;
    for (;;) {
      const bool more =
          (how == Requests::kInTurns || started < requests.size()) && SecondsSince(began) < seconds;
      if (more && under_way < static_cast<std::size_t>(concurrency)) {
        slice.answers.emplace_back();
        Start(method, requests[started % requests.size()], started);
        ++started;
        ++under_way;
        continue;
      }
      if (under_way == 0) break;
      TakeOne(method, slice);
      --under_way;
    }
    slice.seconds = SecondsSince(began);
    slice.cpu = CpuSeconds(pid_) - cpu;
    return slice;
  }

 private:
  struct Call {
    std::size_t number;
    steady_clock::time_point began;
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer answer;
    grpc::Status status;
  };

  void Start(const std::string& method, const grpc::ByteBuffer& request, std::size_t number) {
    auto* call = new Call;
    call->number = number;
    call->began = steady_clock::now();
    call->reader =
        stub_.PrepareUnaryCall(&call->context, "/tfplugin6.Provider/" + method, request, &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
  }

  void TakeOne(const std::string& method, Slice& slice) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_.Next(&tag, &ok)) Give("the queue ended");
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    if (!call->status.ok()) Give(method + ": " + call->status.error_message());
    slice.milliseconds.push_back(SecondsSince(call->began) * 1000);
    slice.answers[call->number] = call->answer;
  }

  int pid_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
};

template <typename Message>
grpc::ByteBuffer ToBytes(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

/// The answer that `bytes` are; ends the program when there are errors in it.
template <typename Response>
Response Checked(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  if (!bytes.Dump(&slices).ok()) Give("an answer cannot be read");
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  Response response;
  if (!response.ParseFromString(text)) Give("an answer is no message");
  const core::DiagnosticList found(response.diagnostics().begin(), response.diagnostics().end());
  if (!found.empty()) Give(core::ToText(found));
  return response;
}

/// A provider, and what is asked of it.
class Side {
 public:
  Side(int pid, const std::shared_ptr<grpc::Channel>& channel)
      : core_(channel), client_(pid, channel) {
    schema_ = {ToBytes(tfplugin6::GetProviderSchema::Request())};
    plans_ = PlanRequests("load", kPlanned);
    applies_ = Planned(plans_);
    const Slice kept = client_.Drive("ApplyResourceChange", Planned(PlanRequests("kept", kKept)),
                                     Requests::kOnce, kAtOnce, kNoEnd);
    kept_.resize(kept.answers.size());
    Keep(kept);
  }

  Slice Schema(double seconds) {
    return client_.Drive("GetProviderSchema", schema_, Requests::kInTurns, 1, seconds);
  }
  Slice Read(int concurrency, double seconds) {
    std::vector<grpc::ByteBuffer> reads;
    for (const auto& kept : kept_) {
      tfplugin6::ReadResource::Request read;
      read.set_type_name(kCluster);
      *read.mutable_current_state() = kept.new_state();
      read.set_private_(kept.private_());
      reads.push_back(ToBytes(read));
    }
    Slice slice = client_.Drive("ReadResource", reads, Requests::kInTurns, concurrency, seconds);
    for (const auto& answer : slice.answers) {
      if (Checked<tfplugin6::ReadResource::Response>(answer).new_state().msgpack().size() < 2) {
        Give("a cluster is gone");
      }
    }
    return slice;
  }
  Slice Plan(int concurrency, double seconds) {
    Slice slice =
        client_.Drive("PlanResourceChange", plans_, Requests::kInTurns, concurrency, seconds);
    for (const auto& answer : slice.answers) {
      Checked<tfplugin6::PlanResourceChange::Response>(answer);
    }
    return slice;
  }
  /// Each of the clusters that are there gets another value of a parameter, once at most.
  Slice Update(int concurrency, double seconds) {
    work_mem_ = work_mem_ == "8MB" ? "16MB" : "8MB";
    std::vector<grpc::ByteBuffer> plans;
    for (int number = 0; number < kKept; ++number) {
      const auto& kept = kept_[number];
      plans.push_back(PlanRequest(
          Cluster("kept", number,
                  {{"parameters", Value::Object({{"work_mem", Value::String(work_mem_)}})}}),
          ValueOf(kept.new_state()), kept.private_()));
    }
    Slice slice =
        client_.Drive("ApplyResourceChange", Planned(plans), Requests::kOnce, concurrency, seconds);
    Keep(slice);
    return slice;
  }
  Slice Apply(int concurrency, double seconds) {
    Slice slice =
        client_.Drive("ApplyResourceChange", applies_, Requests::kOnce, concurrency, seconds);
    std::vector<grpc::ByteBuffer> removals;
    for (const auto& answer : slice.answers) {
      const auto applied = Checked<tfplugin6::ApplyResourceChange::Response>(answer);
      tfplugin6::ApplyResourceChange::Request removal;
      removal.set_type_name(kCluster);
      *removal.mutable_prior_state() = applied.new_state();
      *removal.mutable_planned_state() = Write(Value::Null());
      *removal.mutable_config() = Write(Value::Null());
      removal.set_planned_private(applied.private_());
      removals.push_back(ToBytes(removal));
    }
    const Slice removed =
        client_.Drive("ApplyResourceChange", removals, Requests::kOnce, kAtOnce, kNoEnd);
    for (const auto& answer : removed.answers) {
      Checked<tfplugin6::ApplyResourceChange::Response>(answer);
    }
    return slice;
  }

 private:
  tfplugin6::DynamicValue Write(const Value& value) {
    tfplugin6::DynamicValue dynamic;
    dynamic.set_msgpack(core::Encode(value, core_.TypeOf(kCluster)));
    return dynamic;
  }

  Value ValueOf(const tfplugin6::DynamicValue& value) const {
    auto read = core::Decode(value.msgpack(), core_.TypeOf(kCluster));
    if (!read) Give(read.error().ToLine());
    return *std::move(read);
  }

  Value Cluster(const std::string& prefix, int number, const Value::Map& more = {}) const {
    Value::Map members = {{"name", Value::String(prefix + "-" + std::to_string(number))},
                          {"engine_version", Value::String("17")},
                          {"node_count", Value::Num(Number(std::int64_t{3}))},
                          {"deletion_protection", Value::Bool(false)}};
    members.insert(more.begin(), more.end());
    return core_.Config(kCluster, members);
  }

  grpc::ByteBuffer PlanRequest(const Value& config, const Value& prior,
                               const std::string& private_data) {
    tfplugin6::PlanResourceChange::Request request;
    request.set_type_name(kCluster);
    *request.mutable_prior_state() = Write(prior);
    *request.mutable_config() = Write(config);
    *request.mutable_proposed_new_state() =
        Write(core::ProposedNew(core_.TypeOf(kCluster), prior, config));
    request.set_prior_private(private_data);
    return ToBytes(request);
  }

  std::vector<grpc::ByteBuffer> PlanRequests(const std::string& prefix, int count) {
    std::vector<grpc::ByteBuffer> requests;
    for (int number = 0; number < count; ++number) {
      requests.push_back(PlanRequest(Cluster(prefix, number), Value::Null(), ""));
    }
    return requests;
  }

  /// The applies of what these plans ask for.
  std::vector<grpc::ByteBuffer> Planned(const std::vector<grpc::ByteBuffer>& plans) {
    const Slice planned =
        client_.Drive("PlanResourceChange", plans, Requests::kOnce, kAtOnce, kNoEnd);
    return ApplyRequests(plans, planned.answers);
  }

  /// The states of the clusters that are there, from applies of the first of them.
  void Keep(const Slice& applied) {
    for (std::size_t at = 0; at < applied.answers.size(); ++at) {
      kept_[at] = Checked<tfplugin6::ApplyResourceChange::Response>(applied.answers[at]);
    }
  }

  /// What core makes of plans and their answers.
  std::vector<grpc::ByteBuffer> ApplyRequests(const std::vector<grpc::ByteBuffer>& plans,
                                              const std::vector<grpc::ByteBuffer>& answers) {
    std::vector<grpc::ByteBuffer> requests;
    for (std::size_t at = 0; at < answers.size(); ++at) {
      const auto answer = Checked<tfplugin6::PlanResourceChange::Response>(answers[at]);
      grpc::Slice bytes;
      if (!plans[at].DumpToSingleSlice(&bytes).ok()) Give("a request cannot be read");
      tfplugin6::PlanResourceChange::Request plan;
      plan.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
      tfplugin6::ApplyResourceChange::Request request;
      request.set_type_name(kCluster);
      *request.mutable_prior_state() = plan.prior_state();
      *request.mutable_config() = plan.config();
      *request.mutable_planned_state() = answer.planned_state();
      request.set_planned_private(answer.planned_private());
      requests.push_back(ToBytes(request));
    }
    return requests;
  }

  core::Core core_;
  Client client_;
  std::vector<grpc::ByteBuffer> schema_;
  std::vector<tfplugin6::ApplyResourceChange::Response> kept_;
  std::string work_mem_;
  std::vector<grpc::ByteBuffer> plans_;
  std::vector<grpc::ByteBuffer> applies_;
};

void Print(std::size_t side, const char* rpc, Slice slice) {
  auto& all = slice.milliseconds;
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all[std::min(all.size() - 1, static_cast<std::size_t>(share * all.size()))];
  };
  const auto calls = static_cast<double>(all.size());
  std::printf(
      "{\"side\": %zu, \"rpc\": \"%s\", \"concurrency\": %d, \"calls\": %zu, \"per_second\": %.1f, "
      "\"cpu_us\": %.1f, \"p50\": %.3f, \"p99\": %.3f}\n",
      side, rpc, slice.concurrency, all.size(), calls / slice.seconds, slice.cpu / calls * 1e6,
      at(0.5), at(0.99));
  std::fflush(stdout);
}

int Run(double seconds, int rounds, const std::string& certificate, const std::string& key,
        const std::vector<std::string>& arguments) {
  std::vector<std::unique_ptr<Side>> sides;
  for (const std::string& argument : arguments) {
    const std::size_t space = argument.find(' ');
    if (space == std::string::npos) Give("not a side: " + argument);
    const int pid = std::atoi(argument.c_str());
    sides.push_back(
        std::make_unique<Side>(pid, Connect(argument.substr(space + 1), certificate, key)));
  }
  const auto each = [&](const char* rpc, const auto& take) {
    for (std::size_t side = 0; side < sides.size(); ++side) Print(side, rpc, take(*sides[side]));
  };
  for (int round = 0; round < rounds; ++round) {
    each("Schema", [&](Side& side) { return side.Schema(seconds); });
    for (const int concurrency : kConcurrencies) {
      each("Read", [&](Side& side) { return side.Read(concurrency, seconds); });
      each("Plan", [&](Side& side) { return side.Plan(concurrency, seconds); });
      each("Apply", [&](Side& side) { return side.Apply(concurrency, seconds); });
      each("Update", [&](Side& side) { return side.Update(concurrency, seconds); });
    }
  }
  return 0;
}

}  // namespace
}  // namespace dbaas

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fputs("usage: bench_load SECONDS ROUNDS CERTIFICATE KEY SIDE...\n", stderr);
    return 2;
  }
  return dbaas::Run(std::atof(argv[1]), std::atoi(argv[2]), argv[3], argv[4],
                    {argv + 5, argv + argc});
}

// SPDX-License-Identifier: MPL-2.0
//
// bench_refresh write|read|remove CLUSTERS: the records of so many clusters on the Docker engine of
// the environment, called refresh-0 and so on. `read` asks for each, ten at a time as Terraform
// does, and prints one line of JSON.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "engine/drivers/docker/docker_driver.h"
#include "engine/engine.h"

namespace dbaas {
namespace {

constexpr int kReaders = 10;

std::string NameOf(int number) { return "refresh-" + std::to_string(number); }

/// A cluster of one member, with secrets as large as real ones.
ClusterRecord RecordOf(int number) {
  ClusterRecord record{.cluster = NameOf(number), .uid = "bench", .generation = 1, .settled = 1};
  record.parts.emplace(std::string(kClusterPart), ClusterSpec{.name = record.cluster,
                                                              .engine = "postgresql",
                                                              .engine_version = "17",
                                                              .node_count = 1,
                                                              .instance_class = "db.small"});
  record.ports = {{"write", 20000 + 2 * number}, {"read", 20001 + 2 * number}};
  for (const auto& request : FindDbms("postgresql")->Secrets(record, "127.0.0.1")) {
    for (const char* suffix : {"", ".crt", ".key"}) {
      record.secrets.emplace(request.name + suffix, Secret<std::string>(std::string(400, 'x')));
    }
  }
  return record;
}

template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().ToLine().c_str());
  std::exit(1);
}
void Must(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().ToLine().c_str());
  std::exit(1);
}

void Read(int clusters) {
  SystemClock clock;
  SystemRandom random;
  Engine engine({HostConfig{}}, clock, random);
  std::atomic<int> next = 0;
  std::atomic<int> found = 0;
  const auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] {
        for (int number = next++; number < clusters; number = next++) {
          found += Must(engine.Read({"local", NameOf(number)}, ReadDepth::kListing)) ? 1 : 0;
        }
      });
    }
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  std::printf("{\"found\": %d, \"seconds\": %.4f}\n", found.load(), seconds.count());
}

int Run(const std::string& what, int clusters) {
  if (what == "read") {
    Read(clusters);
    return 0;
  }
  SystemClock clock;
  const auto driver =
      Must(MakeDockerDriver(FromEnvironment(DockerOptions{}, ReadEnvironment), clock));
  for (int number = 0; number < clusters; ++number) {
    if (what == "write") {
      Must(driver->WriteRecord(RecordOf(number), 0));
    } else {
      Must(driver->RemoveRecord(NameOf(number)));
    }
  }
  return 0;
}

}  // namespace
}  // namespace dbaas

int main(int argc, char** argv) {
  const std::string what = argc == 3 ? argv[1] : "";
  if ((what != "write" && what != "read" && what != "remove") || std::atoi(argv[2]) <= 0) {
    std::fputs("usage: bench_refresh write|read|remove CLUSTERS\n", stderr);
    return 2;
  }
  return dbaas::Run(what, std::atoi(argv[2]));
}

// SPDX-License-Identifier: MPL-2.0
//
// bench_plan OBJECTS: one listing of a host with so many objects, in clusters of three members (8
// objects each), taken apart and planned cluster by cluster as a refresh and a plan do: expand,
// diff, plan. In every hundredth cluster a member is missing. Prints one line of JSON.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "engine/plan/build_plan.h"

namespace dbaas {
namespace {

constexpr int kObjectsOfACluster = 8;
constexpr int kOneMissingIn = 100;

ClusterRecord RecordOf(const Dbms& dbms, int number) {
  ClusterRecord record{.cluster = "c" + std::to_string(number), .uid = "bench"};
  ClusterSpec spec{.name = record.cluster,
                   .engine = "postgresql",
                   .engine_version = "17",
                   .node_count = 3,
                   .instance_class = "db.small",
                   .resources = FindInstanceClass("db.small")->resources};
  record.parts.emplace(std::string(kClusterPart), std::move(spec));
  int port = 15432;
  for (const auto& one : dbms.PublishedPorts(record)) record.ports[one.name] = port++;
  const auto keep = [&record](const std::string& name, std::size_t length) {
    record.secrets.emplace(name, Secret<std::string>(std::string(length, 'x')));
  };
  // As long as real ones are.
  for (const auto& request : dbms.Secrets(
           record, [](const std::string&) { return std::vector<std::string>{"127.0.0.1"}; })) {
    if (request.kind == SecretRequest::Kind::kPassword) {
      keep(request.name, 32);
    } else {
      keep(request.name + ".crt", 720);
      keep(request.name + ".key", 241);
    }
  }
  return record;
}

void List(const DesiredState& desired, bool one_missing, Observation& listing) {
  for (const auto& object : desired.objects) {
    if (one_missing && object.id.kind == ObjectKind::kInstance &&
        object.member == desired.members.back()) {
      continue;
    }
    listing.objects.push_back({.id = object.id,
                               .cluster = object.cluster,
                               .part = object.part,
                               .member = object.member,
                               .fingerprint = object.fingerprint});
  }
}

double MebibytesResident() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0;
  statm >> pages >> pages;
  return static_cast<double>(pages) * 4096 / (1 << 20);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int Run(int objects) {
  const Dbms& dbms = *FindDbms("postgresql");
  const int clusters = objects / kObjectsOfACluster;
  // The world, outside the clock: what a driver would have reported.
  const ClusterRecord first = RecordOf(dbms, 0);
  Observation listing;
  for (int i = 0; i < clusters; ++i) {
    List(dbms.Expand(RecordOf(dbms, i)).value(), i % kOneMissingIn == 0, listing);
  }
  const double mebibytes_before = MebibytesResident();
  double records_seconds = 0;
  std::size_t actions = 0;
  const double began = CpuSeconds();
  const auto by_cluster = ByCluster(listing);
  const double memory = MebibytesResident() - mebibytes_before;
  for (int i = 0; i < clusters; ++i) {
    // A record comes from the driver; making one is not planning.
    const double pause = CpuSeconds();
    const ClusterRecord record = RecordOf(dbms, i);
    records_seconds += CpuSeconds() - pause;
    const DesiredState desired = dbms.Expand(record).value();
    const Observation& observed = by_cluster.at(record.cluster);
    const Diff diff = ComputeDiff(desired.objects, observed, {});
    ClusterFacts facts{.members = {}, .settings = desired.settings, .settings_known = true};
    for (const auto& name : desired.members) {
      const bool leads = facts.members.empty();
      facts.members.push_back({.name = name,
                               .role = leads ? Role::kPrimary : Role::kStandby,
                               .running = true,
                               .streaming = !leads});
    }
    actions +=
        BuildPlan(diff, {.desired = desired, .observed = observed, .facts = &facts}).actions.size();
  }
  const double seconds = CpuSeconds() - began - records_seconds;
  std::printf(
      "{\"objects\": %zu, \"seconds\": %.4f, \"index_mebibytes\": %.1f, \"actions\": %zu}\n",
      listing.objects.size(), seconds, memory, actions);
  return 0;
}

}  // namespace
}  // namespace dbaas

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_plan OBJECTS\n", stderr);
    return 2;
  }
  return dbaas::Run(std::atoi(argv[1]));
}

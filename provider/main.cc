// SPDX-License-Identifier: MPL-2.0
//
// terraform-provider-dbaas. Terraform starts it without arguments; the others are for people.
#include <cstdio>
#include <string_view>

#include "engine/engine.h"
#include "provider/handshake.h"
#include "provider/serve.h"

namespace {

constexpr const char* kHint =
    "This is terraform-provider-dbaas " DBAAS_VERSION
    ", a plugin: Terraform and OpenTofu start it\n"
    "by themselves, and alone it does nothing. Name it in a configuration and run\n"
    "terraform init:\n"
    "\n"
    "  terraform {\n"
    "    required_providers {\n"
    "      dbaas = { source = \"dbaas/dbaas\" }\n"
    "    }\n"
    "  }\n"
    "\n"
    "The command `dbaas` does the same work without Terraform. Of the plugin itself there are\n"
    "--version, and --debug, which runs it under your debugger for a Terraform elsewhere.\n";

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = dbaas::RunHiddenMode(argc, argv)) return *code;
  const std::string_view argument = argc > 1 ? argv[1] : "";
  const dbaas::Environment environment = dbaas::ProcessEnvironment();
  if (argument == "--version") {
    std::puts("terraform-provider-dbaas " DBAAS_VERSION);
    return 0;
  }
  dbaas::SystemClock clock;
  dbaas::SystemRandom random;
  dbaas::Lifecycle lifecycle(clock, random);
  if (argument == "--debug") return dbaas::ServeDebug(environment, lifecycle);
  if (dbaas::IsLaunchedByTerraform(environment)) {
    return dbaas::ServeTerraform(environment, lifecycle);
  }
  std::fputs(kHint, stderr);
  return 1;
}

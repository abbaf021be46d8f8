// SPDX-License-Identifier: MPL-2.0
//
// The hidden mode alone, for tests, whose own programs do not have it.
#include "engine/drivers/process/supervisor.h"

int main(int argc, char** argv) { return argc == 3 ? dbaas::process::Supervise(argv[2]) : 2; }

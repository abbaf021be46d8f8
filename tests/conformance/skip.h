// SPDX-License-Identifier: MPL-2.0
//
// Skipping aloud: a test that this machine cannot run says so where a person sees it, and fails
// where CI=true, because CI has everything.
//
//   if (!missing.empty()) DBAAS_SKIP(missing);     // in a test body or in SetUp
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace dbaas {

inline bool RunsInCi() {
  const char* value = std::getenv("CI");
  return value != nullptr && std::string(value) == "true";
}

}  // namespace dbaas

#define DBAAS_SKIP(reason)                                           \
  do {                                                               \
    std::cerr << "\n*** NOT TESTED: " << (reason) << "\n\n";         \
    if (::dbaas::RunsInCi()) FAIL() << "CI must have: " << (reason); \
    GTEST_SKIP() << (reason);                                        \
  } while (false)

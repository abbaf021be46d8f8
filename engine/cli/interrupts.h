// SPDX-License-Identifier: MPL-2.0
//
// Ctrl-C (and SIGTERM). Once asks an apply to come to an end in order, twice ends the process. Made
// first thing in main(), before any other thread is there: threads inherit which signals are
// blocked. One per process.
#pragma once

#include <atomic>
#include <stop_token>

namespace dbaas {

class Interrupts {
 public:
  Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Until this is called, the first one ends the process.
  void Catch() { caught_ = true; }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  [[noreturn]] void Watch();

  std::atomic<bool> caught_ = false;
  std::stop_source stop_;
};

}  // namespace dbaas

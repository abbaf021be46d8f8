// SPDX-License-Identifier: MPL-2.0
//
// When to end: asked to by a signal, by the host through gRPC, or because the host is gone.
// Made first thing in main(), before any other thread is there: threads inherit which signals are
// blocked. Used by serve.*.
//
//   StopSignal stop(StopSignal::Interrupt::kIgnored);
//   … serve …
//   stop.Wait();
#pragma once

#include <sys/types.h>

#include <csignal>

namespace dbaas {

class StopSignal {
 public:
  /// Ctrl-C goes to Terraform and to all its providers at once. Terraform then tells each of them,
  /// by StopProvider, to come to an end in order; only a provider of one's own ends by itself.
  enum class Interrupt { kIgnored, kStops };
  explicit StopSignal(Interrupt interrupt);

  /// Also stop when the process that started us ends, however it ends. Linux only tells when the
  /// thread ends that did it, which is not the same for hosts with short-lived threads; Wait()
  /// looks at who the parent is before it believes it.
  void StopWithParent();

  /// From any thread.
  void Request() const;
  /// Blocks until there is a reason to stop.
  void Wait() const;

 private:
  sigset_t signals_;
  pid_t parent_;
};

}  // namespace dbaas

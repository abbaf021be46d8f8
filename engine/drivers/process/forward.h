// SPDX-License-Identifier: MPL-2.0
//
// Published ports: connections to a port of the host are carried to an instance's own address, byte
// by byte. What docker-proxy is to a container. The port belongs to the instance from before its
// first start until its supervisor ends, whether anything in it listens or not. Used by the
// supervisor, on its one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/drivers/process/loop.h"
#include "engine/drivers/process/status.h"

namespace dbaas::process {

/// Listens on the ports' addresses on this host. kConflict on field "port" when one is taken.
Result<std::vector<std::pair<Descriptor, PublishedPort>>> ListenOnPorts(
    const std::vector<PublishedPort>& ports, const std::string& host);

class Forwarder {
 public:
  Forwarder(Loop& loop, std::string address);
  ~Forwarder();
  /// `listener` stays the caller's.
  void Serve(int listener, int instance_port);

 private:
  class Session;
  void Accept(int listener, int instance_port);

  Loop& loop_;
  const std::string address_;
  std::map<Session*, std::shared_ptr<Session>> sessions_;
};

}  // namespace dbaas::process

// SPDX-License-Identifier: MPL-2.0
//
// HostTraits: how kinds of hosts differ, as far as anybody but their drivers has to know. Told by
// Driver::Traits(), the same for as long as the driver lives; read by apply/. Plain data. The
// defaults are what an engine, or a directory, of one machine is like.
#pragma once

namespace dbaas {

struct HostTraits {
  /// Whether an instance can be given the runtime's control socket (InstanceSpec::control_socket).
  bool control_socket = true;
  /// Whether a volume can be a directory of the host's (Object::directory).
  bool directories = true;
  /// Whether several instances can mount one volume at the same time, wherever they run.
  bool shared_volumes = true;
  /// Whether each instance that publishes ports has an address for itself. Then all of them can
  /// have the same ones.
  bool own_addresses = false;
  /// The ports that can be published, where they are handed out for all instances together. 0: any
  /// that a process may listen on.
  int first_port = 0;
  int last_port = 0;
};

}  // namespace dbaas

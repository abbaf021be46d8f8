// SPDX-License-Identifier: MPL-2.0
//
// Objects: the things a driver can hold, as data. A Dbms expands specs into them, the diff compares
// them, a driver makes them real. Plain values, no I/O.
//
//   Object volume{.id = {ObjectKind::kVolume, "orders-1-data"}, .cluster = "orders", .member =
//   "orders-1"};
//
// Source of the label names: Kubernetes' recommended labels
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/hash.h"
#include "engine/base/secret.h"
#include "engine/model/host_words.h"
#include "engine/model/spec.h"

namespace dbaas {

inline constexpr std::string_view kLabelManagedBy = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "dbaas";
inline constexpr std::string_view kLabelCluster = "dbaas/cluster";
inline constexpr std::string_view kLabelPart = "dbaas/part";
inline constexpr std::string_view kLabelMember = "dbaas/member";
inline constexpr std::string_view kLabelObject = "dbaas/object";  ///< "instance/orders-1"
inline constexpr std::string_view kLabelFingerprint = "dbaas/fingerprint";

/// The pseudo-cluster that owns what all clusters of a host share (etcd).
inline constexpr std::string_view kManagementCluster = "dbaas-management";

enum class ObjectKind { kNetwork, kVolume, kInstance };
const char* ToString(ObjectKind kind);  ///< "network", "volume", "instance"

/// Unique on a host: the names of all objects of a cluster start with the cluster's name.
struct ObjectId {
  ObjectKind kind = ObjectKind::kInstance;
  std::string name;
  std::string ToText() const;  ///< "instance orders-1"
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// A file inside an instance. Placed by the driver, never by environment or argv, because it may be
/// secret. Paths are absolute; the folder is made when missing and belongs to uid:gid too. (On a
/// host whose instances all run as one user, everything belongs to that one.)
struct File {
  std::string path;
  Secret<std::string> content;
  int mode = 0600;
  int uid = 0;
  int gid = 0;
  /// Written when the instance is created and not compared afterwards (bootstrap settings).
  bool create_only = false;
};

struct Mount {
  std::string volume;  ///< Name of a kVolume object.
  std::string path;
};

/// A port that the instance listens on; published on the host when host_port is not 0.
struct Port {
  std::string name;
  int container_port = 0;
  int host_port = 0;
  bool public_address = false;  ///< Published on all addresses in place of 127.0.0.1.
};

/// What a kInstance runs.
struct InstanceSpec {
  std::string image;
  std::vector<std::string> command;                ///< argv; nothing secret.
  std::map<std::string, std::string> environment;  ///< Nothing secret.
  std::vector<Mount> mounts;
  std::vector<std::string>
      networks;  ///< Names of kNetwork objects; known there by the object's name.
  std::vector<Port> ports;
  std::vector<File> files;
  Resources resources;         ///< 0 means no limit.
  std::int64_t shm_bytes = 0;  ///< /dev/shm; 0 means the driver's default.
  std::string stop_signal;     ///< "SIGINT"; empty means SIGTERM.
  int stop_timeout_seconds = 10;
  /// Makes the running instance take changed files: a signal to its first process ("SIGHUP").
  /// Empty: changed files need a restart.
  std::string reload_signal;
  /// The runtime's own control socket is where its clients look for it. Whoever has it commands the
  /// host. Only where HostTraits::control_socket.
  bool control_socket = false;
};

struct Object {
  ObjectId id;
  std::string cluster;
  std::string part;         ///< Key of the part that this object exists for.
  std::string member;       ///< Member that it belongs to; empty for shared ones.
  bool holds_data = false;  ///< A volume that must never go without leave.
  /// Of a kVolume: a directory of the host's that it is, and that stays, with what is in it, when
  /// the volume goes. Empty: the driver's own place.
  std::string directory;
  InstanceSpec instance;          ///< Only for kInstance.
  Fingerprint fingerprint;        ///< Of all but files; a difference means recreate. Set by Seal().
  Fingerprint files_fingerprint;  ///< Of the compared files; a difference means place and reload.
};

/// Computes both fingerprints. `salt` (the record's uid) keeps equal secrets of two clusters apart.
/// Host words count as what they are in a container, whatever a host makes of them.
void Seal(Object& object, const std::string& salt);

/// Everything about an object but file contents, which its fingerprint is made of: JSON with sorted
/// keys. Text from the start, for every plan does this for each object of a host.
std::string CanonicalText(const Object& object);

/// The same instance with all host words in its command, environment and files replaced. A driver
/// calls it before anything else in Ensure.
InstanceSpec ResolveHostWords(InstanceSpec instance, const HostWords& words = {});

}  // namespace dbaas

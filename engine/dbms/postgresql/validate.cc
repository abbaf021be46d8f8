// SPDX-License-Identifier: MPL-2.0
//
// What can be said about a spec without a host. Every error stands alone and names its field.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "engine/dbms/postgresql/parameters.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/topology.h"
#include "engine/model/object.h"

namespace dbaas::postgresql {
namespace {

constexpr int kMaximumNodes = 9;
// Less, and the server, Patroni and one client do not fit beside each other.
constexpr std::int64_t kMinimumMemory = std::int64_t{256} << 20;
constexpr std::size_t kMinimumPassword = 8;
constexpr std::size_t kMaximumPassword = 128;
constexpr std::size_t kMaximumIdentifier = 63;
// <name>-<replica>-data and the like have to stay within 63.
constexpr std::size_t kMaximumName = 40;

using Errors = std::vector<Error>;

/// The number after the dot: 6 of "17.6"; -1 when there is none.
int MinorOf(const std::string& version) {
  const auto dot = version.find('.');
  if (dot == std::string::npos) return -1;
  int minor = -1;
  std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  return minor;
}

int NumberOf(const std::string& major) {
  int number = 0;
  std::from_chars(major.data(), major.data() + major.size(), number);
  return number;
}

bool IsSupported(const Dbms& dbms, const std::string& major) {
  const auto versions = dbms.Versions();
  return std::find(versions.begin(), versions.end(), major) != versions.end();
}

bool HasOnly(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

void CheckVersion(const Dbms& dbms, const ClusterSpec& spec, Errors& errors) {
  const std::string major = MajorOf(spec.engine_version);
  const std::string list = fmt::format("{}", fmt::join(dbms.Versions(), ", "));
  if (!IsSupported(dbms, major) || !HasOnly(spec.engine_version, "0123456789.") ||
      std::count(spec.engine_version.begin(), spec.engine_version.end(), '.') > 1) {
    errors.push_back(Invalid("engine_version",
                             fmt::format("there is no PostgreSQL {} here", spec.engine_version),
                             fmt::format("Available: {}.", list)));
    return;
  }
  // Promising a patch level that the image does not have would be a lie in every plan.
  if (spec.engine_version != major && spec.image.empty()) {
    errors.push_back(Invalid(
        "engine_version", fmt::format("the patch level of PostgreSQL {} cannot be chosen", major),
        fmt::format("The image has the newest one. Write \"{}\", or give an image of your "
                    "own; engine_version_actual tells what runs.",
                    major)));
  }
}

void CheckShape(const ClusterSpec& spec, Errors& errors) {
  if (spec.name.size() > kMaximumName) {
    errors.push_back(
        Invalid("name", fmt::format("the name is longer than {} characters", kMaximumName)));
  }
  if (spec.name == kManagementCluster) {
    errors.push_back(Invalid("name", fmt::format("the name {} is taken", spec.name),
                             "It belongs to what all clusters of a host share."));
  }
  if (spec.node_count < 1 || spec.node_count > kMaximumNodes) {
    errors.push_back(Invalid("node_count",
                             fmt::format("{} members are not possible", spec.node_count),
                             fmt::format("Ask for 1 to {}.", kMaximumNodes)));
  } else if (spec.synchronous_replication && spec.node_count < 2) {
    errors.push_back(Invalid("synchronous_replication",
                             "there is no standby that could be synchronous",
                             "Set node_count to 2 or more. With 3, one may fail without "
                             "holding up writes."));
  }
  if (spec.resources.memory_bytes < kMinimumMemory) {
    errors.push_back(Invalid(spec.instance_class.empty() ? "resources.memory" : "instance_class",
                             fmt::format("{} MiB of memory are too little for PostgreSQL",
                                         spec.resources.memory_bytes >> 20),
                             "Give it 256 MiB or more."));
  }
  if (spec.port && spec.reader_port && *spec.port == *spec.reader_port) {
    errors.push_back(Invalid("reader_port", "port and reader_port are the same",
                             "Writes and reads need a port each."));
  }
}

constexpr std::string_view kIdentifierLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";

/// Names that need no quotes in SQL, so that nobody has to think about them.
void CheckIdentifier(const char* field, const std::string& name, Errors& errors) {
  if (name.empty() || name.size() > kMaximumIdentifier || !HasOnly(name, kIdentifierLetters) ||
      (name[0] >= '0' && name[0] <= '9')) {
    errors.push_back(Invalid(field, fmt::format("\"{}\" is not usable as a name", name),
                             "Use small letters, digits and _, starting with a letter, 63 "
                             "characters at most."));
  }
}

void CheckReserved(const char* field, const std::string& name,
                   const std::vector<std::string_view>& reserved, Errors& errors) {
  const bool is_taken = std::find(reserved.begin(), reserved.end(), name) != reserved.end();
  if (!is_taken && !name.starts_with("pg_")) return;
  errors.push_back(Invalid(field, fmt::format("the name {} is reserved", name),
                           "PostgreSQL or the engine uses it itself."));
}

void CheckPassword(const ClusterSpec& spec, Errors& errors) {
  if (!spec.password) return;
  const std::string& password = spec.password->Reveal();
  if (password.size() < kMinimumPassword || password.size() > kMaximumPassword) {
    errors.push_back(Invalid("password", fmt::format("the password must have {} to {} characters",
                                                     kMinimumPassword, kMaximumPassword)));
  }
  // Beyond ASCII, clients disagree about how a password is normalised.
  const bool is_printable = std::all_of(password.begin(), password.end(), [](char character) {
    return character >= 0x20 && character <= 0x7e;
  });
  if (!is_printable) {
    errors.push_back(Invalid("password", "the password has a character that cannot be typed",
                             "Use letters, digits, spaces and the signs of ASCII."));
  }
}

}  // namespace

std::vector<Error> PostgreSql::Validate(const ClusterSpec& spec) const {
  Errors errors;
  CheckVersion(*this, spec, errors);
  CheckShape(spec, errors);
  CheckIdentifier("username", spec.username, errors);
  CheckReserved("username", spec.username,
                {kSuperuser, kReplicationUser, kRewindUser, "public", "none"}, errors);
  CheckIdentifier("db_name", spec.db_name, errors);
  CheckReserved("db_name", spec.db_name, {"postgres", "template0", "template1"}, errors);
  CheckPassword(spec, errors);
  const std::string major = MajorOf(spec.engine_version);
  if (IsSupported(*this, major)) {
    for (auto& error : ValidateParameters(spec, major)) errors.push_back(std::move(error));
  }
  return errors;
}

std::vector<Error> PostgreSql::ValidateChange(const ClusterSpec& current,
                                              const ClusterSpec& next) const {
  Errors errors;
  if (current.engine != next.engine) {
    errors.push_back(Invalid("engine",
                             fmt::format("{} cannot become {}", current.engine, next.engine),
                             "Make a new cluster and copy the data."));
    return errors;
  }
  const int from = NumberOf(MajorOf(current.engine_version));
  const int to = NumberOf(MajorOf(next.engine_version));
  const bool is_older_patch = from == to && MinorOf(next.engine_version) >= 0 &&
                              MinorOf(next.engine_version) < MinorOf(current.engine_version);
  if (to < from || is_older_patch) {
    errors.push_back(Invalid(
        "engine_version",
        fmt::format("version {} cannot become {}", current.engine_version, next.engine_version),
        "An older PostgreSQL cannot read the data of a newer one."));
  } else if (to > from) {
    errors.push_back(Invalid("engine_version",
                             fmt::format("a major upgrade is not supported yet ({} to {})",
                                         current.engine_version, next.engine_version),
                             "Make a new cluster with the new version and copy the data."));
  }
  if (current.username != next.username) {
    errors.push_back(Invalid(
        "username", fmt::format("username {} cannot become {}", current.username, next.username),
        "It owns the database and is part of every client's login."));
  }
  if (current.db_name != next.db_name) {
    errors.push_back(Invalid(
        "db_name", fmt::format("db_name {} cannot become {}", current.db_name, next.db_name),
        "The database holds the data."));
  }
  return errors;
}

}  // namespace dbaas::postgresql

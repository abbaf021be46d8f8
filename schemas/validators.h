// SPDX-License-Identifier: MPL-2.0
//
// Validators: what the words of a table check one known value for. The complaint completes the
// sentence that begins with the attribute's name: "node_count " + "must be between 1 and 9, not
// 99". Complaints about secrets never repeat the value. Pure.
//
// To add one: a function that returns a Validator, with a rule for the docs page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "schemas/schema.h"

namespace dbaas {

/// A whole number that fits so many bits, or a collection of them. The kit adds it to every
/// integer; the docs do not mention it.
Validator WholeNumber(int bits = 64);
Validator Range(std::int64_t lowest, std::int64_t highest);
/// A number that need not be whole, greater than zero.
Validator PositiveUpTo(std::int64_t most);
Validator OneOf(const std::vector<std::string>& values);
Validator NotEmpty();
/// "/var/lib/dbaas": no dots, no slash at the end.
Validator AbsolutePath();

/// "https://example.com/hook", "http://10.0.0.1:8080/". May be a secret: the complaint has none of
/// it.
Validator HttpUrl();

/// A label of RFC 1123: lower-case letters, digits and hyphens. With a letter in front, because it
/// becomes part of names that need one.
Validator Dns1123(std::size_t longest);
/// Not one of these, which mean something already.
Validator NotReserved(std::vector<std::string> names);
/// "17", "17.6": digits with dots between them.
Validator VersionPrefix();
/// An identifier that SQL takes without quotes: lower-case letters, digits and underscores, no more
/// than 63 bytes, not one that PostgreSQL keeps for itself.
Validator SqlIdentifier();
/// A secret of this many printable ASCII characters.
Validator PrintableSecret(std::size_t shortest, std::size_t longest);
/// "512MiB", "4GiB". See ParseMemory.
Validator Memory();
/// "local/orders"
Validator ClusterIdText();
/// What the backups of a cluster go by in a bucket: "orders", or with the random part of its
/// incarnation "orders-k3J4h5G6".
Validator RepositoryName();
/// A position in a database's log: "0/3000060".
Validator LogPosition();
/// "0 2 * * *", "@daily". See CronSchedule.
Validator Cron();
/// "https://minio.example:9000": a host and perhaps a port, nothing else.
Validator HttpsUrl();

/// Bytes of "512MiB", "1.5GiB", "123B". kInvalid for everything else, zero and less included.
Result<std::int64_t> ParseMemory(const std::string& text);
/// In the largest unit that needs no fraction: "4GiB".
std::string MemoryText(std::int64_t bytes);

}  // namespace dbaas

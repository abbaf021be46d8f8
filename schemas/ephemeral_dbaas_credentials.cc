// SPDX-License-Identifier: MPL-2.0
//
// ephemeral.dbaas_credentials: how to log in, for as long as a plan or apply runs: as the
// administrator, or as a role that is made for the purpose and dropped afterwards.
#include "schemas/ephemeral.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

constexpr char kAdmin[] = "admin";
constexpr char kReadWrite[] = "read_write";
constexpr char kReadOnly[] = "read_only";
constexpr Milliseconds kDefaultTtl{3'600'000};
constexpr Milliseconds kShortestTtl{60'000};
constexpr Milliseconds kLongestTtl{24 * 3'600'000};

struct CredentialsAnswer {
  std::string cluster_id;
  std::string access = kAdmin;
  std::optional<std::string> ttl;
  std::string username;
  Secret<std::string> password;
  Secret<std::string> uri;
  Secret<std::string> reader_uri;
};

Table<CredentialsAnswer> Rows() {
  using C = CredentialsAnswer;
  return EphemeralResource<C>(
             "dbaas_credentials",
             "A name and password for a cluster, for as long as Terraform runs. They are never "
             "part of a plan or state; hand them to another provider's configuration, to a "
             "provisioner or to a write-only attribute. The administrator's are read from the "
             "cluster's record on its host; any other access is a role that is made when Terraform "
             "opens this, which is once in every plan and once in every apply, and dropped when "
             "Terraform closes it.")
      .Add("cluster_id", &C::cluster_id, Required,
           "`id` of the cluster, or its name on the provider's first host.", NotEmpty(),
           SpecFields({"host_name"}))
      .Add("access", &C::access, Default(kAdmin),
           "`admin`: the administrator of the cluster. `read_only`: a role that reads every table. "
           "`read_write`: one that also writes every table, and makes none.",
           OneOf({kAdmin, kReadOnly, kReadWrite}))
      .Add("ttl", &C::ttl, Optional,
           "For how long nobody need hear of Terraform before the role can log in no more, such as "
           "`15m`; between `1m` and `24h`, `1h` when left out. It is renewed while Terraform runs. "
           "A role that was not dropped, because Terraform was killed, is dropped with its "
           "sessions when the next one is made after that time. Not with `access = \"admin\"`.")
      .Add("username", &C::username, Computed, "Name of the administrator or role.")
      .Add("password", &C::password, Computed, Sensitive, "Its password.")
      .Add("uri", &C::uri, Computed, Sensitive,
           "Connection URI through the write port, password included.")
      .Add("reader_uri", &C::reader_uri, Computed, Sensitive,
           "Connection URI through the read port, password included. Standbys know a new role as "
           "soon as they have caught up.");
}

std::vector<Error> Check(const CredentialsAnswer& config) {
  if (!config.ttl) return {};
  if (config.access == kAdmin) {
    return {Invalid("ttl", "the administrator's credentials have no ttl",
                    "Only roles that are made for a short time end by themselves: those of access "
                    "read_only and read_write.")};
  }
  const auto ttl = ParseDuration(*config.ttl);
  if (ttl && *ttl >= kShortestTtl && *ttl <= kLongestTtl) return {};
  return {Invalid("ttl", "ttl must be a duration between 1m and 24h, not \"" + *config.ttl + "\"",
                  "A number and one of h, m, s, as in \"15m\" or \"1h30m\".")};
}

Result<EphemeralQuery> Ask(const CredentialsAnswer& config) {
  EphemeralQuery query{.cluster = config.cluster_id};
  if (config.access == kAdmin) return query;
  query.login = Login{
      .access = config.access == kReadOnly ? Login::Access::kReadOnly : Login::Access::kReadWrite,
      .ttl = config.ttl ? TRY(ParseDuration(*config.ttl)) : kDefaultTtl};
  return query;
}

Result<void> Fill(const EphemeralAnswer& found, CredentialsAnswer& answer) {
  answer.username = found.credentials.username;
  answer.password = found.credentials.password;
  answer.uri = found.credentials.uri;
  answer.reader_uri = found.credentials.reader_uri;
  return Ok();
}

}  // namespace

EphemeralType CredentialsEphemeral() {
  return Ephemeral<CredentialsAnswer>(
      Rows(), {.check = Check, .query = Ask, .fill = Fill, .cluster_attribute = "cluster_id"});
}

}  // namespace dbaas

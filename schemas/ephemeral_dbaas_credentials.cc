// SPDX-License-Identifier: MPL-2.0
//
// ephemeral.dbaas_credentials: how to log in, for as long as a plan or apply runs.
#include "schemas/ephemeral.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct CredentialsAnswer {
  std::string cluster_id;
  std::string username;
  Secret<std::string> password;
  Secret<std::string> uri;
  Secret<std::string> reader_uri;
};

Table<CredentialsAnswer> Rows() {
  using C = CredentialsAnswer;
  return EphemeralResource<C>(
             "dbaas_credentials",
             "The administrator's name and password of a cluster. They are read from the cluster's "
             "record on its host whenever they are needed, and are never part of a plan or state. "
             "Hand them to another provider's configuration or to a write-only attribute.")
      .Add("cluster_id", &C::cluster_id, Required,
           "`id` of the cluster, or its name on the provider's first host.", NotEmpty(),
           SpecFields({"host_name"}))
      .Add("username", &C::username, Computed, "Name of the administrator.")
      .Add("password", &C::password, Computed, Sensitive, "Password of the administrator.")
      .Add("uri", &C::uri, Computed, Sensitive,
           "Connection URI through the write port, password included.")
      .Add("reader_uri", &C::reader_uri, Computed, Sensitive,
           "Connection URI through the read port, password included.");
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
      Rows(), {.query = [](const CredentialsAnswer& config) -> Result<EphemeralQuery> {
                 return EphemeralQuery{.cluster = config.cluster_id};
               },
               .fill = Fill,
               .cluster_attribute = "cluster_id"});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// Login: a database role for a short time, with a password of its own. It is no part of what a
// cluster should be: no record holds it, and it ends by itself. Asked for by Terraform's ephemeral
// dbaas_credentials; the dbms says how one is made (Dbms::OpenLogin), apply/logins.h carries that
// to the primary. Plain data.
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "engine/base/secret.h"

namespace dbaas {

struct Login {
  enum class Access {
    kReadOnly,   ///< Reads every table.
    kReadWrite,  ///< Also writes every table; makes none.
  };
  std::string role;  ///< "dbaas_login_k2x7…"; chosen by whoever opens it.
  Access access = Access::kReadOnly;
  Milliseconds ttl{0};  ///< From when the server gets to it.
  Secret<std::string> password;
};

/// What the name of every such role begins with, and of no other.
inline constexpr char kLoginPrefix[] = "dbaas_login_";

}  // namespace dbaas

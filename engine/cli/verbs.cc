// SPDX-License-Identifier: MPL-2.0
//
// The table: everything that `dbaas` understands. A new verb is one line here.
#include "engine/cli/verbs.h"

namespace dbaas {

const std::vector<Verb>& AllVerbs() {
  static const std::vector<Verb> kVerbs = {
      // From a file.
      PlanVerb(),
      ApplyVerb(),
      DestroyVerb(),
      ExplainVerb(),
      GraphVerb(),
      // Of a cluster that is there.
      ShowVerb(),
      LogsVerb(),
      EventsVerb(),
      CredentialsVerb(),
      SwitchoverVerb(),
      FailoverVerb(),
      RestartVerb(),
      ReloadVerb(),
      BackupVerb(),
      BackupsVerb(),
      RestoreVerb(),
      VerifyVerb(),
      // Of a host.
      ImportVerb(),
      WatchVerb(),
      // Of itself.
      CompletionVerb(),
      ManualVerb(),
  };
  return kVerbs;
}

}  // namespace dbaas

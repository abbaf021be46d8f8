// SPDX-License-Identifier: MPL-2.0
//
// The verbs, each made in the file of its name.
#pragma once

#include "engine/cli/verb.h"

namespace dbaas {

/// For --help of every -f.
inline constexpr const char* kFileText = "A main.tf.json, or a folder of *.tf.json; this folder";

Verb ApplyVerb();
Verb BackupVerb();
Verb RestoreVerb();
Verb VerifyVerb();
Verb BackupsVerb();
Verb CompletionVerb();
Verb CredentialsVerb();
Verb DestroyVerb();
Verb EventsVerb();
Verb ExplainVerb();
Verb FailoverVerb();
Verb GraphVerb();
Verb ImportVerb();
Verb LogsVerb();
Verb ManualVerb();
Verb PlanVerb();
Verb RestartVerb();
Verb ReloadVerb();
Verb ShowVerb();
Verb SwitchoverVerb();
Verb WatchVerb();

}  // namespace dbaas

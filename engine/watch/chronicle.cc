// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/chronicle.h"

#include <fmt/format.h>

#include "engine/apply/annotate.h"

namespace dbaas {

Result<void> WriteDown(Driver& driver, Clock& clock, const Holder& holder,
                       const WatchReport& report) {
  return Annotate(driver, clock, holder, report.cluster,
                  {.at = ToText(report.at),
                   .what = fmt::format("{}: {}", ToString(report.kind), report.text),
                   .outcome = "ok",
                   .actions = {{.action = "take away the claim of " + report.member,
                                .outcome = "ok",
                                .milliseconds = report.took.count()}}});
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::cron_next: when a schedule comes round next.
#include "engine/model/cron.h"
#include "schemas/function.h"
#include "schemas/timestamp.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

Result<std::string> Next(const std::string& schedule, const std::string& after) {
  const auto cron = CronSchedule::Parse(schedule);
  if (!cron) return Invalid("schedule", "is not a schedule: " + cron.error().ToLine());
  const auto time = ParseTimestamp(after);
  if (!time) return Error(time.error()).On("after");
  const auto next = cron->NextAfter(*time);
  if (!next) return Invalid("schedule", "no date ever fits \"" + schedule + "\"");
  return TimestampText(*next);
}

}  // namespace

FunctionType CronNextFunction() {
  return Function("cron_next", "When a schedule comes round next",
                  "The first minute after a moment that a cron schedule names, in UTC. A schedule "
                  "has five fields (minute, hour, day of the month, month, day of the week), or "
                  "is a word such as `@daily`. Where both days are restricted either is enough.",
                  {{"schedule", "The schedule, such as `0 2 * * *`."},
                   {"after", "The moment, as `plantimestamp()` writes it."}},
                  Next);
}

}  // namespace dbaas

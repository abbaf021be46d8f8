// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/facts.h"

#include <algorithm>

namespace dbaas {

FactsSource::FactsSource(Driver& driver, const Dbms& dbms, const ClusterRecord& record,
                         std::vector<std::string> members, Clock& clock)
    : driver_(driver), dbms_(dbms), record_(record), members_(std::move(members)), clock_(clock) {}

Result<ClusterFacts> FactsSource::Get(Milliseconds max_age) {
  const std::lock_guard lock(mutex_);  // Held while asking: the others wait for the same answer.
  if (facts_ && clock_.Now() - asked_at_ < max_age) return *facts_;
  facts_.reset();
  Error last = NotFound("no member runs that could be asked");
  bool somebody_answered = members_.empty();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto answer = Ask(members_[i]);
    if (answer.has_value()) {
      std::rotate(members_.begin(), members_.begin() + static_cast<std::ptrdiff_t>(i),
                  members_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      facts_ = std::move(answer).value();
      asked_at_ = clock_.Now();
      return *facts_;
    }
    last = std::move(answer).error();
    // One that stands still answers no more than a silent host; the next one may run.
    somebody_answered = somebody_answered || last.kind != ErrorKind::kUnavailable;
  }
  if (somebody_answered) last.kind = ErrorKind::kNotFound;
  return last;
}

Result<ClusterFacts> FactsSource::Ask(const std::string& member) {
  const Command probe = dbms_.Probe(record_, member);
  const ExecResult result =
      TRY_IN(driver_.Exec(probe.instance, probe.argv, probe.input), "asking " + member);
  if (result.exit_code != 0) return NotFound(member + " does not answer", result.errors);
  auto facts = dbms_.ReadProbe(record_, result.output);
  if (!facts) return NotFound(facts.error().ToLine());
  return facts;
}

}  // namespace dbaas

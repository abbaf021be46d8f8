// SPDX-License-Identifier: MPL-2.0
//
// A journal as a crash, a full disk or an editor may have left it. The first byte says what is
// known beside the text. What is made of it is told in the words that readers know, and is the same
// when it is written down and read again.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/apply/journal_reader.h"
#include "engine/base/json.h"

namespace dbaas {
namespace {

void CheckEnd(const JournaledEnd& end, bool at_work) {
  const bool is_written =
      end.outcome == "ok" || end.outcome == "failed" || end.outcome == "cancelled";
  const bool is_open = end.outcome == "cut" || (at_work && end.outcome == "running");
  if (!is_written && !is_open) std::abort();
  if (end.took.has_value() != is_written) std::abort();
  if (is_written && *end.took < 0) std::abort();
}

/// As Journal would have written it.
std::string Written(const JournalExcerpt& excerpt) {
  std::string text;
  const auto add = [&](const JournaledApply& apply, Json line) {
    line["generation"] = apply.generation;
    text += Dump(line) + "\n";
  };
  const auto add_end = [&](const JournaledApply& apply, const JournaledEnd& end, Json line) {
    if (!end.took) return;
    line.update({{"outcome", end.outcome}, {"error", end.error}, {"ms", *end.took}});
    add(apply, std::move(line));
  };
  for (const auto& apply : excerpt.applies) {
    add(apply, {{"event", "apply"}, {"at", apply.at}, {"who", apply.who}, {"what", apply.what}});
    for (const auto& action : apply.actions) {
      add(apply, {{"event", "began"}, {"at", action.at}, {"action", action.action}});
      add_end(apply, action.end, {{"event", "ended"}, {"action", action.action}});
    }
    add_end(apply, apply.end, {{"event", "done"}});
  }
  return text;
}

}  // namespace
}  // namespace dbaas

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dbaas;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool at_work = (data[0] & 2) != 0;
  const auto excerpt =
      ReadJournal({.text = text, .cut_off = (data[0] & 1) != 0, .at_work = at_work});
  if (excerpt.applies.size() > kJournaledApplies) std::abort();
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::size_t told = excerpt.strange_lines;
  for (const auto& apply : excerpt.applies) {
    told += 1 + apply.actions.size();
    CheckEnd(apply.end, at_work);
    for (const auto& action : apply.actions) CheckEnd(action.end, at_work);
  }
  if (told > lines) std::abort();
  const std::string written = Written(excerpt);
  const auto again = ReadJournal({.text = written, .at_work = at_work});
  if (again.strange_lines != 0 || Written(again) != written) std::abort();
  return 0;
}

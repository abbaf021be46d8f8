// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::next_window: when a maintenance window opens next.
#include "engine/model/window.h"
#include "schemas/function.h"
#include "schemas/timestamp.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct OpenWindow {
  std::string begin;
  std::string end;
  static Table<OpenWindow> Attributes();
};

Table<OpenWindow> OpenWindow::Attributes() {
  using O = OpenWindow;
  return Nested<O>()
      .Add("begin", &O::begin, Computed, "When it opens.")
      .Add("end", &O::end, Computed, "When it closes.");
}

Result<OpenWindow> Next(const std::string& window, const std::string& after) {
  const auto parsed = ParseWindow(window);
  if (!parsed) return Error(parsed.error()).On("window");
  const auto time = ParseTimestamp(after);
  if (!time) return Error(time.error()).On("after");
  const TimeSpan span = parsed->Next(*time);
  return OpenWindow{.begin = TimestampText(span.begin), .end = TimestampText(span.end)};
}

}  // namespace

FunctionType NextWindowFunction() {
  return Function(
      "next_window", "When a maintenance window opens next",
      "The first time at or after a moment that a window opens, and when it closes. "
      "Windows are written as on Amazon RDS: `sun:03:00-sun:05:00` once a week, "
      "`03:00-05:00` every day, in UTC.",
      {{"window", "The window."}, {"after", "The moment, as `plantimestamp()` writes it."}}, Next);
}

}  // namespace dbaas

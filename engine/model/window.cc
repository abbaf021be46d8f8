// SPDX-License-Identifier: MPL-2.0
#include "engine/model/window.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace dbaas {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr minutes kDay{24 * 60};
constexpr minutes kWeek{7 * 24 * 60};
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Moment {
  std::optional<int> weekday;
  minutes time{0};
};

/// "03:00", "sun:03:00"
std::optional<Moment> ReadMoment(std::string_view text) {
  Moment moment;
  if (text.size() == 9 && text[3] == ':') {
    for (int day = 0; day < 7; ++day) {
      bool same = true;
      // A letter and its capital differ in one bit.
      for (int i = 0; i < 3; ++i) same = same && (text[i] | 0x20) == kDays[day][i];
      if (same) moment.weekday = day;
    }
    if (!moment.weekday) return std::nullopt;
    text.remove_prefix(4);
  }
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const int at : {0, 1, 3, 4}) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  moment.time = minutes(hour * 60 + minute);
  return moment;
}

}  // namespace

Result<Window> ParseWindow(std::string_view text) {
  const Error wrong = Invalid("", fmt::format("\"{}\" is not a window", text),
                              "It reads \"sun:03:00-sun:05:00\", or \"03:00-05:00\" for every "
                              "day, in UTC.");
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return wrong;
  const auto begin = ReadMoment(text.substr(0, dash));
  const auto end = ReadMoment(text.substr(dash + 1));
  if (!begin || !end || begin->weekday.has_value() != end->weekday.has_value()) return wrong;
  Window window{.begin = begin->time, .length = end->time - begin->time};
  if (begin->weekday) {
    window.weekday = std::chrono::weekday(*begin->weekday);
    window.length += kDay * (*end->weekday - *begin->weekday);
  }
  const minutes round = begin->weekday ? kWeek : kDay;
  if (window.length == minutes(0)) return wrong;
  if (window.length < minutes(0)) window.length += round;  // Past midnight, or past Saturday.
  return window;
}

TimeSpan Window::Next(TimePoint time) const {
  std::chrono::sys_days day = std::chrono::floor<days>(time);
  while (day + begin < time || (weekday && std::chrono::weekday(day) != *weekday)) day += days(1);
  return {.begin = day + begin, .end = day + begin + length};
}

}  // namespace dbaas

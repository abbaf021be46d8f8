// SPDX-License-Identifier: MPL-2.0
#include "engine/model/cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace dbaas {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;

// Every combination of day, month and weekday comes round within 28 years, or 40 across a
// century that has no leap year.
constexpr days kHorizon{41 * 366};

struct Field {
  const char* name;
  int first;
  int last;
  std::vector<std::string_view> names;  ///< Of `first` and those after it.
};

const Field kMinute{"minute", 0, 59, {}};
const Field kHour{"hour", 0, 23, {}};
const Field kDay{"day of the month", 1, 31, {}};
const Field kMonth{
    "month",
    1,
    12,
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
const Field kWeekday{"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};

struct Word {
  std::string_view word;
  std::string_view meaning;
};
constexpr Word kWords[] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                           {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                           {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                           {"@annually", "0 0 1 1 *"}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::optional<int> Number(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || text.front() == '-') return std::nullopt;
  return number;
}

std::optional<int> ValueOf(const Field& field, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto name = std::find(field.names.begin(), field.names.end(), text);
  if (name != field.names.end()) return field.first + static_cast<int>(name - field.names.begin());
  const auto number = Number(text);
  return number && *number >= field.first && *number <= field.last ? number : std::nullopt;
}

/// "*", "5", "1-5", "*/15", "10-40/10" into `set`; false when it is none of these.
template <typename Set>
bool AddRange(const Field& field, std::string_view text, Set& set) {
  int step = 1;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto number = slash + 1 < text.size() ? Number(text.substr(slash + 1)) : std::nullopt;
    if (!number || *number < 1) return false;
    step = *number;
    text = text.substr(0, slash);
  }
  int first = field.first;
  int last = field.last;
  if (text != "*") {
    const auto dash = text.find('-');
    const auto from = ValueOf(field, text.substr(0, dash));
    if (!from) return false;
    first = *from;
    if (dash != std::string_view::npos) {
      const auto to = ValueOf(field, text.substr(dash + 1));
      if (!to || *to < first) return false;
      last = *to;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (int value = first; value <= last; value += step) set.set(value);
  return true;
}

template <typename Set>
Result<void> Read(const Field& field, std::string_view text, Set& set) {
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (!AddRange(field, text.substr(begin, end - begin), set)) {
      return Invalid("", fmt::format("its {} is \"{}\", which is not in {} to {}", field.name, text,
                                     field.first, field.last));
    }
    begin = end + 1;
  }
  return Ok();
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return fields;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    fields.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace

Result<CronSchedule> CronSchedule::Parse(std::string_view original) {
  std::string text = Lower(original);
  for (const Word& word : kWords) {
    if (text == word.word) text = word.meaning;
  }
  const auto fields = Split(text);
  if (fields.size() != 5) {
    return Invalid("", fmt::format("a schedule has five fields, and this has {}", fields.size()),
                   "Minute, hour, day of the month, month, day of the week, as in \"0 2 * * *\".");
  }
  CronSchedule schedule;
  TRY(Read(kMinute, fields[0], schedule.minutes_));
  TRY(Read(kHour, fields[1], schedule.hours_));
  TRY(Read(kDay, fields[2], schedule.days_));
  TRY(Read(kMonth, fields[3], schedule.months_));
  TRY(Read(kWeekday, fields[4], schedule.weekdays_));
  schedule.any_day_ = fields[2].starts_with('*');
  schedule.any_weekday_ = fields[4].starts_with('*');
  if (schedule.weekdays_.test(7)) schedule.weekdays_.set(0);
  return schedule;
}

std::string CronSchedule::CanonicalText() const {
  std::bitset<7> weekdays;
  for (std::size_t day = 0; day < weekdays.size(); ++day) weekdays[day] = weekdays_[day];
  return fmt::format("{} {} {}{} {} {}{}", minutes_.to_string(), hours_.to_string(),
                     any_day_ ? "*" : "", days_.to_string(), months_.to_string(),
                     any_weekday_ ? "*" : "", weekdays.to_string());
}

bool CronSchedule::FitsDay(sys_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool fits_date = days_.test(static_cast<unsigned>(date.day()));
  const bool fits_weekday = weekdays_.test(std::chrono::weekday(day).c_encoding());
  return any_day_ || any_weekday_ ? fits_date && fits_weekday : fits_date || fits_weekday;
}

std::optional<TimePoint> CronSchedule::NextAfter(TimePoint time) const {
  const auto from = std::chrono::floor<minutes>(time) + minutes(1);
  const sys_days first_day = std::chrono::floor<days>(from);
  for (sys_days day = first_day; day < first_day + kHorizon; day += days(1)) {
    if (!FitsDay(day)) continue;
    for (int hour = 0; hour < 24; ++hour) {
      if (!hours_.test(hour)) continue;
      for (int minute = 0; minute < 60; ++minute) {
        const auto at = day + hours(hour) + minutes(minute);
        if (minutes_.test(minute) && at >= from) return at;
      }
    }
  }
  return std::nullopt;
}

std::optional<TimePoint> NextTime(const std::string& schedule, TimePoint after) {
  if (schedule.empty()) return std::nullopt;
  const auto cron = CronSchedule::Parse(schedule);
  return cron ? cron->NextAfter(after) : std::nullopt;
}

}  // namespace dbaas

// SPDX-License-Identifier: MPL-2.0
#include "schemas/validators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <utility>

#include "engine/base/clock.h"
#include "engine/base/uri.h"
#include "engine/model/cron.h"
#include "engine/model/spec.h"
#include "engine/model/units.h"

namespace dbaas {
namespace {

using Complaint = std::optional<std::string>;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A validator of strings.
template <typename Check>
Validator TextRule(const std::string& rule, Check check) {
  return {.rule = rule,
          .check = [check](const Value& value) -> Complaint { return check(value.as_string()); }};
}

std::string InQuotes(const std::string& text) { return "\"" + text + "\""; }

std::string Join(const std::vector<std::string>& items, const char* between) {
  return fmt::format("{}", fmt::join(items, between));
}

bool Fits(const Number& number, int bits) {
  const auto whole = number.AsInt();
  return whole && (bits == 64 || *whole >> (bits - 1) == (*whole < 0 ? -1 : 0));
}

/// A number in `value` that is not whole, or too large; null when there is none.
const Number* FindUnfit(const Value& value, int bits) {
  const Number* found = nullptr;
  const auto look = [&](const Value& inside) {
    if (found == nullptr) found = FindUnfit(inside, bits);
  };
  switch (value.kind()) {
    case Value::Kind::kNumber: return Fits(value.as_number(), bits) ? nullptr : &value.as_number();
    case Value::Kind::kList:
      for (const Value& item : value.as_list()) look(item);
      return found;
    case Value::Kind::kMap:
      for (const auto& [key, element] : value.as_map()) look(element);
      return found;
    default: return nullptr;
  }
}

constexpr double kMostMemory = 0x1.0p60;  // An exbibyte.

}  // namespace

Validator WholeNumber(int bits) {
  return {.rule = "", .check = [bits](const Value& value) -> Complaint {
            const Number* unfit = FindUnfit(value, bits);
            if (unfit == nullptr) return std::nullopt;
            if (!unfit->AsInt()) return "must be a whole number, not " + unfit->ToText();
            return fmt::format("must fit {} bits, unlike {}", bits, unfit->ToText());
          }};
}

Validator Range(std::int64_t lowest, std::int64_t highest) {
  const std::string rule = fmt::format("between {} and {}", lowest, highest);
  return {.rule = rule, .check = [=](const Value& value) -> Complaint {
            const double number = value.as_number().AsDouble();
            if (number >= static_cast<double>(lowest) && number <= static_cast<double>(highest)) {
              return std::nullopt;
            }
            return "must be " + rule + ", not " + value.as_number().ToText();
          }};
}

Validator PositiveUpTo(std::int64_t most) {
  const std::string rule = fmt::format("greater than 0 and at most {}", most);
  return {.rule = rule, .check = [=](const Value& value) -> Complaint {
            const double number = value.as_number().AsDouble();
            if (number > 0 && number <= static_cast<double>(most)) return std::nullopt;
            return "must be " + rule + ", not " + value.as_number().ToText();
          }};
}

Validator OneOf(const std::vector<std::string>& values) {
  std::vector<std::string> code;
  std::vector<std::string> quoted;
  for (const std::string& value : values) {
    code.push_back("`" + value + "`");
    quoted.push_back(InQuotes(value));
  }
  const std::string either = values.size() == 1 ? "" : "one of ";
  const std::string expected = either + Join(quoted, ", ");
  return TextRule(either + Join(code, ", "), [=](const std::string& text) -> Complaint {
    if (std::find(values.begin(), values.end(), text) != values.end()) return std::nullopt;
    return "must be " + expected + ", not " + InQuotes(text);
  });
}

Validator NotEmpty() {
  return TextRule("", [](const std::string& text) -> Complaint {
    if (!text.empty()) return std::nullopt;
    return "must not be empty; leave it out instead";
  });
}

Validator AbsolutePath() {
  return TextRule("an absolute path", [](const std::string& text) -> Complaint {
    const std::filesystem::path path(text);
    if (path.is_absolute() && path.has_filename() && path.lexically_normal() == path) {
      return std::nullopt;
    }
    return "must be an absolute path without dots and without a slash at its end, not " +
           InQuotes(text);
  });
}

Validator Dns1123(std::size_t longest) {
  const std::string rule = fmt::format(
      "at most {} lower-case letters, digits and hyphens, a letter first, no hyphen last", longest);
  return TextRule(rule, [=](const std::string& text) -> Complaint {
    const bool good = !text.empty() && text.size() <= longest && IsLower(text.front()) &&
                      text.back() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
                        return IsLower(c) || IsDigit(c) || c == '-';
                      });
    if (good) return std::nullopt;
    if (text.size() > longest) {
      return fmt::format("must be {}; {} has {} characters", rule, InQuotes(text), text.size());
    }
    return "must be " + rule + ", not " + InQuotes(text);
  });
}

Validator NotReserved(std::vector<std::string> names) {
  return TextRule("", [names = std::move(names)](const std::string& text) -> Complaint {
    if (std::find(names.begin(), names.end(), text) == names.end()) return std::nullopt;
    return "must be another name: " + InQuotes(text) + " is used by dbaas itself";
  });
}

Validator VersionPrefix() {
  return TextRule("digits, with dots between them", [](const std::string& text) -> Complaint {
    char before = '.';
    bool good = !text.empty();
    for (const char c : text) {
      good = good && (IsDigit(c) || (c == '.' && before != '.'));
      before = c;
    }
    if (good && before != '.') return std::nullopt;
    return "must be a version such as \"17\", not " + InQuotes(text);
  });
}

Validator SqlIdentifier() {
  const std::string rule =
      "a lower-case letter or underscore, then at most 62 lower-case letters, digits and "
      "underscores; not beginning with `pg_`";
  return TextRule(rule, [](const std::string& text) -> Complaint {
    const auto starts = [](char c) { return IsLower(c) || c == '_'; };
    const bool good =
        !text.empty() && text.size() <= 63 && starts(text.front()) &&
        std::all_of(text.begin(), text.end(), [&](char c) { return starts(c) || IsDigit(c); });
    if (!good) {
      return "must begin with a lower-case letter or underscore and go on with at most 62 "
             "lower-case letters, digits and underscores, unlike " +
             InQuotes(text);
    }
    if (text.starts_with("pg_")) {
      return "must not begin with \"pg_\", which PostgreSQL keeps for itself, as in " +
             InQuotes(text);
    }
    return std::nullopt;
  });
}

Validator HttpUrl() {
  static constexpr std::size_t kLongest = 2048;
  return TextRule(
      "a URL that begins with `http://` or `https://`", [](const std::string& text) -> Complaint {
        const std::size_t scheme = text.starts_with("http://")    ? 7
                                   : text.starts_with("https://") ? 8
                                                                  : 0;
        if (scheme == 0) return "must begin with http:// or https://";
        const bool has_host = text.size() > scheme &&
                              std::string_view("/?#:").find(text[scheme]) == std::string_view::npos;
        const bool plain =
            std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
        if (!has_host) return "must name a host after its ://";
        if (!plain) return "must have nothing but printable ASCII without spaces";
        if (text.size() <= kLongest) return std::nullopt;
        return fmt::format("must have at most {} characters", kLongest);
      });
}

Validator PrintableSecret(std::size_t shortest, std::size_t longest) {
  const std::string rule = fmt::format("{} to {} printable ASCII characters", shortest, longest);
  return TextRule(rule, [=](const std::string& text) -> Complaint {
    const bool printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (printable && text.size() >= shortest && text.size() <= longest) return std::nullopt;
    return "must be " + rule +
           (printable ? fmt::format("; it has {}", text.size())
                      : std::string("; it has others in it"));
  });
}

Validator Memory() {
  return TextRule("a number and one of `KiB`, `MiB`, `GiB`, `TiB`",
                  [](const std::string& text) -> Complaint {
                    const auto bytes = ParseMemory(text);
                    if (bytes) return std::nullopt;
                    return bytes.error().summary;
                  });
}

Validator ClusterIdText() {
  return TextRule("the `id` of a cluster: `host/name`", [](const std::string& text) -> Complaint {
    const auto slash = text.find('/');
    const bool good = slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                      text.find('/', slash + 1) == std::string::npos;
    if (good) return std::nullopt;
    return "must be the id of a cluster, such as \"local/orders\", not " + InQuotes(text);
  });
}

Validator RepositoryName() {
  const std::string rule = "letters, digits and hyphens";
  return TextRule(rule, [=](const std::string& text) -> Complaint {
    const bool good = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '-';
    });
    if (good) return std::nullopt;
    return "must be " + rule + ", not " + InQuotes(text);
  });
}

Validator LogPosition() {
  return TextRule(
      "a position in the log, such as `0/3000060`", [](const std::string& text) -> Complaint {
        constexpr const char* kHexadecimal = "0123456789ABCDEF";
        constexpr std::size_t kDigits = 8;
        const auto slash = text.find('/');
        const auto is_half = [&](const std::string& half) {
          return !half.empty() && half.size() <= kDigits &&
                 half.find_first_not_of(kHexadecimal) == std::string::npos;
        };
        const bool good = slash != std::string::npos && is_half(text.substr(0, slash)) &&
                          is_half(text.substr(slash + 1));
        if (good) return std::nullopt;
        return "must be a position in the log, such as \"0/3000060\", not " + InQuotes(text);
      });
}

Validator Cron() {
  return TextRule("a cron schedule in UTC, such as `0 2 * * *`",
                  [](const std::string& text) -> Complaint {
                    const auto schedule = CronSchedule::Parse(text);
                    if (!schedule) return "is not a schedule: " + schedule.error().ToLine();
                    if (schedule->NextAfter(SystemClock().Now())) return std::nullopt;
                    return "names a day that no year has: " + InQuotes(text);
                  });
}

Validator HttpsUrl() {
  return TextRule("an `https` address without a path", [](const std::string& text) -> Complaint {
    const auto uri = ParseUri(text);
    const bool good = uri && uri->scheme == "https" && !uri->host.empty() && uri->path.empty() &&
                      uri->username.empty() && uri->options.empty();
    if (good) return std::nullopt;
    return "must be an address such as \"https://minio.example:9000\", not " + InQuotes(text);
  });
}

Result<std::int64_t> ParseMemory(const std::string& text) {
  const Error wrong = Invalid(
      "", "must be an amount of memory such as \"512MiB\" or \"4GiB\", not " + InQuotes(text));
  const auto digits = text.find_first_not_of("0123456789.");
  if (digits == std::string::npos || digits == 0) return wrong;
  const auto number = Number::FromText(text.substr(0, digits));
  const double size = SizeOf(kSpecMemory, std::string_view(text).substr(digits));
  if (!number || size == 0) return wrong;
  const double bytes = std::floor(number->AsDouble() * size);
  if (bytes < 1 || bytes > kMostMemory) return wrong;
  return static_cast<std::int64_t>(bytes);
}

std::string MemoryText(std::int64_t bytes) {
  for (const Unit& unit : kSpecMemory) {
    const auto size = static_cast<std::int64_t>(unit.size);
    if (bytes >= size && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit.name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace dbaas

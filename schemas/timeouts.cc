// SPDX-License-Identifier: MPL-2.0
#include "schemas/timeouts.h"

#include <cctype>

#include "schemas/spellings.h"

namespace dbaas {
namespace {

constexpr char kName[] = "timeouts";
constexpr std::int64_t kLongestHours = 24 * 365;

Attribute Limit(const char* name, const char* description) {
  Attribute attribute{
      .name = name, .type = Type::String(), .description = description, .optional = true};
  Duration(attribute);
  return attribute;
}

const char* AttributeOf(PartChange::Verb verb) {
  switch (verb) {
    case PartChange::Verb::kCreate: return "create";
    case PartChange::Verb::kUpdate: return "update";
    case PartChange::Verb::kDelete: return "delete";
  }
  return "update";
}

std::int64_t MillisecondsOf(char unit) {
  switch (unit) {
    case 'h': return 3'600'000;
    case 'm': return 60'000;
    case 's': return 1'000;
    default: return 0;
  }
}

}  // namespace

Block TimeoutsBlock() {
  return {
      .name = kName,
      .nesting = Block::Nesting::kSingle,
      .description =
          "How long an apply may take, waiting for someone else's included. When it runs out, "
          "the apply ends with an error; what was done stands, nothing is tainted, and the next "
          "apply goes on. Without it only the single waits have limits.",
      .attributes = {Limit("create", "For creating it."), Limit("update", "For changing it."),
                     Limit("delete", "For destroying it.")},
      .blocks = {}};
}

std::optional<Milliseconds> TimeoutOf(const Value& object, PartChange::Verb verb) {
  if (object.kind() != Value::Kind::kMap) return std::nullopt;
  const Value& block = object.at(kName);
  if (block.kind() != Value::Kind::kMap) return std::nullopt;
  const Value& text = block.at(AttributeOf(verb));
  if (text.kind() != Value::Kind::kString) return std::nullopt;
  const auto parsed = ParseDuration(text.as_string());
  if (!parsed) return std::nullopt;
  return *parsed;
}

Result<Milliseconds> ParseDuration(const std::string& text) {
  const Error error =
      Invalid("", "is not a duration", "A number and one of h, m, s, as in \"30m\" or \"1h30m\".");
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t number = 0;
    const std::size_t begin = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
      number = number * 10 + (text[at++] - '0');
      if (number > kLongestHours * 3600) return error;
    }
    const std::int64_t unit = at < text.size() ? MillisecondsOf(text[at++]) : 0;
    if (unit == 0 || at - begin < 2) return error;
    total += number * unit;
  }
  if (total <= 0) return error;
  return Milliseconds(total);
}

}  // namespace dbaas

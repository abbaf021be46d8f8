// SPDX-License-Identifier: MPL-2.0
//
// ephemeral.dbaas_password: a password that is made up when it is needed, and kept by nobody.
// Attributes are called as those of hashicorp/random's random_password are, which people know.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "schemas/ephemeral.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kNumeric = "0123456789";
constexpr std::string_view kSpecial = "!@#$%&*()-_=+[]{}<>:?";
constexpr int kShortest = 8;  // As password_wo of dbaas_cluster has it.
constexpr int kLongest = 128;

struct Password {
  std::int64_t length = 32;
  bool lower = true;
  bool upper = true;
  bool numeric = true;
  bool special = true;
  std::int64_t min_lower = 0;
  std::int64_t min_upper = 0;
  std::int64_t min_numeric = 0;
  std::int64_t min_special = 0;
  std::optional<std::string> override_special;
  Secret<std::string> result;
};

/// Some characters, and how many of them there are at least.
struct Class {
  const char* name;
  bool wanted;
  std::int64_t least;
  std::string_view characters;
};

std::vector<Class> ClassesOf(const Password& config) {
  const std::string_view special =
      config.override_special ? std::string_view(*config.override_special) : kSpecial;
  return {{"lower", config.lower, config.min_lower, kLower},
          {"upper", config.upper, config.min_upper, kUpper},
          {"numeric", config.numeric, config.min_numeric, kNumeric},
          {"special", config.special, config.min_special, special}};
}

std::vector<Error> Check(const Password& config) {
  std::int64_t least = 0;
  bool any = false;
  std::vector<Error> errors;
  for (const Class& one : ClassesOf(config)) {
    any = any || one.wanted;
    least += one.least;
    if (!one.wanted && one.least > 0) {
      errors.push_back(Invalid(fmt::format("min_{}", one.name),
                               fmt::format("min_{0} is {1}, and {0} is false", one.name, one.least),
                               "Characters that are left out cannot be asked for."));
    }
  }
  if (!any) {
    errors.push_back(Invalid("length", "there are no characters to make a password of",
                             "One of lower, upper, numeric and special has to be true."));
  }
  if (least > config.length) {
    errors.push_back(Invalid(
        "length",
        fmt::format("length is {}, and the characters asked for are {}", config.length, least),
        "length cannot be less than min_lower, min_upper, min_numeric and min_special together."));
  }
  return errors;
}

/// Each equally likely: what is left over at the end of the range is drawn again.
std::size_t Below(std::size_t bound, Random& random) {
  const std::uint64_t end = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t drawn = random.Next();
  while (drawn >= end) drawn = random.Next();
  return static_cast<std::size_t>(drawn % bound);
}

std::string Make(const Password& config, Random& random) {
  std::string all;
  std::string password;
  for (const Class& one : ClassesOf(config)) {
    if (!one.wanted) continue;
    all += one.characters;
    for (std::int64_t i = 0; i < one.least; ++i) {
      password += one.characters[Below(one.characters.size(), random)];
    }
  }
  while (static_cast<std::int64_t>(password.size()) < config.length) {
    password += all[Below(all.size(), random)];
  }
  // Those asked for came first; where they stand must not be known.
  for (std::size_t left = password.size(); left > 1; --left) {
    std::swap(password[left - 1], password[Below(left, random)]);
  }
  return password;
}

Table<Password> Rows() {
  using C = Password;
  const auto most = Range(0, kLongest);
  return EphemeralResource<C>(
             "dbaas_password",
             "A random password. It is made anew whenever Terraform opens it, which is once in "
             "every plan and once in every apply, and is never stored: hand it to a write-only "
             "attribute, such as `password_wo` of `dbaas_cluster`, which is read only when its "
             "version changes. Arguments are called as those of `random_password` are.")
      .Add("length", &C::length, Default(32), "How many characters.", Range(kShortest, kLongest))
      .Add("lower", &C::lower, Default(true), "Lower-case letters may be in it.")
      .Add("upper", &C::upper, Default(true), "Upper-case letters may be in it.")
      .Add("numeric", &C::numeric, Default(true), "Digits may be in it.")
      .Add("special", &C::special, Default(true),
           "Special characters may be in it: `!@#$%&*()-_=+[]{}<>:?`.")
      .Add("min_lower", &C::min_lower, Default(0), "Lower-case letters at least.", most)
      .Add("min_upper", &C::min_upper, Default(0), "Upper-case letters at least.", most)
      .Add("min_numeric", &C::min_numeric, Default(0), "Digits at least.", most)
      .Add("min_special", &C::min_special, Default(0), "Special characters at least.", most)
      .Add("override_special", &C::override_special, Optional,
           "Special characters to take in place of those, for systems that cannot take all. Text "
           "in connection URIs needs no quoting with `-._~`.",
           PrintableSecret(1, kLongest))
      .Add("result", &C::result, Computed, Sensitive, "The password.");
}

}  // namespace

EphemeralType PasswordEphemeral() {
  return Ephemeral<Password>(
      Rows(), {.check = Check, .fill = [](const EphemeralAnswer& answer, Password& object) {
                 object.result = Secret(Make(object, answer.random));
                 return Ok();
               }});
}

}  // namespace dbaas

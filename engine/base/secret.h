// SPDX-License-Identifier: MPL-2.0
//
// Secret<T>: a value that must not be printed. Streams, fmt and spdlog show "(sensitive)"; whoever
// really needs the content says so with Reveal(), which is easy to search for.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string_view>
#include <utility>

namespace dbaas {

inline constexpr std::string_view kSensitiveText = "(sensitive)";

template <typename T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) {}

  const T& Reveal() const { return value_; }
  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret&) {
    return out << kSensitiveText;
  }

 private:
  T value_{};
};

}  // namespace dbaas

template <typename T>
struct fmt::formatter<dbaas::Secret<T>> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(const dbaas::Secret<T>&, Context& context) const {
    return fmt::formatter<std::string_view>::format(dbaas::kSensitiveText, context);
  }
};

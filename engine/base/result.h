// SPDX-License-Identifier: MPL-2.0
//
// Result<T>: a value, or the Error that stands in its place. Every fallible function of the engine
// returns one; nothing throws across a folder. The shape is that of std::expected, so that it can
// become it when the compiler of Debian stable has a complete one.
//
//   Result<Port> ReadPort(std::string_view text);
//
//   Result<Endpoint> ReadEndpoint(...) {
//     Endpoint endpoint;
//     endpoint.port = TRY(ReadPort(text));       // returns the error to our caller, if there is
//     one return endpoint;
//   }
//
// Threading: plain values, no sharing.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dbaas {

/// A kind exists only where some caller acts on it differently (retry, wait, exit code,
/// diagnostic).
enum class ErrorKind {
  kInvalid,      ///< The request can never succeed as written. `field` names the culprit.
  kNotFound,     ///< The thing asked for is not there.
  kConflict,     ///< Someone else holds it, or it changed under our hands.
  kUnavailable,  ///< The other side did not answer or asked to come back later. Retried.
  kTimeout,      ///< A condition did not become true in time. The work done so far stands.
  kDenied,       ///< We may not. Retrying changes nothing.
  kCancelled,    ///< Our own caller asked us to stop.
  kInternal,     ///< A bug of ours, or an answer that makes no sense.
};

/// "invalid", "not found" ... as used in messages and in JSON output.
const char* ToString(ErrorKind kind);

/// What went wrong, in words for an operator. `summary` is one short line without a trailing
/// period; `detail` says why and what to do; `field` is a spec field ("node_count",
/// "parameters.work_mem") which the schemas turn into an attribute path. Never holds a secret.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string summary;
  std::string detail;
  std::string field;
  std::vector<std::string> context;  ///< Innermost first: what each layer was doing.

  /// Adds what the caller was doing: `return std::move(error).In("creating volume orders-1-data")`.
  Error In(std::string doing) && {
    context.push_back(std::move(doing));
    return std::move(*this);
  }
  Error On(std::string spec_field) && {
    field = std::move(spec_field);
    return std::move(*this);
  }
  /// Adds a sentence to the detail.
  Error And(const std::string& sentence) && {
    detail += (detail.empty() ? "" : " ") + sentence;
    return std::move(*this);
  }
  /// One line: "creating volume orders-1-data: the disk is full".
  std::string ToLine() const;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(*-explicit-*)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const {}
  void operator*() const {}
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

/// The success of a Result<void>, where `return {}` would read as an empty something.
inline Result<void> Ok() { return {}; }

// One constructor per kind, so that the place of failure reads as a sentence.
Error Invalid(std::string field, std::string summary, std::string detail = {});
Error NotFound(std::string summary, std::string detail = {});
Error Conflict(std::string summary, std::string detail = {});
Error Unavailable(std::string summary, std::string detail = {});
Error Timeout(std::string summary, std::string detail = {});
Error Denied(std::string summary, std::string detail = {});
Error Cancelled(std::string summary, std::string detail = {});
Error Internal(std::string summary, std::string detail = {});

}  // namespace dbaas

/// Evaluates to the value, or returns the error from the enclosing function.
#define TRY(expression)                                                \
  __extension__({                                                      \
    auto try_result = (expression);                                    \
    if (!try_result.has_value()) return std::move(try_result).error(); \
    *std::move(try_result);                                            \
  })

/// The same, saying what was being done: TRY_IN(driver.Ensure(object), "creating " + name).
#define TRY_IN(expression, doing)                                                  \
  __extension__({                                                                  \
    auto try_result = (expression);                                                \
    if (!try_result.has_value()) return std::move(try_result).error().In((doing)); \
    *std::move(try_result);                                                        \
  })

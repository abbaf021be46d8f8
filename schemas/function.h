// SPDX-License-Identifier: MPL-2.0
//
// Functions: provider::dbaas::quantity("256MB"). Pure: no host is asked, and the provider need not
// be configured. A file says what a function is called, what its parameters mean, and hands over a
// C++ function whose types become Terraform's:
//
//   Result<std::int64_t> Length(const std::string& text);
//   return Function("length", "Length of a text", "How many bytes `text` has.",
//                   {{"text", "Any text."}}, Length);
//
// An error on a parameter's name (Error::field) is shown at that argument. A last parameter that is
// a std::vector and is called `Variadic` takes what is left of the arguments.
// Used by schemas/ while the list of types is built; immutable afterwards.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "schemas/kit.h"

namespace dbaas {

struct ParameterText {
  const char* name;
  const char* description;
};

/// The arguments that are left, each of them of one type.
template <typename T>
struct Variadic {
  std::vector<T> items;
};

namespace function_detail {

template <typename T>
struct IsVariadic : std::false_type {};
template <typename T>
struct IsVariadic<Variadic<T>> : std::true_type {
  using Item = T;
};

template <typename A>
void AddParameter(const ParameterText& text, FunctionType& type) {
  if constexpr (IsVariadic<A>::value) {
    type.variadic = Parameter{.name = text.name,
                              .type = Codec<typename IsVariadic<A>::Item>::TypeOf(),
                              .description = text.description};
  } else {
    type.parameters.push_back(
        {.name = text.name, .type = Codec<A>::TypeOf(), .description = text.description});
  }
}

/// False when the argument has another shape than its parameter.
template <typename A>
bool Read(const std::vector<Value>& arguments, std::size_t at, A& argument) {
  if constexpr (IsVariadic<A>::value) {
    using Item = typename IsVariadic<A>::Item;
    for (; at < arguments.size(); ++at) {
      if (!Codec<Item>::Decode(arguments[at], argument.items.emplace_back())) return false;
    }
    return true;
  } else {
    return at < arguments.size() && arguments[at].is_known() &&
           Codec<A>::Decode(arguments[at], argument);
  }
}

template <typename R, typename... Args, std::size_t... Index>
Result<Value> Call(Result<R> (*call)(const Args&...), const std::vector<Value>& arguments,
                   std::index_sequence<Index...> /*positions*/) {
  std::tuple<Args...> decoded;
  if (!(Read(arguments, Index, std::get<Index>(decoded)) && ...)) {
    return Internal("an argument does not have the shape of its parameter",
                    "This is a bug in the provider.");
  }
  return Codec<R>::Encode(TRY(std::apply(call, decoded)));
}

}  // namespace function_detail

/// REQUIRES: as many `parameters` as `call` has.
template <typename R, typename... Args>
FunctionType Function(const char* name, const char* summary, const char* description,
                      const std::vector<ParameterText>& parameters,
                      Result<R> (*call)(const Args&...)) {
  FunctionType type{
      .name = name, .summary = summary, .description = description, .result = Codec<R>::TypeOf()};
  std::size_t at = 0;
  (function_detail::AddParameter<Args>(parameters.at(at++), type), ...);
  type.call = [call](const std::vector<Value>& arguments) {
    return function_detail::Call(call, arguments, std::index_sequence_for<Args...>());
  };
  return type;
}

}  // namespace dbaas

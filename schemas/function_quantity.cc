// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::quantity: an amount in bytes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/model/units.h"
#include "schemas/function.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
constexpr Unit kKubernetesMemory[] = {{"", 1},        {"k", 1e3},     {"M", 1e6},
                                      {"G", 1e9},     {"T", 1e12},    {"Ki", 0x1p10},
                                      {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}};
constexpr double kLargest = 0x1p53;  // Beyond it a number of bytes may not be exact.

Result<std::int64_t> Bytes(const std::string& text) {
  const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = Number::FromText(text.substr(0, digits));
  const std::string_view unit = std::string_view(text).substr(digits);
  const double size = std::max({SizeOf(kPostgresqlMemory, unit), SizeOf(kSpecMemory, unit),
                                SizeOf(kKubernetesMemory, unit)});
  if (!number || size == 0) {
    return Invalid("text",
                   fmt::format("\"{}\" is not an amount such as 256MB, 4GiB or 512Mi", text));
  }
  const double bytes = number->AsDouble() * size;
  if (bytes > kLargest || bytes != std::floor(bytes)) {
    return Invalid("text", fmt::format("\"{}\" is not a whole number of bytes", text));
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

FunctionType QuantityFunction() {
  return Function(
      "quantity", "An amount of memory or storage in bytes",
      "Reads the spellings of PostgreSQL (`256MB`), of this provider (`4GiB`) and of Kubernetes "
      "(`512Mi`). `kB`, `MB`, `GB` and `TB` are powers of 1024, as PostgreSQL has them; `k`, `M`, "
      "`G` and `T` are powers of 1000, as Kubernetes has them.",
      {{"text", "The amount. A number alone is bytes."}}, Bytes);
}

}  // namespace dbaas

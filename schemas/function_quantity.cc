// SPDX-License-Identifier: MPL-2.0
//
// provider::dbaas::quantity: an amount in bytes.
#include <fmt/format.h>

#include <cmath>

#include "schemas/function.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

// PostgreSQL's kB, MB, GB and TB are powers of 1024, Kubernetes' k, M, G and T powers of 1000.
// Source: https://www.postgresql.org/docs/17/config-setting.html#CONFIG-SETTING-NAMES-VALUES and
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
constexpr Unit kUnits[] = {{"", 1},         {"B", 1},       {"k", 1e3},      {"M", 1e6},
                           {"G", 1e9},      {"T", 1e12},    {"kB", 0x1p10},  {"MB", 0x1p20},
                           {"GB", 0x1p30},  {"TB", 0x1p40}, {"Ki", 0x1p10},  {"Mi", 0x1p20},
                           {"Gi", 0x1p30},  {"Ti", 0x1p40}, {"KiB", 0x1p10}, {"MiB", 0x1p20},
                           {"GiB", 0x1p30}, {"TiB", 0x1p40}};
constexpr double kLargest = 0x1p53;  // Beyond it a number of bytes may not be exact.

Result<std::int64_t> Bytes(const std::string& text) {
  const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = Number::FromText(text.substr(0, digits));
  for (const Unit& unit : kUnits) {
    if (!number || text.substr(digits) != unit.name) continue;
    const double bytes = number->AsDouble() * unit.bytes;
    if (bytes > kLargest || bytes != std::floor(bytes)) {
      return Invalid("text", fmt::format("\"{}\" is not a whole number of bytes", text));
    }
    return static_cast<std::int64_t>(bytes);
  }
  return Invalid("text", fmt::format("\"{}\" is not an amount such as 256MB, 4GiB or 512Mi", text));
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

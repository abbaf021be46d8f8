// SPDX-License-Identifier: MPL-2.0
//
// Units of texts that are amounts: "256MB", "10min", "4GiB". Called by schemas/ and dbms/. Pure.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace dbaas {

struct Unit {
  std::string_view name;
  double size;  ///< Bytes, or microseconds.
};

// Each list begins with the largest: the first one that divides an amount is the one to print.

/// Of PostgreSQL's parameters. Powers of 1024, with names that elsewhere are powers of 1000.
/// Source: https://www.postgresql.org/docs/17/config-setting.html#CONFIG-SETTING-NAMES-VALUES
inline constexpr std::array<Unit, 5> kPostgresqlMemory = {
    {{"TB", 0x1p40}, {"GB", 0x1p30}, {"MB", 0x1p20}, {"kB", 0x1p10}, {"B", 1}}};
inline constexpr std::array<Unit, 6> kPostgresqlTime = {
    {{"d", 86400e6}, {"h", 3600e6}, {"min", 60e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}}};

/// Of specs.
inline constexpr std::array<Unit, 5> kSpecMemory = {
    {{"TiB", 0x1p40}, {"GiB", 0x1p30}, {"MiB", 0x1p20}, {"KiB", 0x1p10}, {"B", 1}}};

/// 0 when none of `units` has this name. Upper and lower case are not the same.
constexpr double SizeOf(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.size;
  }
  return 0;
}

}  // namespace dbaas

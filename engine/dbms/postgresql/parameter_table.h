// SPDX-License-Identifier: MPL-2.0
//
// What PostgreSQL's own servers say about their parameters: name, type, unit, range, and whether a
// change needs a restart. The tables are settings/<major>.csv, written by settings/generate.sh from
// the view pg_settings of the real server and compiled in. Called by parameters.* and by Classify.
// Threading: tables are made on first use and never change; share freely.
// Source: https://www.postgresql.org/docs/17/view-pg-settings.html, and for the text of values
// https://www.postgresql.org/docs/17/config-setting.html#CONFIG-SETTING-NAMES-VALUES
//
//   const ParameterDefinition* definition = FindParameterTable("17")->Find("shared_buffers");
//   TRY(ReadValue(*definition, "262144kB")).canonical   // "256MB"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/dbms/dbms.h"

namespace dbaas::postgresql {

struct ParameterDefinition {
  enum class Type { kBool, kEnum, kInteger, kReal, kString };
  std::string_view name;     ///< Lower case.
  std::string_view context;  ///< As pg_settings has it: "postmaster", "sighup", "user" ...
  Type type = Type::kString;
  std::string_view unit;  ///< "8kB", "kB", "MB", "B", "ms", "s", "min"; empty for a plain number.
  double minimum = 0;     ///< Of kInteger and kReal, in `unit`.
  double maximum = 0;
  std::vector<std::string_view> choices;  ///< Of kEnum.

  bool internal() const { return context == "internal"; }
  Impact impact() const { return context == "postmaster" ? Impact::kRestart : Impact::kReload; }
};

class ParameterTable {
 public:
  explicit ParameterTable(std::string_view csv);

  /// Null when this version has no such parameter. Names are compared without regard to case.
  const ParameterDefinition* Find(std::string_view name) const;
  /// The known name that is closest to a misspelt one, or empty when none is close.
  std::string Nearest(std::string_view name) const;
  const std::vector<ParameterDefinition>& all() const { return definitions_; }

 private:
  std::vector<ParameterDefinition> definitions_;  ///< Sorted by name.
};

/// Null for a major version that we do not offer.
const ParameterTable* FindParameterTable(std::string_view major);

/// One value in the forms that we need. Equal values have equal forms, however they were written.
struct ParameterValue {
  std::string canonical;  ///< As we write it: "256MB", "on".
  std::string setting;    ///< As pg_settings.setting shows it: "32768", in the parameter's unit.
  double number = 0;      ///< Of kInteger and kReal, in the parameter's unit.
};

/// Reads a value as the server would. The error's summary says what is wrong with it.
Result<ParameterValue> ReadValue(const ParameterDefinition& definition, std::string_view text);

/// "32768" of unit 8kB → "256MB": the largest unit that loses nothing.
std::string WithUnit(double number, std::string_view unit);

/// Bytes in one unit of memory: "8kB" → 8192. 0 for anything that is not a unit of memory.
double UnitBytes(std::string_view unit);

std::string LowerCase(std::string_view text);
std::string_view Trim(std::string_view text);

}  // namespace dbaas::postgresql

// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/parameter_table.h"

#include <gtest/gtest.h>

namespace dbaas::postgresql {
namespace {

const ParameterTable& Table() { return *FindParameterTable("17"); }

/// The canonical form, or "! reason".
std::string Read(const std::string& name, const std::string& text) {
  const auto value = ReadValue(*Table().Find(name), text);
  return value ? value->canonical : "! " + value.error().summary;
}

TEST(ParameterTableTest, KnowsWhatTheServersSay) {
  EXPECT_EQ(FindParameterTable("15")->all().size(), 385U);
  EXPECT_EQ(FindParameterTable("17")->all().size(), 411U);
  EXPECT_EQ(FindParameterTable("16"), nullptr);
  // Came with 16, 17; went with 16.
  EXPECT_EQ(FindParameterTable("15")->Find("transaction_timeout"), nullptr);
  EXPECT_NE(FindParameterTable("17")->Find("transaction_timeout"), nullptr);
  EXPECT_NE(FindParameterTable("15")->Find("promote_trigger_file"), nullptr);
  EXPECT_EQ(FindParameterTable("17")->Find("promote_trigger_file"), nullptr);
}

TEST(ParameterTableTest, NamesAreSortedAndFoundInAnyCase) {
  for (const char* major : {"15", "17"}) {
    const ParameterTable& table = *FindParameterTable(major);
    std::string_view last;
    for (const auto& definition : table.all()) {
      EXPECT_LT(last, definition.name);
      EXPECT_EQ(table.Find(definition.name), &definition);
      last = definition.name;
    }
  }
  EXPECT_EQ(Table().Find("TimeZone")->name, "timezone");
  EXPECT_EQ(Table().Find("no_such_thing"), nullptr);
}

TEST(ParameterTableTest, ImpactIsTheServersOwnContext) {
  EXPECT_EQ(Table().Find("shared_buffers")->impact(), Impact::kRestart);
  EXPECT_EQ(Table().Find("pg_stat_statements.max")->impact(), Impact::kRestart);
  EXPECT_EQ(Table().Find("work_mem")->impact(), Impact::kReload);
  EXPECT_EQ(Table().Find("checkpoint_timeout")->impact(), Impact::kReload);
  EXPECT_TRUE(Table().Find("server_version")->internal());
  EXPECT_FALSE(Table().Find("work_mem")->internal());
}

TEST(ParameterTableTest, EqualValuesReadAsEqual) {
  struct Case {
    const char* name;
    const char* text;
    const char* canonical;
  };
  for (const auto& [name, text, canonical] : {
           Case{"shared_buffers", "256MB", "256MB"},
           Case{"shared_buffers", "0.25GB", "256MB"},
           Case{"shared_buffers", " 262144 kB ", "256MB"},
           Case{"shared_buffers", "32768", "256MB"},  // Blocks of 8 kB.
           Case{"shared_buffers", "268435456B", "256MB"},
           Case{"work_mem", "4096", "4MB"},
           Case{"work_mem", "4097kB", "4097kB"},
           Case{"checkpoint_timeout", "300", "5min"},
           Case{"checkpoint_timeout", "300000ms", "5min"},
           Case{"log_min_duration_statement", "-1", "-1"},
           Case{"statement_timeout", "0", "0"},
           Case{"statement_timeout", "1d", "1d"},
           Case{"autovacuum_vacuum_cost_delay", "0.5ms", "500us"},
           Case{"autovacuum_vacuum_cost_delay", "2", "2ms"},
           Case{"random_page_cost", "1.10", "1.1"},
           Case{"random_page_cost", "1e1", "10"},
           Case{"max_connections", "+100", "100"},
           Case{"autovacuum", "TRUE", "on"},
           Case{"autovacuum", "of", "off"},
           Case{"autovacuum", "n", "off"},
           Case{"autovacuum", "1", "on"},
           Case{"synchronous_commit", "REMOTE_APPLY", "remote_apply"},
           Case{"synchronous_commit", "yes", "on"},  // Hidden, and taken by the server.
           Case{"log_line_prefix", "%m it's ", "%m it's "},
       }) {
    EXPECT_EQ(Read(name, text), canonical) << name << " = " << text;
  }
}

TEST(ParameterTableTest, SaysWhatIsWrongWithAValue) {
  struct Case {
    const char* name;
    const char* text;
    const char* reason;
  };
  for (const auto& [name, text, reason] : {
           Case{"shared_buffers", "lots", "\"lots\" is not a number"},
           Case{"shared_buffers", "", "\"\" is not a number"},
           Case{"shared_buffers", "inf", "\"inf\" is not a number"},
           Case{"shared_buffers", "256mb",
                "\"256mb\" has the unit \"mb\"; it takes B, kB, MB, GB or TB"},
           Case{"shared_buffers", "10s",
                "\"10s\" has the unit \"s\"; it takes B, kB, MB, GB or TB"},
           Case{"shared_buffers", "64kB", "\"64kB\" is out of range: 128kB to 8589934584kB"},
           Case{"checkpoint_timeout", "1s", "\"1s\" is out of range: 30s to 1d"},
           Case{"max_connections", "100MB", "\"100MB\" has the unit \"MB\"; it takes no unit"},
           Case{"max_connections", "0", "\"0\" is out of range: 1 to 262143"},
           Case{"random_page_cost", "-1", "\"-1\" is out of range: at least 0"},
           Case{"autovacuum", "o", "\"o\" is neither on nor off"},
           Case{"autovacuum", "2", "\"2\" is neither on nor off"},
           Case{"log_statement", "some", "\"some\" is not one of none, ddl, mod, all"},
           Case{"log_line_prefix", "a\nb",
                "the value has a line break or another control character"},
       }) {
    EXPECT_EQ(Read(name, text), std::string("! ") + reason) << name << " = " << text;
  }
}

TEST(ParameterTableTest, SettingIsWhatTheServerShows) {
  const auto setting = [](const char* name, const char* text) {
    return ReadValue(*Table().Find(name), text).value().setting;
  };
  EXPECT_EQ(setting("shared_buffers", "256MB"), "32768");
  EXPECT_EQ(setting("checkpoint_timeout", "5min"), "300");
  EXPECT_EQ(setting("autovacuum_vacuum_cost_delay", "500us"), "0.5");
  EXPECT_EQ(setting("autovacuum", "yes"), "on");
}

TEST(ParameterTableTest, SuggestsTheNearestName) {
  EXPECT_EQ(Table().Nearest("shared_bufers"), "shared_buffers");
  EXPECT_EQ(Table().Nearest("Work_Memory"), "work_mem");
  EXPECT_EQ(Table().Nearest("max_connection"), "max_connections");
  EXPECT_EQ(Table().Nearest("innodb_buffer_pool_size"), "");
}

}  // namespace
}  // namespace dbaas::postgresql

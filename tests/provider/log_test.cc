// SPDX-License-Identifier: MPL-2.0
#include "provider/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>

#include <map>

#include "engine/base/json.h"

namespace dbaas {
namespace {

using spdlog::level::level_enum;

std::string Line(level_enum level, const std::string& text, const std::string& logger = "") {
  spdlog::details::log_msg message(logger, level, text);
  message.time = spdlog::log_clock::time_point(std::chrono::microseconds(1'795'232'520'000'042));
  spdlog::memory_buf_t line;
  MakeLogFormatter()->format(message, line);
  return std::string(line.data(), line.size());
}

TEST(LogTest, OneJsonObjectALine) {
  EXPECT_EQ(Line(spdlog::level::info, "applying \"orders\"\nnow"),
            R"({"@level":"info","@message":"applying \"orders\"\nnow","@module":"provider",)"
            R"("@timestamp":"2026-11-21T03:42:00.000042Z"})"
            "\n");
}

TEST(LogTest, LevelsHaveTheNamesOfTerraform) {
  const auto level = [](level_enum level) {
    return GetString(*ParseJson(Line(level, "x"), "line"), "@level");
  };
  EXPECT_EQ(level(spdlog::level::trace), "trace");
  EXPECT_EQ(level(spdlog::level::debug), "debug");
  EXPECT_EQ(level(spdlog::level::info), "info");
  EXPECT_EQ(level(spdlog::level::warn), "warn");
  EXPECT_EQ(level(spdlog::level::err), "error");
  EXPECT_EQ(level(spdlog::level::critical), "error");
}

TEST(LogTest, NamedLoggersAreModules) {
  EXPECT_EQ(GetString(*ParseJson(Line(spdlog::level::info, "x", "docker"), "line"), "@module"),
            "provider.docker");
}

TEST(LogTest, LinesStayBelowTheLimitOfTerraform) {
  const std::string line = Line(spdlog::level::info, std::string(1'000'000, '\a'));
  EXPECT_LT(line.size(), 64u * 1024);
  EXPECT_THAT(line, testing::HasSubstr("990000 bytes more"));
}

TEST(LogTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_TRUE(ParseJson(Line(spdlog::level::info, "caf\xe9"), "line").has_value());
}

TEST(LogTest, ScopesAddFieldsAndNest) {
  const auto fields = [] { return *ParseJson(Line(spdlog::level::info, "x"), "line"); };
  {
    const LogScope call(LogFields{{"tf_rpc", "ReadResource"}, {"tf_req_id", "1"}});
    EXPECT_EQ(GetString(fields(), "tf_rpc"), "ReadResource");
    {
      const LogScope inner(LogFields{{"tf_rpc", "inner"}});
      EXPECT_EQ(GetString(fields(), "tf_rpc"), "inner");
      EXPECT_EQ(GetString(fields(), "tf_req_id"), "1");
    }
    EXPECT_EQ(GetString(fields(), "tf_rpc"), "ReadResource");
  }
  EXPECT_FALSE(fields().contains("tf_rpc"));
}

TEST(LogTest, ScopesCannotReplaceWhatTerraformParses) {
  const LogScope call(LogFields{{"@level", "loud"}});
  EXPECT_EQ(GetString(*ParseJson(Line(spdlog::level::info, "x"), "line"), "@level"), "info");
}

level_enum Level(std::map<std::string, std::string> variables) {
  return LogLevel([&](const char* name) { return variables[name]; });
}

TEST(LogTest, SilentUnlessAsked) {
  EXPECT_EQ(Level({}), spdlog::level::off);
  EXPECT_EQ(Level({{"TF_LOG", "off"}}), spdlog::level::off);
}

TEST(LogTest, TheNarrowestVariableWins) {
  EXPECT_EQ(Level({{"TF_LOG", "DEBUG"}}), spdlog::level::debug);
  EXPECT_EQ(Level({{"TF_LOG", "trace"}, {"TF_LOG_PROVIDER", "Warn"}}), spdlog::level::warn);
  EXPECT_EQ(Level({{"TF_LOG", "off"}, {"TF_LOG_PROVIDER_DBAAS", "ERROR"}}), spdlog::level::err);
  EXPECT_EQ(Level({{"TF_LOG", "INFO"}}), spdlog::level::info);
  EXPECT_EQ(Level({{"TF_LOG", "JSON"}}), spdlog::level::trace);
  EXPECT_EQ(Level({{"TF_LOG", "louder"}}), spdlog::level::trace);
}

}  // namespace
}  // namespace dbaas

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "weir/observe/log.hpp"

namespace weir::observe {
namespace {

TEST(Log, writes_lines_for_people) {
  EXPECT_EQ(format_line(Format::text, Level::info, "T", "listening", {{"http", "127.0.0.1:80"}, {"count", 3U}}),
            "T info    listening http=127.0.0.1:80 count=3");
  EXPECT_EQ(format_line(Format::text, Level::warning, "T", "odd", {{"name", "two words"}, {"empty", ""}}),
            "T warning odd name=\"two words\" empty=\"\"");
}

TEST(Log, writes_lines_for_machines) {
  const auto line = nlohmann::json::parse(
      format_line(Format::json, Level::error, "T", "a \"message\"", {{"value", "tab\there, \x1b[31mred\x7f"}}));
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["message"], "a \"message\"");
  EXPECT_EQ(line["value"], "tab\there, \x1b[31mred\x7f");
}

TEST(Log, no_value_forges_a_line_or_moves_the_cursor) {
  for (const Format format : {Format::text, Format::json}) {
    const std::string line = format_line(format, Level::info, "T", "x\ny", {{"v", "a\nT error forged\r\x1b[2J"}});
    for (const char c : line) EXPECT_GE(c, ' ') << line;
  }
}

TEST(Log, leaves_out_what_is_below_its_level) {
  std::vector<std::string> lines;
  configure({.least = Level::warning, .sink = [&](const std::string& line) { lines.push_back(line); }});
  log(Level::info, "unheard");
  log(Level::warning, "heard", {{"a", "b"}});
  configure({});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("warning heard a=b"), std::string::npos);
}

}  // namespace
}  // namespace weir::observe

// The operator's log: one line an event, for people or for machines, on standard error.
//
//   observe::configure({.least = Level::info, .format = Format::text});
//   observe::log(Level::info, "listening", {{"http", "127.0.0.1:8787"}});
//
//   2024-05-01T12:00:00.000Z info   listening http=127.0.0.1:8787
//   {"time":"2024-05-01T12:00:00.000Z","level":"info","message":"listening","http":"127.0.0.1:8787"}
//
// Values may come from strangers: control characters never reach the terminal, and a value cannot forge a line.
//
// Threads: log() from any; configure() before others run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::observe {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t { text, json };

struct Field {
  Field(std::string_view name_, std::string_view value_) : name(name_), value(value_) {}
  Field(std::string_view name_, std::uint64_t value_) : name(name_), value(std::to_string(value_)) {}
  std::string_view name;
  std::string value;
};

struct LogOptions {
  Level least = Level::info;
  Format format = Format::text;
  /// Where lines go instead of standard error; for tests.
  std::function<void(const std::string&)> sink = {};
};

void configure(LogOptions options);
void log(Level level, std::string_view message, const std::vector<Field>& fields = {});
/// One line without its time, as log() writes it.
[[nodiscard]] std::string format_line(Format format, Level level, std::string_view time, std::string_view message,
                                      const std::vector<Field>& fields);

}  // namespace weir::observe

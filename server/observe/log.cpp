#include "weir/observe/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>

namespace weir::observe {

namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

std::string_view name_of(Level level) { return level_names[static_cast<std::size_t>(level)]; }

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(const std::string&)> write) : write_(std::move(write)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_(std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  std::function<void(const std::string&)> write_;
};

struct Logger {
  std::shared_ptr<spdlog::logger> spdlog;
  Format format = Format::text;
};

std::shared_ptr<spdlog::logger> make_logger(const LogOptions& options) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (options.sink) {
    sink = std::make_shared<FunctionSink>(options.sink);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("weir", std::move(sink));
  logger->set_pattern("%v");
  logger->set_level(spdlog_level(options.least));
  logger->flush_on(spdlog::level::debug);
  return logger;
}

Logger& logger() {
  static Logger instance{make_logger({}), Format::text};
  return instance;
}

std::string time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1000 + milliseconds);
  return std::string(text.data()) + "." + fraction.substr(1) + "Z";
}

void append_escaped(std::string_view text, std::string& out) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  }
  return true;
}

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  append_escaped(text, out);
  out.push_back('"');
}

}  // namespace

std::string format_line(Format format, Level level, std::string_view time, std::string_view message,
                        const std::vector<Field>& fields) {
  std::string line;
  if (format == Format::json) {
    const auto member = [&line](std::string_view name, std::string_view value) {
      line += line.empty() ? "{" : ",";
      append_quoted(name, line);
      line.push_back(':');
      append_quoted(value, line);
    };
    member("time", time);
    member("level", name_of(level));
    member("message", message);
    for (const Field& field : fields) member(field.name, field.value);
    return line + "}";
  }
  line.append(time).append(" ").append(name_of(level)).append(8 - name_of(level).size(), ' ');
  append_escaped(message, line);
  for (const Field& field : fields) {
    line.append(" ").append(field.name).append("=");
    if (is_plain(field.value)) {
      line += field.value;
    } else {
      append_quoted(field.value, line);
    }
  }
  return line;
}

void configure(LogOptions options) {
  logger().spdlog = make_logger(options);
  logger().format = options.format;
}

void log(Level level, std::string_view message, const std::vector<Field>& fields) {
  if (!logger().spdlog->should_log(spdlog_level(level))) return;
  logger().spdlog->log(spdlog_level(level), format_line(logger().format, level, time_now(), message, fields));
}

}  // namespace weir::observe

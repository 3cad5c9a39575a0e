// Where settings come from: one TOML file, WEIR_* environment variables over it, flags over both.
//
//   Result<Loaded> loaded = load({.file = "weir.toml", .flags = {{"http", "127.0.0.1:9000", "--http"}}});
//   loaded->settings.http                 "127.0.0.1:9000"
//   loaded->origins.at("http")            "--http"
//
// An unknown key is an error that names the nearest known one: a misspelt limit must not be a missing limit. All
// errors are told at once, one a line. Unknown WEIR_* variables are let pass: container platforms make their own.
//
// Threads: reads files; any.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/config/keys.hpp"

namespace weir::config {

struct Flag {
  std::string key;
  std::string value;
  std::string origin;  ///< how it was written, for `weir config print`
};

struct Sources {
  std::optional<std::filesystem::path> file = std::nullopt;
  /// getenv, or a test's own; empty: no environment.
  std::function<std::optional<std::string>(const std::string&)> environment = {};
  std::vector<Flag> flags = {};
};

struct Loaded {
  Settings settings;
  std::map<std::string, std::string, std::less<>> origins;  ///< of every key that is not at its default
};

/// INVALID_ARGUMENT with every error found; NOT_FOUND when the file cannot be read.
[[nodiscard]] Result<Loaded> load(const Sources& sources);
/// The process's environment.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);
/// Every key as a configuration file would have it, with its sentence and where the value came from.
[[nodiscard]] std::string print(const Loaded& loaded);

}  // namespace weir::config

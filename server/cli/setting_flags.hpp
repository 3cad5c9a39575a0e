// The flags that change settings, as given on the command line.
//
//   SettingFlags flags;
//   flags.add_file(*command);
//   flags.add(*command, "--data", "data", "Folder of the store");
//   ... after parsing ...  const auto loaded = flags.load();
//
// Threads: the process's first one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "weir/config/load.hpp"

namespace weir::cli {

class SettingFlags {
 public:
  /// Adds a flag that sets `key`.
  CLI::Option* add(CLI::App& app, const std::string& name, const std::string& key, const std::string& help);
  void add_file(CLI::App& app);
  /// Every flag of `weir serve`.
  void add_all(CLI::App& app);

  /// File, environment and flags together.
  [[nodiscard]] Result<config::Loaded> load() const;

 private:
  std::string file_;
  std::vector<std::string> assignments_;
  std::vector<config::Flag> flags_;
};

/// Says on standard error what could not be done; the exit code for it.
[[nodiscard]] int complain(const Error& error);

}  // namespace weir::cli

// `weir docs` on the command line: its commands, their flags, and what they say of themselves.
//
// Threads: the process's first one.
#pragma once

#include <CLI/CLI.hpp>

#include "weir/cli/setting_flags.hpp"

namespace weir::cli {

/// `status` gets the exit code when a command has run. `flags` and `status` outlive the parsing.
void add_docs(CLI::App& app, SettingFlags& flags, int& status);

}  // namespace weir::cli

// What is said of a command line that is wrong: the word that is not known, and the one that was probably meant.
//
// Threads: the process's first one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace weir::cli {

/// A sentence for people; empty when no unknown word is to blame, and the parser's own words say it all.
[[nodiscard]] std::string unknown_word(const CLI::App& app, const CLI::ParseError& error);

}  // namespace weir::cli

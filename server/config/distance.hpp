// How far a mistyped word is from one that was meant.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::config {

/// Levenshtein's: letters to insert, remove or replace.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace weir::config

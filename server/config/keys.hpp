// The table of keys: each with its place in Settings, its range and a sentence.
//
//   for (const Key& key : keys()) std::cout << key.name << ": " << key.doc << '\n';
//   if (const Key* key = find_key("limits.payload_bytes_max")) ...
//
// A key's environment variable is its name in capitals behind WEIR_, with '_' for '.': WEIR_LIMITS_PAYLOAD_BYTES_MAX.
//
// Threads: constant.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/config/settings.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::config {

using Field = std::variant<std::string Settings::*, bool Settings::*, std::uint64_t Settings::*, Bytes Settings::*,
                           Milliseconds Settings::*, List Settings::*>;

struct Key {
  std::string_view name;
  Field field;
  std::string_view doc;
  /// For numbers, sizes and times (in milliseconds).
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  /// For words: the ones allowed; empty: any.
  std::vector<std::string_view> choices = {};
};

[[nodiscard]] std::span<const Key> keys();
[[nodiscard]] const Key* find_key(std::string_view name);
/// The known name nearest to a mistyped one; empty when none is near.
[[nodiscard]] std::string_view suggest(std::string_view name);
[[nodiscard]] std::string environment_name(const Key& key);

/// INVALID_ARGUMENT, saying what would be right.
[[nodiscard]] Result<void> set(Settings& settings, const Key& key, std::string_view text);
[[nodiscard]] Result<void> set(Settings& settings, const Key& key, List list);
/// As it would stand in a configuration file.
[[nodiscard]] std::string value_text(const Settings& settings, const Key& key);

}  // namespace weir::config

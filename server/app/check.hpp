// What is wrong with settings that are each right by themselves: addresses that cannot be or that strangers can reach,
// and the rules of single spaces. `weir serve` asks before it makes anything, `weir config check` asks nothing else.
//
// Threads: any; check() is pure.
#pragma once

#include "weir/config/settings.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::app {

/// INVALID_ARGUMENT or FAILED_PRECONDITION, which names the setting.
[[nodiscard]] Result<void> check(const config::Settings& settings);
/// UNAVAILABLE when one of the addresses cannot be listened on just now, which names the flag for another. The
/// listeners find out for themselves; but when they do, a store has been made.
[[nodiscard]] Result<void> check_addresses(const config::Settings& settings);

}  // namespace weir::app

// Settings in the core's own terms, and addresses taken apart.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/config/settings.hpp"
#include "weir/core/limits.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::app {

[[nodiscard]] core::Limits core_limits(const config::Settings& settings);

struct Address {
  std::string host;  ///< an IP address
  std::uint16_t port = 0;
  bool loopback = false;
};
/// Whether an address is one that turns its listener off: "" or "off".
[[nodiscard]] bool is_off(std::string_view address);
/// "127.0.0.1:8787", "[::1]:8787", "localhost:8787"; INVALID_ARGUMENT for anything else.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace weir::app

// `weir health`: asks a relay that runs with the same settings whether it is well. For whoever looks after processes
// and has no HTTP client at hand, such as a container's health check.
//
// Threads: blocking; any one.
#pragma once

#include "weir/config/settings.hpp"

namespace weir::app {

/// Asks /readyz at the address of the settings (at loopback, where they say "all addresses") and prints the answer.
/// Returns the exit code: 0 when the relay is ready, 1 when it is not or does not answer within five seconds.
[[nodiscard]] int health(const config::Settings& settings);

}  // namespace weir::app

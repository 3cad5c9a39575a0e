// `weir serve`: runs the relay until it is told to stop.
//
// Threads: the process's first one.
#pragma once

#include "weir/config/settings.hpp"

namespace weir::app {

/// Until SIGTERM or SIGINT; a second one ends the process at once. Returns the exit code: 0 after an orderly stop, 1
/// when the relay could not start.
[[nodiscard]] int serve(const config::Settings& settings);

}  // namespace weir::app

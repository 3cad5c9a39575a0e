// The store of the settings.
//
// Threads: blocking; at start.
#pragma once

#include <filesystem>

#include "weir/app/server.hpp"

namespace weir::app {

/// Creates the data folder when it is missing. FAILED_PRECONDITION when another process has it.
[[nodiscard]] Result<OpenLog> open_store(const config::Settings& settings);

}  // namespace weir::app

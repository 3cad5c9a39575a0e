// The retention of each space, from the settings.
//
// Threads: pure.
#pragma once

#include "weir/config/settings.hpp"
#include "weir/core/retention.hpp"

namespace weir::app {

/// INVALID_ARGUMENT when a line of retention.spaces is not right.
[[nodiscard]] Result<core::Retentions> retentions(const config::Settings& settings);

}  // namespace weir::app

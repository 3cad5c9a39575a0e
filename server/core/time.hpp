// Time is an argument: the core never asks a clock.
#pragma once

#include <chrono>

#include "weir/vocabulary/ids.hpp"

namespace weir::core {

/// Steady time since some start, for timeouts and leases.
using Time = std::chrono::milliseconds;

/// A moment in nanoseconds, of one steady clock for all threads; 0: not known. The core only carries it along, for
/// those who measure how long something took.
using Moment = std::chrono::nanoseconds;

/// The moment of one step.
struct Now {
  Time steady{};
  Seconds wall;  ///< what records are stamped with
};

}  // namespace weir::core

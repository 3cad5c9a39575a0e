// One seed with apps that use the C++ SDK's session logic against the real core and shards: connections are cut at any
// byte, readers stall, the relay crashes, its store is put back, devices are cloned. Then peace, after which outboxes
// are empty, and everybody has what the relay has.
//
// A third of the seeds are strict: no device is cloned, none restarted that has no store, no relay's store put back, no
// document closed. In these
// every delta is stored exactly once, and each device's deltas in the order in which it published them.
//
// Threads: one per run; runs are independent.
#pragma once

#include "../scenario.hpp"

namespace weir::simulation {

[[nodiscard]] Outcome run_sdk_scenario(const ScenarioOptions& options);

}  // namespace weir::simulation

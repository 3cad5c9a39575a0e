// One seed of a village: browsers with unmodified y-websocket clients around one relay, in which everything that may go
// wrong does. They edit on line and off, share edits between tabs behind the relay's back, reload and lose everything,
// read slowly, lose connections; the relay crashes and its disk is full.
//
// What must hold: at every commit, the stored cover counts nothing that is not in the log, and no client's update is
// stored without its earlier ones. An update that came back to
// its author is never lost. And after peace and one more reconnect, all browsers have all that any of them had.
//
// Threads: one per run; runs are independent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::simulation {

struct VillageOutcome {
  std::string violation;  ///< empty: all held
  std::vector<std::string> story;
  std::uint64_t echoed = 0;
  std::uint64_t crashes = 0;
  std::uint64_t fell_behind = 0;
  std::uint64_t snapshots = 0;  ///< and layers: there when peace came
  std::uint64_t confirmed = 0;  ///< of these, by another tab's equal bytes
  std::uint64_t snapshots_sent = 0;
  std::uint64_t covers = 0;         ///< commits after which the cover had grown
  std::uint64_t queried_bytes = 0;  ///< what clients sent because they were asked
};

[[nodiscard]] VillageOutcome run_village(std::uint64_t seed);

}  // namespace weir::simulation

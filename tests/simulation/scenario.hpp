// One seed: a small world of devices and one server, in which everything that may go wrong does, and then peace, after
// which everybody must have everything.
//
//   Outcome outcome = run_scenario({.seed = 7});       // outcome.violation is empty when all promises held
//
// Threads: one per run; runs are independent.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace weir::simulation {

struct ScenarioOptions {
  std::uint64_t seed = 1;
};

struct Outcome {
  std::string violation;          ///< empty: all promises held
  std::deque<std::string> story;  ///< what happened, oldest first
  std::uint64_t acknowledgements = 0;
  std::uint64_t crashes = 0;
  std::uint64_t fell_behind = 0;
  std::uint64_t snapshots = 0;        ///< that were taken of clients
  std::uint64_t snapshots_taken = 0;  ///< by clients, instead of records
  std::uint64_t attestations = 0;
  std::uint64_t cuts = 0;   ///< documents whose beginning was gone in the end
  std::uint64_t packs = 0;  ///< sent as they lie in the log
  std::uint64_t restores = 0;
  std::uint64_t deletions = 0;
  std::uint64_t clones = 0;
};

[[nodiscard]] Outcome run_scenario(const ScenarioOptions& options);

}  // namespace weir::simulation

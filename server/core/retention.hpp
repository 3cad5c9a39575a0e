// How long the records of a space are kept once a snapshot stands for them.
//
//   const Retention retention = retentions.of(space);
//
// Records are cut only behind a snapshot that another principal has verified, that is not the newest verified one, and
// whose grace period is over (snapshot_policy.hpp). Threads: plain values.
#pragma once

#include <chrono>
#include <map>

#include "weir/vocabulary/ids.hpp"

namespace weir::core {

struct Retention {
  enum class Keep : std::uint8_t {
    everything,      ///< nothing is ever cut
    since_snapshot,  ///< what a snapshot stands for goes after the grace period
    duration,        ///< records at least as old as `duration` go, as far as a snapshot stands for them
  };
  Keep keep = Keep::everything;
  std::chrono::seconds duration{};
  /// Between a snapshot's verification and the first cut behind it.
  std::chrono::seconds grace = std::chrono::hours(7 * 24);
  /// Snapshots that are lossy, or may be, count as well.
  bool lossy = false;
  friend bool operator==(const Retention&, const Retention&) = default;
};

struct Retentions {
  Retention standard;
  std::map<SpaceName, Retention> spaces;

  [[nodiscard]] const Retention& of(const SpaceName& space) const {
    const auto found = spaces.find(space);
    return found == spaces.end() ? standard : found->second;
  }
};

}  // namespace weir::core

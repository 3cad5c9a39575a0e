// What hubs and sessions have done since they began, as plain numbers: whoever drives them reads and adds them up.
//
// Threads: as their owner; a copy is anybody's.
#pragma once

#include <array>
#include <cstdint>

#include "weir/core/delivery.hpp"

namespace weir::core {

using ByDialect = std::array<std::uint64_t, dialect_kinds>;

struct HubCounts {
  ByDialect publishes{};    ///< committed: of the native protocol one frame, of a foreign one one update
  ByDialect deltas{};       ///< in them
  ByDialect delta_bytes{};  ///< of their payloads
  ByDialect duplicates{};   ///< deltas that were stored already and answered as such
  std::uint64_t presence_updates = 0;
  std::uint64_t presences = 0;  ///< shown now, as of the last tick
  std::uint64_t snapshots_stored = 0;
  std::uint64_t snapshots_refused = 0;
  std::uint64_t snapshots_verified = 0;
  std::uint64_t snapshots_quarantined = 0;
  std::uint64_t cuts = 0;
};

struct FeedCounts {
  std::uint64_t live = 0;       ///< deliveries queued as they came from the hub
  std::uint64_t from_log = 0;   ///< stretches of records queued that were read from the log
  std::uint64_t packs = 0;      ///< packs queued as they lie in the log
  std::uint64_t snapshots = 0;  ///< snapshots, or layers of one, queued to their end
  std::uint64_t fell_behind = 0;

  FeedCounts& operator+=(const FeedCounts& other) {
    live += other.live;
    from_log += other.from_log;
    packs += other.packs;
    snapshots += other.snapshots;
    fell_behind += other.fell_behind;
    return *this;
  }
};

}  // namespace weir::core

// Decisions about a document's snapshots, on plain data: when another is wanted, which are served, which are kept, and
// behind which records may be cut.
//
// A snapshot with a base is worth nothing without it, so everything here speaks of chains: a snapshot with its bases,
// from the bottom up. A chain is as good as its weakest part.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "weir/core/limits.hpp"
#include "weir/core/retention.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::core {

/// All that a store lists of a document: by offset, then id.
using SnapshotList = std::vector<Snapshot>;

/// The snapshot with its bases, from the bottom up; empty when one of them is missing or in quarantine.
[[nodiscard]] SnapshotList chain_of(const SnapshotList& all, SnapshotId top);

/// Verified, or a candidate for long enough without having been reported.
[[nodiscard]] bool is_servable(const Snapshot& snapshot, Seconds now, const SnapshotRules& rules);

/// What a reader is served: the chain with the greatest offset all of whose parts are servable and pass `usable`.
using SnapshotFilter = std::function<bool(const Snapshot&)>;
[[nodiscard]] SnapshotList newest_servable(const SnapshotList& all, Seconds now, const SnapshotRules& rules,
                                           const SnapshotFilter& usable);

/// What was written behind the newest snapshot that is not in quarantine.
struct Tail {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};
/// `records` and `bytes`: of the whole document, cut ones included.
[[nodiscard]] Tail tail_behind(const SnapshotList& all, std::uint64_t records, std::uint64_t bytes);
[[nodiscard]] bool is_wanted(const SnapshotList& all, const Tail& tail, std::uint64_t bytes,
                             const SnapshotRules& rules);
/// The newest that is not in quarantine; null: none.
[[nodiscard]] const Snapshot* newest(const SnapshotList& all);

/// What the next layer of a foreign protocol may lie on: as much is merged into it as is not much larger than it, so
/// that there are few layers and none is written over and over; but no layer gets larger than it may. 0: nothing, it
/// is a whole one.
[[nodiscard]] SnapshotId base_of_next_layer(const SnapshotList& all, std::uint64_t tail_bytes,
                                            const SnapshotRules& rules);

/// What nobody needs, and has not for `drop_after`. Needed are the two newest verified chains, of newer ones the two
/// newest, what is served and what will be next; and while fewer than two verified chains stand for the records that
/// were cut, whatever was made to stand for them, reported or not: nothing else has them. Tops before their bases.
[[nodiscard]] std::vector<SnapshotId> surplus(const SnapshotList& all, Offset cut, Seconds now,
                                              const SnapshotRules& rules);

/// The snapshot up to whose offset records may be forgotten now; empty when nothing may.
[[nodiscard]] std::optional<Snapshot> cut_behind(const SnapshotList& all, const Retention& retention, Seconds now);

}  // namespace weir::core

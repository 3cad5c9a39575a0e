// Reading what was: one page of a document as of an offset or a time, one part of a snapshot.
//
//   auto event = read_history(log, snapshots, rules, now, request);       // blocking
//
// Threads: pure functions over thread-safe stores; for the pool of readers.
#pragma once

#include "weir/core/messages.hpp"
#include "weir/core/snapshot_policy.hpp"
#include "weir/storage/delta_log.hpp"
#include "weir/storage/snapshot_store.hpp"

namespace weir::shard {

/// Where past states are read from.
struct Archives {
  const storage::DeltaLog& log;
  const storage::SnapshotStore& snapshots;
  const core::SnapshotRules& rules;
};

using HistoryEvent = decltype(core::HistoryAnswer::event);

/// One page, about `bytes_max` of payload. NOT_FOUND when the document is absent or deleted.
[[nodiscard]] Result<frames::History> read_history(const Archives& archives, Seconds now,
                                                   const frames::ReadHistory& request, std::size_t bytes_max);
/// From `position` to the end of the part it lies in.
[[nodiscard]] Result<frames::SnapshotChunk> read_snapshot(const Archives& archives, const frames::ReadSnapshot& request,
                                                          bool compressed);
[[nodiscard]] HistoryEvent answer_history(const Archives& archives, Seconds now, const core::HistoryRequest& request,
                                          std::size_t bytes_max);

}  // namespace weir::shard

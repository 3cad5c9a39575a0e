// What a reader is told of a snapshot before its bytes.
//
//   frames::SnapshotHeader header = core::header_of(snapshot, base);
//
// Threads: a pure function.
#pragma once

#include "weir/frames/frames.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::core {

/// `base`: up to where the snapshot below it stands; 0: it stands for everything before. The document is left out.
[[nodiscard]] frames::SnapshotHeader header_of(const Snapshot& snapshot, Offset base);

}  // namespace weir::core

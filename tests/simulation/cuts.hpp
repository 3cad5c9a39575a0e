// What both simulations need to know of snapshots and cuts: small limits, so that there are many of them, and what
// stands for the records that are gone.
//
// Threads: one, the world's.
#pragma once

#include <optional>
#include <string>

#include "oracle.hpp"
#include "weir/core/limits.hpp"
#include "weir/core/retention.hpp"
#include "weir/memory/memory_log.hpp"
#include "world.hpp"

namespace weir::simulation {

void make_small(World& world, core::SnapshotRules& snapshots);
[[nodiscard]] core::Retentions some_retention(World& world);

struct Stands {
  Snapshot about;
  std::string bytes;
};
/// The newest verified snapshot of a document whose beginning is gone; none when nothing is.
[[nodiscard]] std::optional<Stands> stands_for_what_was_cut(storage::MemoryLog& log, const DocumentPath& path,
                                                            const core::SnapshotRules& rules);

}  // namespace weir::simulation

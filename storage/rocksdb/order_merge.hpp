// Merging order entries. A commit of one keystroke leaves an entry that is larger than the keystroke packed; where runs
// have become packs, one entry says the same of thousands of commits: of each document, from where to where.
//
//   Result<MergedOrder> merged = merge_order(view, space, from);
//
// Threads: pure functions over a View.
#pragma once

#include <vector>

#include "weir/rocksdb/replacement.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// Documents in one merged entry: a reader of the space's order reads so many at a time.
inline constexpr std::size_t order_items_max = 16;
/// The same with those that were cut and of which there is nothing to read.
inline constexpr std::size_t order_items_with_cut_max = 256;
/// Entries that one takes the place of at once: the writer deletes each.
inline constexpr std::size_t order_entries_max = 4096;

struct MergedOrder {
  std::vector<OrderReplacement> replacements;
  /// Where to go on the next time: what is before needs no merging any more.
  Offset next;
};

/// Of the entries from `from` on. The last entry of the space is left as it is: it belongs to what opening verifies.
[[nodiscard]] Result<MergedOrder> merge_order(const View& view, SpaceId space, Offset from);

}  // namespace weir::storage::rocks

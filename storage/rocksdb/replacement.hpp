// What takes the place of something in the store without changing what it says: a pack for runs and smaller packs, one
// order entry for many. Made beside the writer from a View; the writer puts it in, between commits, if it still fits.
//
// Threads: plain values; stage() is the writer's.
#pragma once

#include <rocksdb/write_batch.h>

#include <string>
#include <variant>

#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// Takes the place of all runs and packs that begin in [begin, last]. Records before `first` were cut.
struct PackReplacement {
  DocumentPath path;
  DocumentId document;
  Life life;
  Offset begin;
  Offset first;  ///< of the pack
  Offset last;
  std::string value;  ///< see pack_row.hpp
};

/// Takes the place of all order entries whose keys lie in [first, last].
struct OrderReplacement {
  SpaceId space;
  Offset first;
  Offset last;
  std::size_t entries = 0;  ///< how many there are
  std::string value;        ///< empty: nothing takes their place
};

using Replacement = std::variant<PackReplacement, OrderReplacement>;

/// Adds what it takes to the batch; false when the replacement does not fit what the view shows.
[[nodiscard]] Result<bool> stage(const View& view, const PackReplacement& replacement, rocksdb::WriteBatch& batch);
[[nodiscard]] Result<bool> stage(const View& view, const OrderReplacement& replacement, rocksdb::WriteBatch& batch);

}  // namespace weir::storage::rocks

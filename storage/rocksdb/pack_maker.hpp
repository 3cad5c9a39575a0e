// The work of packing: describe a document's segments, read those of a plan, and make the pack that gives them back.
//
//   Result<std::vector<Extent>> extents = tail_extents(view, row, options);       // or all_extents()
//   Result<PackReplacement> made = make_pack(view, path, row, extents in the plan, chain before them, level);
//
// Threads: pure functions over a View; slow.
#pragma once

#include <span>
#include <vector>

#include "weir/rocksdb/chain.hpp"
#include "weir/rocksdb/pack_plan.hpp"
#include "weir/rocksdb/replacement.hpp"

namespace weir::storage::rocks {

/// The document's last segments, back to the last pack that stays; in the order of the document.
[[nodiscard]] Result<std::vector<Extent>> tail_extents(const View& view, const DocumentRow& row,
                                                       const PackingOptions& options);
[[nodiscard]] Result<std::vector<Extent>> all_extents(const View& view, const DocumentRow& row);

/// The pack is unpacked and compared before it is given out. Cut records are left out; `chain` is
/// the chain value before the first that is kept.
[[nodiscard]] Result<PackReplacement> make_pack(const View& view, const DocumentPath& path, const DocumentRow& row,
                                                std::span<const Extent> extents, Digest chain, int level);

}  // namespace weir::storage::rocks

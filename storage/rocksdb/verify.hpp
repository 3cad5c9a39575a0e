// Reads everything of a store, or of a part of it, and says what is not as docs/storage-format.md has it: a checksum
// that is wrong, segments that overlap, a record that its space's order does not know or an order that names what is
// not there, rows that do not agree with the records, chain values that are not what the records give, snapshots that
// are not whole or are not what they were, and whatever is left of documents that were deleted. Changes nothing, and
// goes on behind what is damaged as far as it can.
//
//   Result<VerifyCounts> counts = verify(View(store), options);
//
// In memory are a document's marks, one segment or part of a snapshot, and a few bytes for each item of a space's
// order.
//
// Threads: a pure function over a View; slow.
#pragma once

#include "weir/rocksdb/verification.hpp"
#include "weir/rocksdb/view.hpp"

namespace weir::storage::rocks {

/// NOT_FOUND when what is asked for does not exist. What is wrong with the store is a finding, not an error.
[[nodiscard]] Result<VerifyCounts> verify(const View& view, const VerifyOptions& options);

}  // namespace weir::storage::rocks

// `weir docs compact` and `weir docs verify`: what only the store of a stopped relay can be asked.
//
//   Result<std::unique_ptr<storage::RocksLog>> log = open_log(data, true);
//   Result<void> done = compact_documents(**log, options, streams);
//
// Threads: blocking; any one.
#pragma once

#include "weir/cli/docs.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::cli {

/// Packs the document, or every document of the space, as small as it gets.
[[nodiscard]] Result<void> compact_documents(storage::RocksLog& log, const DocsOptions& options,
                                             const Streams& streams);
/// Reads all, or what the options name, and prints what was found; DATA_LOSS when that is anything.
[[nodiscard]] Result<void> verify_documents(const storage::RocksLog& log, const DocsOptions& options,
                                            const Streams& streams);

}  // namespace weir::cli

// The store of a stopped relay as a DocumentSource.
//
// Threads: as DocumentSource.
#pragma once

#include <filesystem>
#include <memory>

#include "weir/cli/document_source.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace weir::cli {

/// NOT_FOUND when there is no store, FAILED_PRECONDITION while a relay runs on it. Nothing is changed unless
/// `writable`.
[[nodiscard]] Result<std::unique_ptr<storage::RocksLog>> open_log(const std::filesystem::path& data, bool writable);
[[nodiscard]] Result<std::unique_ptr<DocumentSource>> open_store(const std::filesystem::path& data, bool writable);
/// On a log that is open, and stays so.
[[nodiscard]] std::unique_ptr<DocumentSource> source_of(storage::DeltaLog& log, storage::SnapshotStore& snapshots);

}  // namespace weir::cli

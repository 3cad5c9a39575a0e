// What RocksDB tells of itself, in the words of storage/log_figures.hpp.
//
// Threads: any. Looks at the file system for the write-ahead log's files; everything else is in memory.
#pragma once

#include "weir/rocksdb/store.hpp"
#include "weir/storage/log_figures.hpp"

namespace weir::storage::rocks {

[[nodiscard]] EngineFigures engine_figures(const Store& store);

}  // namespace weir::storage::rocks

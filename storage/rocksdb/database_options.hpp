// How RocksDB is told to behave, and why.
//
// Threads: pure functions.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <string>
#include <vector>

#include "weir/rocksdb/rocks_log.hpp"

namespace weir::storage::rocks {

[[nodiscard]] rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env);
/// The families in the order Store keeps their handles: rows, runs, packs.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> families(const RocksOptions& options);

}  // namespace weir::storage::rocks

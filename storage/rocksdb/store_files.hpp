// A store's folder as RocksDB sees it: what lies there, asked of the same file system that RocksDB uses, so that a
// store can live on a simulated disk as well.
//
//   Result<bool> there = store_exists(*file_system, "weir-data/log");
//
// Threads: whoever opens the store.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <string>

#include "weir/vocabulary/error.hpp"

namespace weir::storage::rocks {

/// UNAVAILABLE when nobody can tell: a store must not be created anew because the disk could not be read.
[[nodiscard]] Result<bool> store_exists(rocksdb::FileSystem& files, const std::string& path);
/// Of all write-ahead logs; what cannot be read counts nothing.
[[nodiscard]] std::uint64_t wal_bytes_in(rocksdb::FileSystem& files, const std::string& path);
/// RocksDB keeps a superseded OPTIONS file or two: as much as all else in a small store.
void remove_stale_options(rocksdb::FileSystem& files, const std::string& path);

}  // namespace weir::storage::rocks

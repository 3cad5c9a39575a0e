// The file system as RocksDB sees it, with an eye on fsync: how long the log's take, and whether any ever failed.
//
// A failed fsync may have thrown the pages away that it did not write, and the next one would report success: so one
// failure must end all writing, whatever RocksDB makes of it.
//
// Threads: the counts from any thread.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

#include "weir/storage/log_figures.hpp"

namespace weir::storage::rocks {

struct SyncWatch {
  std::atomic<std::uint64_t> wal_syncs{0};
  std::atomic<std::uint64_t> wal_sync_nanoseconds{0};
  std::atomic<bool> failed{false};
  /// A write to the newest write-ahead log failed. RocksDB must not use that file again (a build of it with assertions
  /// ends the process), so nothing may be written until it has begun another, which puts this back.
  std::atomic<bool> wal_damaged{false};
  std::shared_ptr<LogWatcher> watcher;  ///< set before any file is opened; told of every sync of the write-ahead log
};

/// `watch` outlives the file system and every file opened through it.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> watched(const std::shared_ptr<rocksdb::FileSystem>& base,
                                                           SyncWatch& watch);

}  // namespace weir::storage::rocks
